from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric

from tests.adapters.contract import FIRST, START, Logged
from tests.adapters.mlflow.conftest import AUTH_PASSWORDS, knows_null
from tests.adapters.mlflow.faulty import Answer, Asked, answering
from tests.adapters.mlflow.tracker import MlflowTracker
from tracker_diag.adapters.base import (
    DeniedError,
    Diagnosis,
    Failure,
    Query,
    TrackerError,
    UnknownRunError,
    without_files,
)
from tracker_diag.adapters.mlflow import connect, histories, server
from tracker_diag.core.run import Run


@pytest.fixture
def tracker(mlflow_server: str) -> Iterator[MlflowTracker]:
    tracker = MlflowTracker(mlflow_server)
    yield tracker
    tracker.adapter.close()


@pytest.fixture
def experiment() -> str:
    return f"server-{uuid.uuid4().hex[:12]}"


def _ramp(n: int, offset: float = 0.0) -> list[tuple[float, float, float]]:
    return [(step, offset + step, START + step) for step in range(n)]


def _values(runs: object) -> dict[str, dict[str, list[float]]]:
    found = {}
    for run in runs:  # type: ignore[attr-defined]
        assert isinstance(run, Run), run
        found[run.id] = {name: series.values.tolist() for name, series in run.metrics.items()}
    return found


@pytest.mark.parametrize("limit", [7, 50, 100, 120, 1000])
def test_answers_that_are_cut_without_a_word_are_made_whole(
    tracker: MlflowTracker, experiment: str, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(histories, "_MOST_POINTS", limit)
    monkeypatch.setattr(histories, "_POINTS_A_PAGE", 40)
    lengths = [100, 1, 50, 7, 30]
    expected = {}
    for i, n in enumerate(lengths):
        metrics = {"loss": _ramp(n, i), "sparse": _ramp(n // 10 + 1, i)} | ({"rare": _ramp(2)} if i == 2 else {})
        run_id = tracker.log(experiment, Logged(metrics=metrics))
        expected[run_id] = {name: [value for _, value, _ in points] for name, points in metrics.items()}
    assert _values(tracker.adapter.load_runs(list(expected))) == expected


def test_a_server_without_bulk_histories_is_read_metric_by_metric(
    tracker: MlflowTracker, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "_POINTS_A_PAGE", 7)
    run_id = tracker.log(experiment, Logged(metrics={"loss": _ramp(20), "x/y": _ramp(3)}))
    with _old(tracker.uri) as (uri, _):
        assert _values(connect(uri).load_runs([run_id])) == {
            run_id: {"loss": [*map(float, range(20))], "x/y": [0.0, 1.0, 2.0]}
        }


def _old(uri: str) -> AbstractContextManager[tuple[str, Asked]]:
    """A server as before the bulk endpoint and the search by id."""

    def answer(method: str, path: str, before: int, body: bytes) -> Answer:
        if "get-history-bulk" in path:
            return 404, {}, {}
        if b"attributes.run_id IN" in body:
            return 400, {}, {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid attribute key 'run_id'"}
        given = requests.request(
            method, uri + path, data=body, headers={"Content-Type": "application/json"}, timeout=30
        )
        return given.status_code, {}, given.json()

    return answering(answer)


def test_a_run_the_server_fails_on_is_a_failure_among_the_others(
    tracker: MlflowTracker, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    good, bad = (tracker.log(experiment, Logged(metrics={"loss": _ramp(3)})) for _ in range(2))

    def answer(method: str, path: str, before: int, body: bytes) -> Answer:
        if "get-history" in path and bad in path:
            return 500, {}, {"error_code": "INTERNAL_ERROR", "message": "broken row"}
        given = requests.request(
            method, tracker.uri + path, data=body, headers={"Content-Type": "application/json"}, timeout=30
        )
        return given.status_code, {}, given.json()

    with answering(answer) as (uri, _):
        loaded = {run.id: run for run in connect(uri).load_runs([good, bad])}
    assert isinstance(loaded[good], Run)
    assert isinstance(loaded[bad], Failure)
    assert "broken row" in loaded[bad].reason


@pytest.mark.parametrize("seed", range(3))
def test_one_request_in_five_may_fail(
    tracker: MlflowTracker, experiment: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    ids = [tracker.log(experiment, Logged(metrics={"loss": _ramp(3, i)})) for i in range(4)]
    faults: list[Answer] = [(500, {}, {}), (429, {"Retry-After": "1"}, {}), None, (503, {}, {})]

    def answer(method: str, path: str, before: int, body: bytes) -> Answer:
        # Every fifth or so, told by a fixed rule rather than by chance.
        if (before * 7 + seed) % 5 == 0:
            return faults[before % len(faults)]
        given = requests.request(
            method, tracker.uri + path, data=body, headers={"Content-Type": "application/json"}, timeout=30
        )
        return given.status_code, {}, given.json() if given.content else {}

    with answering(answer) as (uri, asked):
        adapter = connect(uri)
        listed = [listing.id for listing in adapter.list_runs(Query((experiment,)))]
        assert sorted(listed) == sorted(ids)
        assert len(_values(adapter.load_runs(ids))) == 4
        for run_id in ids:
            adapter.write(run_id, FIRST)
    assert len(asked.requests) > 30
    assert [tracker.written(run_id) for run_id in ids] == [{**FIRST.tags, "fingerprint": "f1"}] * 4
    assert [tracker.files(run_id) for run_id in ids] == [FIRST.artifacts] * 4


def test_datasets_parent_profile_and_model_summary_come_along(tracker: MlflowTracker, experiment: str) -> None:
    run_id, parent = (tracker.log(experiment, Logged()) for _ in range(2))
    client = mlflow.MlflowClient(tracker.uri)
    client.set_tag(run_id, "mlflow.parentRunId", parent)
    described = Dataset("wine", "abc123", "local", "{}", schema='{"columns": 3}', profile='{"num_rows": 178}')
    client.log_inputs(run_id, [DatasetInput(described, [InputTag("mlflow.data.context", "training")])])
    tracker.add_file(run_id, "diagnosis/profile.json", json.dumps({"rows": 178}).encode())
    tracker.add_file(run_id, "diagnosis/model.json", b'{"optimizer": "Adam"}')
    tracker.add_file(run_id, "model_summary.txt", b"Dense(8)")
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert run.parent == parent
    assert [dict(item) for item in run.datasets] == [
        {
            "name": "wine",
            "digest": "abc123",
            "context": "training",
            "profile": {"num_rows": 178},
            "schema": {"columns": 3},
        }
    ]
    assert run.profile == {"rows": 178}
    assert run.model_summary == "Dense(8)"
    assert run.model is not None
    assert run.model.optimizer == "Adam"
    assert tracker.adapter.find_run(run_id).digests == ("abc123",)


def test_a_profile_that_is_no_json_is_not_used(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged())
    tracker.add_file(run_id, "diagnosis/profile.json", b"{not json")
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert run.profile is None


@pytest.mark.skipif(not knows_null(), reason="the installed MLflow has no IS NULL")
def test_pages_are_followed_and_tagging_meanwhile_skips_no_run(
    tracker: MlflowTracker, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_PAGE", 3)
    ids = {tracker.log(experiment, Logged(end=START + i)) for i in range(10)}
    seen = []
    for listing in tracker.adapter.list_runs(Query((experiment,), filter="tags.`diag.fingerprint` IS NULL")):
        seen.append(listing.id)
        tracker.adapter.write(listing.id, Diagnosis({"verdict": "ok"}, {}, "f"))
    assert sorted(seen) == sorted(ids)


def test_system_metrics_are_left_out(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged(metrics={"system/cpu": _ramp(3), "loss": _ramp(3)}))
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert set(run.metrics) == {"loss"}
    assert set(tracker.adapter.find_run(run_id).latest) == {"loss"}


def test_several_values_at_a_step_all_arrive(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged(metrics={}))
    points = [Metric("loss", value, int((START + i) * 1000), 1) for i, value in enumerate([3.0, 1.0, 2.0])]
    mlflow.MlflowClient(tracker.uri).log_batch(run_id, metrics=[*points, Metric("loss", 9.0, int(START * 1000), 0)])
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert run.metrics["loss"].values.tolist() == [9.0, 2.0]
    assert "2 repeated steps" in run.metrics["loss"].notes[-1]


def test_the_link_opens_the_run(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged())
    experiment_id = mlflow.MlflowClient(tracker.uri).get_run(run_id).info.experiment_id
    expected = f"{tracker.uri}/#/experiments/{experiment_id}/runs/{run_id}?workflowType=machine_learning"
    (listing,) = tracker.adapter.list_runs(Query((experiment,)))
    assert tracker.adapter.link(listing) == expected
    assert connect(tracker.uri).link(listing) == expected


def test_an_artifact_store_that_refuses_leaves_nothing_half_written(
    tracker: MlflowTracker, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    # A file where the store would have to make a folder.
    blocked = f"{tracker.uri}/api/2.0/mlflow-artifacts/artifacts/{experiment}"
    requests.put(blocked, data=b"in the way", timeout=30).raise_for_status()
    client = mlflow.MlflowClient(tracker.uri)
    client.create_experiment(experiment, f"mlflow-artifacts:/{experiment}/runs")
    run_id = tracker.log(experiment, Logged())
    before = client.get_run(run_id).to_dictionary()
    with pytest.raises(TrackerError, match="--artifacts none") as caught:
        tracker.adapter.write(run_id, FIRST)
    assert "\n" not in str(caught.value)
    assert client.get_run(run_id).to_dictionary() == before
    tracker.adapter.write(run_id, Diagnosis(FIRST.tags, {}, "f"))
    assert tracker.written(run_id) == {**FIRST.tags, "fingerprint": "f"}


def test_artifacts_on_a_disk_that_is_this_machines_too(tracker: MlflowTracker, experiment: str, tmp_path: Path) -> None:
    mlflow.MlflowClient(tracker.uri).create_experiment(experiment, str(tmp_path / "store"))
    run_id = tracker.log(experiment, Logged())
    (tmp_path / "store").mkdir()
    tracker.adapter.write(run_id, FIRST)
    found = (tmp_path / "store" / run_id / "artifacts" / "diagnosis").iterdir()
    assert {path.name: path.read_bytes() for path in found} == FIRST.artifacts


def test_artifacts_on_a_disk_of_the_servers_machine_alone(tracker: MlflowTracker, experiment: str) -> None:
    mlflow.MlflowClient(tracker.uri).create_experiment(experiment, f"/{experiment}/a/b/c")
    run_id = tracker.log(experiment, Logged())
    listing = tracker.adapter.find_run(run_id)
    assert listing.store == f"/{experiment}/a/b/c/{run_id}/artifacts without its folder through {tracker.uri}"
    assert "--artifacts-destination" in tracker.adapter.write(run_id, FIRST)
    assert not Path(f"/{experiment}").exists()
    assert tracker.written(run_id) == {**FIRST.tags, "fingerprint": without_files("f1", listing.store)}
    assert tracker.adapter.write(run_id, Diagnosis(FIRST.tags, {}, "f")) == ""
    assert tracker.written(run_id)["fingerprint"] == "f"


# Who may do what


@pytest.fixture
def private_run(auth_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    _become("admin", monkeypatch)
    tracker = MlflowTracker(auth_server)
    for name in ("reader", "writer"):
        tracker_url = f"{auth_server}/api/2.0/mlflow/users/create"
        requests.post(
            tracker_url,
            json={"username": name, "password": AUTH_PASSWORDS[name]},
            auth=("admin", AUTH_PASSWORDS["admin"]),
            timeout=30,
        )
    return tracker.log(f"private-{uuid.uuid4().hex[:8]}", Logged(metrics={"loss": _ramp(3)}))


def _become(name: str, monkeypatch: pytest.MonkeyPatch, password: str | None = None) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password or AUTH_PASSWORDS[name])


def test_wrong_credentials_are_said_with_what_to_set(
    auth_server: str, private_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _become("admin", monkeypatch, "wrong-password")
    adapter = connect(auth_server)
    for attempt in (
        lambda: adapter.find_run(private_run),
        lambda: list(adapter.list_runs(Query(everything=True))),
        lambda: list(adapter.load_runs([private_run])),
        lambda: adapter.write(private_run, FIRST),
    ):
        with pytest.raises(TrackerError, match="MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD") as caught:
            attempt()
        assert "wrong-password" not in str(caught.value)


def test_a_reader_may_diagnose_and_not_write(
    auth_server: str, private_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = MlflowTracker(auth_server)
    before = tracker.users(private_run)
    _become("reader", monkeypatch)
    adapter = connect(auth_server)
    (run,) = adapter.load_runs([private_run])
    assert isinstance(run, Run)
    assert run.metrics["loss"].values.tolist() == [0.0, 1.0, 2.0]
    with pytest.raises(DeniedError, match="EDIT to write"):
        adapter.write(private_run, FIRST)
    _become("admin", monkeypatch)
    assert tracker.written(private_run) == {}
    assert tracker.files(private_run) == {}
    assert tracker.users(private_run) == before


def test_an_editor_may_write(auth_server: str, private_run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = connect(auth_server)
    adapter.write(private_run, FIRST)
    assert MlflowTracker(auth_server).written(private_run) == {**FIRST.tags, "fingerprint": "f1"}
    assert adapter.remove(private_run).left == ()


def test_runs_of_a_deleted_experiment_are_said_and_left_out(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged())
    client = mlflow.MlflowClient(tracker.uri)
    client.delete_experiment(client.get_run(run_id).info.experiment_id)
    with pytest.raises(UnknownRunError):
        tracker.adapter.find_run(run_id)
    (failure,) = tracker.adapter.load_runs([run_id])
    assert isinstance(failure, Failure)
    assert run_id not in {listing.id for listing in tracker.adapter.list_runs(Query(everything=True))}
