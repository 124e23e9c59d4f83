"""Where figures go: real clients, and trackers that are down, slow, or not there."""

from __future__ import annotations

import socket
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
import wandb

from tests.probes.networks import warned
from tracker_diag.adapters.mlflow import connect
from tracker_diag.adapters.wandb.offline import OfflineAdapter
from tracker_diag.core.run import Run
from tracker_diag.probes import sinks
from tracker_diag.probes.sinks import OfFunction, OfMlflow, OfWandb, ProbeWarning, Warned, find_sink

EXPERIMENT = "1"
"""The first that is made in an MLflow store."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    """An MLflow database, and nothing of it left behind."""
    before, uri = mlflow.get_tracking_uri(), f"sqlite:///{tmp_path / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    # Not set as the one that is active: that would stay so for other tests.
    mlflow.create_experiment("watched", (tmp_path / "artifacts").as_uri())
    yield uri
    mlflow.end_run()
    mlflow.set_tracking_uri(before)


def loaded(uri: str, run_id: str) -> Run:
    (run,) = connect(uri).load_runs([run_id])
    assert isinstance(run, Run), run
    return run


def test_a_run_of_mlflow_gets_figures_and_files(store: str) -> None:
    with mlflow.start_run(experiment_id=EXPERIMENT) as active:
        sink = find_sink(Warned())
        assert isinstance(sink, OfMlflow)
        sink.leave("model.json", {"framework": "torch", "layers": [{"type": "Linear", "out_features": 3}]})
        sink.leave("profile.json", {"schema_version": 1, "kind": "table"})
        sink.log({"diag/grad_norm": 1.5, "diag/dead/001.fc": float("nan")}, 7)
        sink.close()
    run = loaded(store, active.info.run_id)
    assert list(run.metrics["diag/grad_norm"].steps) == [7]
    assert run.profile == {"schema_version": 1, "kind": "table"}
    assert run.model is not None
    assert run.model.layers[0].settings["out_features"] == 3


def test_what_waits_is_sent_though_nothing_is_closed(store: str) -> None:
    with mlflow.start_run(experiment_id=EXPERIMENT) as active:
        sink = find_sink(Warned())
        assert sink is not None
        for step in range(50):
            sink.log({"diag/grad_norm": 1.0}, step)
    sink.close()
    assert len(loaded(store, active.info.run_id).metrics["diag/grad_norm"]) == 50


def when_written(folder: Path, run_id: str) -> Run:
    """A run of a folder, as soon as W&B's own process has written its log."""
    for _ in range(100):
        (run,) = OfflineAdapter(folder).load_runs([run_id])
        if isinstance(run, Run) and run.status == "FINISHED":
            return run
        time.sleep(0.2)
    raise AssertionError(f"{run} after 20 s")


def test_no_run_is_going() -> None:
    assert find_sink(Warned()) is None


@pytest.mark.parametrize("explicit", [True, False])
def test_no_row_of_the_training_is_lost_in_wandb(explicit: bool, tmp_path: Path) -> None:
    """W&B drops rows whose step is below one that it has: figures must take none."""
    settings = wandb.Settings(silent=True, console="off")
    with wandb.init(project="p", dir=str(tmp_path), mode="offline", settings=settings) as active:
        sink = find_sink(Warned())
        assert isinstance(sink, OfWandb)
        sink.leave("model.json", {"framework": "torch"})
        for epoch in range(4):
            for i in range(3):
                sink.log({"diag/grad_norm": 1.0}, epoch * 300 + i * 100)
            active.log({"loss": 1.0 / (epoch + 1)}, **({"step": epoch} if explicit else {}))
        sink.log({"diag/grad_norm": 2.0}, 1200)
    run = when_written(tmp_path / "wandb", active.id)
    assert list(run.metrics["loss"].values) == [1, 1 / 2, 1 / 3, 1 / 4]
    assert run.metrics["diag/grad_norm"].values[-1] == 2
    assert run.model is not None


def test_a_server_that_is_down_is_warned_of_once_and_costs_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"

    def act() -> None:
        warn = Warned()
        sink = OfMlflow("0" * 32, address, warn)
        for step in range(20):
            sink.log({"diag/grad_norm": 1.0}, step)
        sink.close()
        sink.log({"diag/grad_norm": 1.0}, 21)
        sink.close()

    said = warned(act)
    assert len(said) == 1
    assert "MLflow refused the metrics" in said[0]


def test_a_server_that_never_answers_holds_up_the_end_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "PATIENCE", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()

        def act() -> None:
            sink = OfMlflow("0" * 32, f"http://127.0.0.1:{silent.getsockname()[1]}", Warned())
            sink.log({"diag/grad_norm": 1.0}, 1)
            sink.close()

        said = warned(act)
    assert len(said) == 1
    assert "did not answer" in said[0]


def test_more_than_can_wait_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "PATIENCE", 0.1)

    def act() -> None:
        sink = OfMlflow("0" * 32, "http://127.0.0.1:9", Warned())
        sink._work = lambda: time.sleep(0.5)  # type: ignore[method-assign]
        for step in range(sinks.MOST_WAITING + 10):
            sink.log({"diag/grad_norm": 1.0}, step)
        sink.close()

    assert [text for text in warned(act) if "slower than training" in text]


def test_a_function_gets_figures_until_it_fails() -> None:
    got: list[Any] = []

    def log(figures: dict[str, float], step: int) -> None:
        got.append((step, figures))
        if step == 2:
            raise RuntimeError("full\nof lines")

    def act() -> None:
        sink = OfFunction(log, Warned())
        for step in range(5):
            sink.log({"diag/grad_norm": 1.0}, step)

    said = warned(act)
    assert [step for step, _ in got] == [0, 1, 2]
    assert said == ["tracker_diag: log() failed, so nothing more is logged: RuntimeError: full"]


def test_a_warning_is_no_error_even_where_warnings_are(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ProbeWarning)
        Warned()("kind", "something")
    assert "tracker_diag: something" in capsys.readouterr().err
