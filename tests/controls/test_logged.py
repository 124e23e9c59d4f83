"""Runs that controls log to a real MLflow store and to real W&B folders, read back through the adapters."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest

from tests.adapters.mlflow.conftest import make_database
from tests.adapters.wandb.training import environment, finish
from tracker_diag.adapters.base import Listing, Query, TrackerError
from tracker_diag.adapters.mlflow import connect, control_runs
from tracker_diag.adapters.wandb import control_runs as wandb_runs
from tracker_diag.adapters.wandb import open_folder
from tracker_diag.controls import learning_rate_range, random_input, tiny_subset
from tracker_diag.core.controlled import WORD, is_ours
from tracker_diag.core.run import Run

DATA = (np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 3)
SCRIPT = Path(__file__).parent / "scripts" / "wandb_controls.py"


def train(config: Any, data: Any) -> Any:
    return {"train_loss": [1.1, 0.5, 0.01], "val_loss": [[10, 1.1], [20, 0.6], [30, float("nan")]]}


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = f"sqlite:///{tmp_path_factory.mktemp('controls')}/mlflow.db"
    make_database(uri)
    return uri


@pytest.fixture
def experiment(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The name of an experiment of the test's own, the current one of this process."""
    before, name = mlflow.get_tracking_uri(), request.node.name
    mlflow.set_tracking_uri(database)
    mlflow.create_experiment(name, artifact_location=tmp_path.as_uri())
    mlflow.set_experiment(name)
    yield name
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(before)


def listed(adapter: Any, scope: str) -> dict[str, Listing]:
    found = list(adapter.list_runs(Query((scope,))))
    assert all(isinstance(each, Listing) for each in found)
    return {each.id: each for each in found}


def loaded(adapter: Any, run_id: str) -> Run:
    (run,) = adapter.load_runs([run_id])
    assert isinstance(run, Run)
    return run


def test_where_no_run_is_active_the_runs_get_a_parent_of_their_own(database: str, experiment: str) -> None:
    config = {"optimizer": {"lr": 0.1}, "odd name!": "x" * 9000, **{f"p{i}": i for i in range(150)}}
    answer = tiny_subset(train, config, DATA, tracker="mlflow", of="some run", seed=3)
    adapter = connect(database)
    runs = listed(adapter, experiment)
    (child,) = answer.runs
    (parent,) = set(runs) - {child}
    for run in runs.values():
        assert run.tags["diag.control"] == "tiny-subset"
        assert is_ours(run.tags)
        assert run.status == "FINISHED"
        assert run.tags["mlflow.note.content"] == answer.says
    run = loaded(adapter, child)
    assert run.parent == parent
    assert run.name == "20 examples"
    assert (run.params["optimizer.lr"], run.params["control_of"], run.params["control_seed"]) == (
        "0.1",
        "some run",
        "3",
    )
    assert run.params["p149"] == "149"
    assert run.metrics["train_loss"].values.tolist() == [1.1, 0.5, 0.01]
    assert run.metrics["val_loss"].steps.tolist() == [10, 20, 30]
    assert np.isnan(run.metrics["val_loss"].values[-1])
    assert mlflow.active_run() is None


def test_below_an_active_run_which_stays_as_it_is(database: str, experiment: str) -> None:
    with mlflow.start_run(run_name="mine") as mine:
        mlflow.log_metric("loss", 1.0)
        answer = random_input(train, {"lr": 0.1}, DATA, draws=2)
        assert mlflow.active_run().info.run_id == mine.info.run_id
        mlflow.log_metric("loss", 0.5)
    adapter = connect(database)
    runs = listed(adapter, experiment)
    assert [runs[each].tags["diag.control"] for each in answer.runs] == ["real-input", "random-input", "random-input"]
    assert {loaded(adapter, each).parent for each in answer.runs} == {mine.info.run_id}
    assert set(runs) == {mine.info.run_id, *answer.runs}
    own = runs[mine.info.run_id]
    assert not any(tag.startswith("diag.") or tag == "mlflow.note.content" for tag in own.tags)
    assert set(own.latest) == {"loss"}
    assert own.params == {}


def test_nothing_is_logged_where_no_run_is_active_and_no_tracker_named(database: str, experiment: str) -> None:
    assert learning_rate_range(train, {"lr": 0.1}, DATA).runs == ()
    with mlflow.start_run():
        assert tiny_subset(train, {}, DATA, tracker="none").runs == ()
    assert len(listed(connect(database), experiment)) == 1


def test_training_that_logs_by_itself_logs_to_the_control(database: str, experiment: str) -> None:
    def logging(config: Any, data: Any) -> Any:
        mlflow.log_params(config)
        for step, loss in enumerate([3.0, 2.0]):
            mlflow.log_metric("train_loss", loss, step=step)
        mlflow.start_run(nested=True)
        return {"train_loss": [9.0, 9.0], "val_loss": 1.0}

    answer = tiny_subset(logging, {"lr": 0.1}, DATA, tracker="mlflow")
    run = loaded(connect(database), answer.runs[0])
    assert run.metrics["train_loss"].values.tolist() == [3.0, 2.0]
    assert run.metrics["val_loss"].values.tolist() == [1.0]
    assert {each.status for each in listed(connect(database), experiment).values()} == {"FINISHED"}
    assert mlflow.active_run() is None


def test_training_that_ends_the_run_does_not_end_the_users(database: str, experiment: str) -> None:
    def ending(config: Any, data: Any) -> Any:
        mlflow.end_run()
        return train(config, data)

    with mlflow.start_run() as mine:
        answer = tiny_subset(ending, {}, DATA)
        assert mlflow.active_run().info.run_id == mine.info.run_id
    assert loaded(connect(database), answer.runs[0]).status == "FINISHED"


def test_training_that_fails_leaves_failed_runs_and_its_own_error(database: str, experiment: str) -> None:
    def broken(config: Any, data: Any) -> Any:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        tiny_subset(broken, {}, DATA, tracker="mlflow")
    runs = listed(connect(database), experiment)
    assert [run.status for run in runs.values()] == ["FAILED", "FAILED"]
    assert all(is_ours(run.tags) for run in runs.values())
    assert mlflow.active_run() is None


def test_the_run_of_a_project_is_not_taken_for_a_control(
    database: str, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mlflow.start_run() as project:
        pass
    monkeypatch.setenv("MLFLOW_RUN_ID", project.info.run_id)
    answer = tiny_subset(train, {}, DATA, tracker="mlflow")
    assert project.info.run_id not in answer.runs
    assert "diag.control" not in listed(connect(database), experiment)[project.info.run_id].tags


def test_a_logged_run_is_compared_with(database: str, experiment: str) -> None:
    with mlflow.start_run() as real:
        for step, loss in enumerate([1.1, 0.1]):
            mlflow.log_metric("val_loss", loss, step=step)
    seen = []
    answer = random_input(
        lambda c, d: seen.append(d) or {"val_loss": [1.2, 1.1 + 0.01 * len(seen)]},
        {"lr": 0.1}, DATA, of=real.info.run_id, tracker="mlflow",
    )  # fmt: skip
    assert (len(seen), answer.real, answer.verdict) == (3, 0.1, "input-used")
    assert {loaded(connect(database), run).params["control_of"] for run in answer.runs} == {real.info.run_id}
    with pytest.raises(TrackerError):
        random_input(train, {}, DATA, of="0" * 32)


def test_only_what_controls_made_is_removed(database: str, experiment: str) -> None:
    with mlflow.start_run(tags={"diag.control": "random-input"}) as tagged:
        pass
    with mlflow.start_run() as plain:
        learning_rate_range(train, {"lr": 0.1}, DATA, rates=[0.1, 1])
    adapter = connect(database)
    removed = [run for run in listed(adapter, experiment) if control_runs.remove(run, database)]
    assert len(removed) == 2
    assert set(listed(adapter, experiment)) == {tagged.info.run_id, plain.info.run_id}
    assert not control_runs.remove(removed[0], database)
    with pytest.raises(TrackerError):
        control_runs.remove("0" * 32, database)


def test_an_unknown_tracker_is_refused() -> None:
    with pytest.raises(ValueError, match="'mlflow', 'wandb'"):
        tiny_subset(train, {}, DATA, tracker="neptune")  # type: ignore[arg-type]


def scene(name: str, home: Path) -> tuple[dict[str, Any], Any]:
    """What a script of a user's said, and the adapter of the folder that it logged to."""
    env = {**environment(home, WANDB_MODE="offline"), "PYTHONPATH": str(Path(__file__).parents[2])}
    finish([sys.executable, str(SCRIPT), str(home / "out.json"), name], home=home, env=env)
    return json.loads((home / "out.json").read_text()), open_folder(home)


def folder(adapter: Any) -> dict[str, Listing]:
    return {each.id: each for each in adapter.list_runs(Query(everything=True))}


def test_wandb_alone(tmp_path: Path) -> None:
    said, adapter = scene("alone", tmp_path)
    (run_id,) = said["runs"]
    run = loaded(adapter, run_id)
    assert not said["active"]
    assert run.tags["diag.control"] == "tiny-subset"
    assert run.tags[WORD] == ""
    assert is_ours(run.tags)
    assert run.tags["wandb.job_type"] == "control"
    assert run.parent is not None
    assert run.parent.startswith("tiny-subset-")
    assert (run.params["optimizer.lr"], run.params["control_of"]) == (0.1, "acme/vision/abc")
    assert run.metrics["train_loss"].values.tolist() == [1.1, 0.5, 0.01]
    assert run.metrics["val_loss"].steps.tolist() == [0, 1, 2]
    assert run.status == "FINISHED"
    assert is_ours(folder(adapter)[run_id].tags)


def test_wandb_beside_a_run_of_the_users(tmp_path: Path) -> None:
    said, adapter = scene("beside", tmp_path)
    assert said["active"], "wandb.run is another one afterwards"
    mine = loaded(adapter, "mine1")
    assert set(mine.metrics) == {"before", "after"}
    assert not any(tag.startswith("diag") for tag in mine.tags)
    assert "seen" not in mine.params
    runs = {run_id: loaded(adapter, run_id) for run_id in said["runs"]}
    assert [run.tags["diag.control"] for run in runs.values()][:3] == [
        "real-input",
        "random-input",
        "learning-rate-range",
    ]
    assert {each.experiment for each in folder(adapter).values()} == {"mine"}
    for run in runs.values():
        assert {"by_itself", "train_loss", "val_loss"} <= set(run.metrics)
        assert run.params["seen"] is True
    for each in folder(adapter).values():
        assert wandb_runs.remove_folder(tmp_path, each.id, each.tags) == (each.id != "mine1")
    assert set(folder(adapter)) == {"mine1"}


def test_wandb_with_training_that_finishes_the_run(tmp_path: Path) -> None:
    said, adapter = scene("finishing", tmp_path)
    (run,) = (loaded(adapter, run_id) for run_id in folder(adapter))
    assert said["runs"] == [run.id]
    assert is_ours(run.tags)
    assert run.metrics["train_loss"].values.tolist() == [1.1, 0.5, 0.01]
    assert not said["active"]


def test_wandb_with_training_that_fails(tmp_path: Path) -> None:
    said, adapter = scene("failing", tmp_path)
    (run,) = folder(adapter).values()
    assert (run.status, is_ours(run.tags)) == ("FAILED", True)
    assert said["says"] == "out of memory"
    assert not said["active"]
