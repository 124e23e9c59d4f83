"""``metrics.csv`` as Lightning's ``CSVLogger`` wrote it."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from tests.reading.trained import KEPT
from tracker_diag import diagnose, read, read_all


def test_a_version_is_a_run_with_its_hyperparameters() -> None:
    run = read(KEPT / "lightning")
    assert (run.id, run.params) == ("version_0", {"lr": 0.1, "width": 4})
    assert (len(run.metrics["train_loss"]), len(run.metrics["val_loss"])) == (24, 12)
    assert run.metrics["val_loss"].steps[:2].tolist() == [3, 7]
    assert diagnose(run).verdict == "good-fit"
    assert read(KEPT / "lightning" / "version_0" / "metrics.csv").params == run.params


def test_a_loss_that_turned_nan_is_seen() -> None:
    report = diagnose(read(KEPT / "lightning-broken"))
    assert (report.verdict, report.findings[0].span) == ("diverged", (25.0, 47.0))


def test_each_version_is_a_run(tmp_path: Path) -> None:
    for name in ("version_0", "version_1"):
        shutil.copytree(KEPT / "lightning" / "version_0", tmp_path / "lightning_logs" / name)
    assert [run.id for run in read_all(tmp_path)] == ["lightning_logs/version_0", "lightning_logs/version_1"]


def test_one_that_cannot_be_read_is_told_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copytree(KEPT / "lightning", tmp_path, dirs_exist_ok=True)
    (tmp_path / "version_1").mkdir()
    (tmp_path / "version_1" / "metrics.csv").write_text("")
    with caplog.at_level(logging.WARNING, "tracker_diag"):
        assert [run.id for run in read_all(tmp_path)] == ["version_0"]
    assert "a run was skipped" in caplog.text


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("lr: 0.1\nact: !!python/name:torch.relu ''\n", {"lr": 0.1, "act": "tag:yaml.org,2002:python/name:torch.relu"}),
        ("a: &x [1]\nb: *x\n", {}),
        ("- 1\n", {}),
        ("a: " + "[" * 100_000, {}),
    ],
)
def test_hyperparameters_make_no_object_and_are_bounded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, params: dict[str, object]
) -> None:
    shutil.copy(KEPT / "lightning" / "version_0" / "metrics.csv", tmp_path)
    (tmp_path / "hparams.yaml").write_text(text)
    with caplog.at_level(logging.WARNING, "tracker_diag"):
        assert read(tmp_path).params == params
    assert ("hparams.yaml was skipped" in caplog.text) == (not params)
