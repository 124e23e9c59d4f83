"""The real libraries, where they are installed: what they leave now is read as what was kept of them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.reading import trained
from tracker_diag import diagnose, read, read_all
from tracker_diag.reading.in_memory import one_run

# What the libraries warn of is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")


def test_keras() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    report = diagnose(trained.keras_history())
    assert report.roles["train_loss"] == "loss"
    assert report.roles["optimizer"] == "optimizer"
    assert any("2 layers" in note or "Dense" in note or "dense" in note for note in report.notes)
    assert len(report.curves[0].steps) == trained.EPOCHS


def test_keras_diverged_from_the_first_epoch_on() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    history = trained.keras_history(rate=math.inf)
    assert all(math.isnan(x) for x in history.history["loss"])
    assert diagnose(history).verdict == "diverged"


def test_keras_with_a_validation_every_third_epoch() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    report = diagnose(trained.keras_history(validation_freq=3))
    curve = next(curve for curve in report.curves if curve.role == "val_loss")
    assert curve.steps == (2.0, 5.0, 8.0, 11.0)


def test_lightning(tmp_path: Path) -> None:
    pytest.importorskip("lightning")
    run, kept = read(trained.lightning(tmp_path)), read(trained.KEPT / "lightning")
    assert (run.params, run.metrics.keys()) == (kept.params, kept.metrics.keys())
    assert run.metrics["val_loss"].steps.tolist() == kept.metrics["val_loss"].steps.tolist()


def test_transformers(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    trainer = trained.transformers(tmp_path)
    (run,) = read_all(tmp_path)
    assert run.metrics.keys() == read(trained.KEPT / "transformers").metrics.keys()
    for held in (trainer, trainer.state, trainer.state.log_history):
        report = diagnose(held)
        assert (report.roles["train_loss"], report.roles["val_loss"]) == ("loss", "eval_loss")
    assert one_run(trainer).params[diagnose(trainer).roles["batch_size"]] == 8


def test_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")
    runs, kept = read_all(trained.tensorboard(tmp_path)), read_all(trained.KEPT / "tensorboard")
    assert [(run.id, run.params, list(run.metrics)) for run in runs] == [
        (run.id, run.params, list(run.metrics)) for run in kept
    ]
