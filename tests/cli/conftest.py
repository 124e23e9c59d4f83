"""A real MLflow database with runs of known troubles, and the command line as a user meets it."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.runs import KINDS, curves
from tracker_diag.cli import app
from tracker_diag.cli.console import QUIET


@pytest.fixture(scope="session")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import mlflow

    folder = tmp_path_factory.mktemp("store")
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.create_experiment("vision", artifact_location=(folder / "artifacts").as_uri())
    for number in range(6):
        kind = KINDS[number % 3]
        run = client.create_run(experiment, run_name=f"{kind}-{number}")
        entities = [
            mlflow.entities.Metric(name, value, 1_700_000_000_000, int(step))
            for name, points in curves(kind, seed=number).items()
            for step, value in points
        ]
        params = [mlflow.entities.Param(k, v) for k, v in {"lr": "0.01", "optimizer": "sgd"}.items()]
        client.log_batch(run.info.run_id, metrics=entities, params=params)
        client.set_terminated(run.info.run_id)
    empty = client.create_run(client.create_experiment("empty"), run_name="no metrics")
    client.set_terminated(empty.info.run_id)
    return folder


@pytest.fixture
def store(_filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of its own for each test: three kinds of runs in "vision", twice each, and one run without metrics."""
    shutil.copy(_filled / "mlflow.db", tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "TRACKER_DIAG_NOTIFY"):
        monkeypatch.delenv(name, raising=False)
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def runs(store: str) -> dict[str, str]:
    """Run name to run id."""
    import mlflow

    client = mlflow.MlflowClient(store)
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return {str(run.info.run_name): str(run.info.run_id) for run in client.search_runs(ids)}


Invoke = Callable[..., Result]


@pytest.fixture
def diag(store: str) -> Iterator[Invoke]:
    """Run a command line; every answer of an error is one line."""
    runner = CliRunner()

    def invoke(*words: str, uri: str | None = store, traceback: bool = False, **options: object) -> Result:
        address = [] if uri is None else ["--tracking-uri", uri]
        result = runner.invoke(app, [*words, *address], **options)  # type: ignore[arg-type]
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert traceback or "Traceback" not in result.output
        return result

    # A command sets the environment and the loggers of the trackers' clients, as if it owned its process.
    environment, levels = dict(os.environ), {name: logging.getLogger(name).level for name in QUIET}
    yield invoke
    os.environ.clear()
    os.environ.update(environment)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
