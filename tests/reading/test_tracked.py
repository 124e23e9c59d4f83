"""Runs of trackers, held as objects of the real clients or named as people name them."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
import wandb

from tests.adapters.mlflow.conftest import make_database
from tests.adapters.wandb.training import environment, train
from tests.runs import curves
from tracker_diag import ReadingError, diagnose, read, read_all
from tracker_diag.adapters.base import TrackerError, UnknownRunError
from tracker_diag.adapters.locating import LocationError


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    """A database of two runs of MLflow."""
    folder = tmp_path_factory.mktemp("store")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    make_database(uri)
    client = mlflow.MlflowClient(uri)
    ids = []
    for kind in ("overfitting", "diverged"):
        run = client.create_run("0", run_name=kind)
        points = [
            mlflow.entities.Metric(name, value, 1_700_000_000_000, int(step))
            for name, pairs in curves(kind).items()
            for step, value in pairs
        ]
        client.log_batch(run.info.run_id, metrics=points, params=[mlflow.entities.Param("lr", "0.01")])
        client.set_terminated(run.info.run_id)
        ids.append(run.info.run_id)
    return uri, ids


def test_a_run_is_read_by_its_id(store: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    uri, (first, _) = store
    run = read(first, tracking_uri=uri)
    assert (run.id, run.name, diagnose(run).verdict) == (first, "overfitting", "overfitting")
    assert run.experiment == "Default"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert read(first).name == "overfitting"
    assert read(f"runs:/{first}").name == "overfitting"


def test_an_object_of_mlflow_is_read_where_its_client_looks(
    store: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, (first, _) = store
    held = mlflow.MlflowClient(uri).get_run(first)
    assert read(held, tracking_uri=uri).id == first
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert read(held).metrics["val_loss"].values.size == 60
    assert read(held.info).id == first
    with pytest.raises(TypeError, match=r"a run object of mlflow: read it first with tracker_diag.read"):
        diagnose(held)


def test_a_database_holds_all_its_runs(store: tuple[str, list[str]]) -> None:
    uri, ids = store
    path = Path(uri.removeprefix("sqlite:///"))
    assert {run.id: run.experiment for run in read_all(path)} == dict.fromkeys(ids, "Default")
    with pytest.raises(ReadingError, match="holds 2 runs"):
        read(str(path))


def test_what_is_not_there_is_said(store: tuple[str, list[str]], tmp_path: Path) -> None:
    with pytest.raises(UnknownRunError, match="no run"):
        read("0" * 32, tracking_uri=store[0])
    with pytest.raises(TrackerError):
        read("0" * 32, tracking_uri=f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(LocationError, match="is not the name of a run; give an MLflow run ID"):
        read("a/b/c/d/e")


def mlruns(root: Path) -> Path:
    """A store of one experiment and one run, as MLflow's file store writes it."""
    run = root / "mlruns" / "1" / ("a" * 32)
    for name in ("metrics", "params", "tags"):
        (run / name).mkdir(parents=True)
    (run.parent / "meta.yaml").write_text("experiment_id: '1'\nname: vision\nlifecycle_stage: active\n")
    (run / "meta.yaml").write_text(
        f"run_id: {run.name}\nrun_uuid: {run.name}\nexperiment_id: '1'\nstatus: 3\nlifecycle_stage: active\n"
        "start_time: 1700000000000\nend_time: 1700000001000\nartifact_uri: ''\nrun_name: first\n"
    )
    for name, points in curves("overfitting").items():
        lines = [f"{1_700_000_000_000 + int(step)} {value} {int(step)}" for step, value in points]
        (run / "metrics" / name).write_text("\n".join(lines) + "\n")
    (run / "params" / "lr").write_text("0.1")
    return run


def test_a_run_of_mlruns_is_read_from_its_folder(tmp_path: Path) -> None:
    run = mlruns(tmp_path)
    for place in (run, str(run), run.parent.parent):
        found = read(place)
        assert (found.id, found.name, found.params["lr"], len(found.metrics["val_loss"])) == (
            run.name,
            "first",
            "0.1",
            60,
        )
    with pytest.raises(LocationError, match="is the folder of an experiment: give a run's folder, or "):
        read(run.parent)


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``wandb`` with one run that the real client logged."""
    home = tmp_path_factory.mktemp("offline")
    train("healthy", home=home, env=environment(home, WANDB_MODE="offline"))
    return home / "wandb"


def test_an_offline_run_of_wandb_is_read_from_its_folder(offline: Path) -> None:
    (folder,) = offline.glob("offline-run-*")
    (log,) = folder.glob("*.wandb")
    for place in (folder, str(folder), log, offline, offline.parent):
        run = read(place)
        assert (run.id, run.name, len(run.metrics["val_loss"])) == ("healthy1", "healthy", 60)
        assert run.experiment


def test_a_run_that_wandb_init_gave_is_read_from_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(tmp_path, WANDB_MODE="offline").items():
        monkeypatch.setenv(name, value)
    run = wandb.init(project="p", dir=str(tmp_path), id="now1", mode="offline")
    for step in range(5):
        run.log({"loss": 1 / (step + 1)})
    run.finish()
    # The client's own process may still hold the last block of the log; this ends it.
    wandb.teardown()
    assert read(run).metrics["loss"].steps.tolist() == [0, 1, 2, 3, 4]
