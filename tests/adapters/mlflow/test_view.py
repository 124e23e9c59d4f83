"""The saved view, in every kind of store, through MLflow's own client."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import mlflow
import pytest
import requests

from tests.adapters.contract import Logged
from tests.adapters.mlflow.faulty import Answer, answering
from tests.adapters.mlflow.tracker import MlflowTracker
from tracker_diag.adapters.base import DeniedError, Query, TrackerError
from tracker_diag.adapters.mlflow import connect, view
from tracker_diag.adapters.views import Viewer
from tracker_diag.core import own

MINE = {"mlflow.sharedViewState.mine": "{}", "owner": "me", "mlflow.note.content": "of the experiment"}


@pytest.fixture(params=["server", "sqlite", "postgres", "folder"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "server":
        return str(request.getfixturevalue("mlflow_server"))
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_store")[0])
    return f"sqlite:///{tmp_path / 'mlflow.db'}" if request.param == "sqlite" else str(tmp_path / "mlruns")


@pytest.fixture(autouse=True)
def _allowed() -> Iterator[None]:
    with patch.dict(os.environ, MLFLOW_ALLOW_FILE_STORE="true"):
        yield


@pytest.fixture
def tracker(uri: str) -> Iterator[MlflowTracker]:
    mlflow.MlflowClient(uri).search_experiments(max_results=1)
    tracker = MlflowTracker(uri)
    yield tracker
    tracker.adapter.close()


@pytest.fixture
def experiment(tracker: MlflowTracker) -> str:
    """One with a run, and with tags of its own."""
    name = f"view-{uuid.uuid4().hex[:12]}"
    tracker.log(name, Logged(metrics={}))
    found = mlflow.MlflowClient(tracker.uri).get_experiment_by_name(name)
    for key, value in MINE.items():
        mlflow.MlflowClient(tracker.uri).set_experiment_tag(found.experiment_id, key, value)
    return name


def viewer(tracker: MlflowTracker, *experiments: str, prefix: str = "diag.") -> Viewer:
    """An adapter that has listed the runs of these experiments."""
    adapter = connect(tracker.uri, prefix)
    list(adapter.list_runs(Query(experiments)))
    assert isinstance(adapter, Viewer)
    return adapter


def held(tracker: MlflowTracker, experiment: str) -> dict[str, str]:
    """The tags of an experiment."""
    tags: dict[str, str] = mlflow.MlflowClient(tracker.uri).get_experiment_by_name(experiment).tags
    return tags


def state(tracker: MlflowTracker, experiment: str) -> dict[str, Any]:
    """What the pages read of the view."""
    found: dict[str, Any] = json.loads(json.loads(held(tracker, experiment)[own.VIEW])["state"])
    return found


def change(tracker: MlflowTracker, experiment: str, value: str) -> None:
    client = mlflow.MlflowClient(tracker.uri)
    client.set_experiment_tag(client.get_experiment_by_name(experiment).experiment_id, own.VIEW, value)


def test_a_view_is_one_tag_and_goes_without_a_trace(tracker: MlflowTracker, experiment: str) -> None:
    saved = viewer(tracker, experiment).save_view(experiment)
    key = mlflow.MlflowClient(tracker.uri).get_experiment_by_name(experiment).experiment_id
    page = f"#/experiments/{key}/runs?workflowType=machine_learning&viewStateShareKey=tracker-diag"
    assert saved.address == (f"{tracker.uri}/{page}" if tracker.uri.startswith("http") else "")
    assert saved.place == f"in MLflow's UI, open experiment '{experiment}', then Views > tracker-diag"
    assert not saved.edited
    assert held(tracker, experiment).keys() == {*MINE, own.VIEW}
    assert state(tracker, experiment)["selectedColumns"] == [
        f"tags.`diag.{name}`" for name in ("verdict", "severity", "cause", "summary")
    ]
    adapter = viewer(tracker, experiment)
    assert adapter.views(Query((experiment,))) == (experiment,)
    assert adapter.delete_view(experiment)
    assert held(tracker, experiment) == MINE
    assert adapter.views(Query((experiment,))) == ()
    assert adapter.delete_view(experiment)


def test_its_filter_finds_what_calls_for_a_change(tracker: MlflowTracker, experiment: str) -> None:
    client = mlflow.MlflowClient(tracker.uri)
    key = client.get_experiment_by_name(experiment).experiment_id
    ids = {severity: tracker.log(experiment, Logged(metrics={})) for severity in ("ok", "info", "warning", "error")}
    for severity, run_id in ids.items():
        tracker.tag(run_id, "severity", severity)
    viewer(tracker, experiment).save_view(experiment)
    asked = state(tracker, experiment)
    found = client.search_runs([key], asked["searchFilter"], order_by=[f"{asked['orderByKey']} ASC"])
    assert [run.info.run_id for run in found] == [ids["error"], ids["warning"]]


def test_it_follows_the_prefix_and_is_not_written_twice(tracker: MlflowTracker, experiment: str) -> None:
    viewer(tracker, experiment).save_view(experiment)
    first = held(tracker, experiment)[own.VIEW]
    viewer(tracker, experiment).save_view(experiment)
    assert held(tracker, experiment)[own.VIEW] == first
    viewer(tracker, experiment, prefix="lint/").save_view(experiment)
    assert state(tracker, experiment)["orderByKey"] == "tags.`lint/severity`"
    viewer(tracker, experiment, prefix="my lint ").save_view(experiment)
    assert state(tracker, experiment)["searchFilter"] == ""


@pytest.mark.parametrize("how", ["as the pages do", "a letter", "not JSON", "no state"])
def test_one_that_somebody_changed_is_theirs(tracker: MlflowTracker, experiment: str, how: str) -> None:
    viewer(tracker, experiment).save_view(experiment)
    before = held(tracker, experiment)[own.VIEW]
    envelope = json.loads(before)
    changed = {
        "as the pages do": json.dumps(
            {**{key: envelope[key] for key in ("name", "createdAt", "state")}, "updatedAt": 1}
        ),
        "a letter": before.replace("error", "warning").replace("info", "none"),
        "not JSON": "deflate;eJyrrgUAAXUA+Q==",
        "no state": "{}",
    }[how]
    change(tracker, experiment, changed)
    adapter = viewer(tracker, experiment)
    assert adapter.save_view(experiment).edited
    assert not adapter.delete_view(experiment)
    assert held(tracker, experiment)[own.VIEW] == changed
    assert adapter.views(Query((experiment,))) == (experiment,)


def test_views_are_found_in_the_scope_alone(tracker: MlflowTracker, experiment: str) -> None:
    other = f"other-{experiment}"
    tracker.log(other, Logged(metrics={}))
    adapter = viewer(tracker, experiment, other)
    for name in (experiment, other):
        adapter.save_view(name)
    assert adapter.views(Query((f"{experiment[:-1]}*",))) == (experiment,)
    assert {experiment, other} <= set(adapter.views(Query(everything=True)))


def test_a_server_that_could_not_delete_a_view_gets_none(mlflow_server: str) -> None:
    tracker = MlflowTracker(mlflow_server)
    name = f"old-{uuid.uuid4().hex[:12]}"
    tracker.log(name, Logged(metrics={}))
    statuses = {"delete-experiment-tag": 404}

    def answer(method: str, path: str, before: int, body: bytes) -> Answer:
        for end, status in statuses.items():
            if path.endswith(end):
                return status, {}, {}
        given = requests.request(
            method, mlflow_server + path, data=body, headers={"Content-Type": "application/json"}, timeout=30
        )
        return given.status_code, {}, given.json()

    with answering(answer) as (uri, _):
        adapter = connect(uri)
        list(adapter.list_runs(Query((name,))))
        assert isinstance(adapter, Viewer)
        with pytest.raises(TrackerError, match="cannot delete tags of experiments, so it cannot keep a view"):
            adapter.save_view(name)
        assert own.VIEW not in held(tracker, name)
        statuses = {"set-experiment-tag": 403}
        with pytest.raises(DeniedError):
            adapter.save_view(name)
    tracker.adapter.close()


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    tracker = MlflowTracker(str(tmp_path / "mlruns"))
    tracker.log("vision", Logged(metrics={}))
    adapter = viewer(tracker, "vision")
    key = mlflow.MlflowClient(tracker.uri).get_experiment_by_name("vision").experiment_id
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mlruns" / key / "tags").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TrackerError, match="link"):
        adapter.save_view("vision")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("value", ["", "null", "[]", '{"state": 1}', '{"state": "{}", "digest": "x"}', "[" * 100_000])
def test_what_is_no_view_of_ours_is_not_taken_for_one(value: str) -> None:
    assert not view.is_ours(value)
