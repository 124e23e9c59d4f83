"""What stands in front of a server, or is older than today's, refuses some paths in any way: the sweep goes on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import mlflow
import pytest
import requests

from tests.adapters.contract import FIRST, START, Logged
from tests.adapters.mlflow.gateway import PAGE, REFUSALS, Guard, always, guarding
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.runs import curves
from tracker_diag.adapters.base import Diagnosis, Query, TrackerError, UnknownRunError
from tracker_diag.adapters.mlflow import connect
from tracker_diag.core.run import Run
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.sweep import Plan, Swept, sweep

KINDS = ("healthy", "overfitting", "diverged", "overfitting")
BULK, ARTIFACTS = "get-history-bulk", "/mlflow-artifacts/"
# As servers before 3.17 answer for a file that is not there, and those before 2.20 to the deletion of a file.
FAILED = b'{"error_code": "INTERNAL_ERROR", "message": "The following failures occurred while downloading"}'
BROKEN = b"<!doctype html><title>500 Internal Server Error</title>"
OLD: dict[str, Guard] = {
    r"GET .*/diagnosis/profile\.json": always(500, FAILED),
    r"DELETE .*/diagnosis/": always(500, BROKEN, Content_Type="text/html"),
}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


@pytest.fixture
def tracker(mlflow_server: str) -> Iterator[MlflowTracker]:
    tracker = MlflowTracker(mlflow_server)
    yield tracker
    tracker.adapter.close()


@pytest.fixture
def experiment(tracker: MlflowTracker) -> str:
    name = f"gateway-{uuid.uuid4().hex[:12]}"
    for number, kind in enumerate(KINDS):
        metrics = {
            metric: [(step, value, START + step) for step, value in points]
            for metric, points in curves(kind, seed=number).items()
        }
        tracker.log(name, Logged(metrics=metrics, name=f"{kind}-{number}"))
    return name


def _ids(tracker: MlflowTracker, experiment: str) -> list[str]:
    return [listing.id for listing in tracker.adapter.list_runs(Query((experiment,)))]


def _sweep(uri: str, experiment: str, *, write: bool = True, force: bool = False) -> Swept:
    return sweep(connect(uri), Plan(Query((experiment,)), Settings(), write=write, force=force))


def _verdicts(swept: Swept) -> dict[str, str]:
    assert (swept.error, swept.failures) == ("", ())
    return {row.name: row.verdict for row in swept.rows}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_bulk_endpoint_that_is_refused_is_done_without(
    tracker: MlflowTracker, experiment: str, refusal: Guard
) -> None:
    expected = _verdicts(_sweep(tracker.uri, experiment, write=False))
    with guarding(tracker.uri, {BULK: refusal}) as (uri, passed):
        assert _verdicts(_sweep(uri, experiment, write=False)) == expected
        assert len(set(expected.values())) > 1
        histories = sum(len(curves(kind, seed=number)) for number, kind in enumerate(KINDS))
        assert passed.count("metrics/get-history\\?") == histories
    # All runs together, then two alone, none after that; and three times at most, where a server gets eight.
    assert 3 <= passed.count(BULK) <= 9


def test_a_fault_of_the_moment_does_not_end_the_use_of_the_bulk_endpoint(
    tracker: MlflowTracker, experiment: str
) -> None:
    passing: Guard = lambda before: (503, {}, b"") if before < 2 else None  # noqa: E731
    with guarding(tracker.uri, {BULK: passing}) as (uri, passed):
        _verdicts(_sweep(uri, experiment, write=False))
    assert passed.count("metrics/get-history\\?") == 0


@pytest.mark.parametrize(
    ("bulk", "single", "says"),
    [
        (401, 401, "refused the credentials"),
        (503, 503, "answered 503"),
        (403, 500, "denies access"),
        (404, 403, "denies access"),
    ],
)
def test_where_both_endpoints_refuse_the_server_as_such_does(
    tracker: MlflowTracker, experiment: str, bulk: int, single: int, says: str
) -> None:
    guards = {BULK: always(bulk), "get-history": always(single)}
    with guarding(tracker.uri, guards) as (uri, _):
        swept = _sweep(uri, experiment, write=False)
    reasons = {swept.error} if swept.error else {failure.reason for failure in swept.failures}
    (reason,) = reasons
    assert says in reason


# Artifacts


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_guarded_artifacts_do_not_stop_the_reading(tracker: MlflowTracker, experiment: str, refusal: Guard) -> None:
    expected = _verdicts(_sweep(tracker.uri, experiment, write=False))
    with guarding(tracker.uri, {ARTIFACTS: refusal}) as (uri, _):
        assert _verdicts(_sweep(uri, experiment, write=False)) == expected


@pytest.mark.parametrize("name", ["401", "405", "501", "to a login page of this host", "to another host", "a page"])
def test_guarded_artifacts_cost_the_files_alone_and_are_told_once(
    tracker: MlflowTracker, experiment: str, name: str
) -> None:
    with guarding(tracker.uri, {ARTIFACTS: REFUSALS[name]}) as (uri, _):
        swept = _sweep(uri, experiment)
    assert (swept.error, swept.failures) == ("", ())
    (note,) = {row.not_stored for row in swept.rows} - {""}
    assert "is blocked by something in front of the server; allow it, then sweep with --force" in note
    assert all("fingerprint" in tracker.written(run_id) for run_id in _ids(tracker, experiment))


def test_a_page_in_place_of_an_upload_is_not_taken_for_one(tracker: MlflowTracker) -> None:
    run_id = tracker.log(f"gateway-{uuid.uuid4().hex[:12]}", Logged())
    with guarding(tracker.uri, {"PUT .*": always(200, PAGE, Content_Type="text/html")}) as (uri, _):
        assert "a web page (a login page?)" in connect(uri).write(run_id, FIRST)


# Older servers


def test_a_profile_that_is_not_there_is_not_asked_for(tracker: MlflowTracker, experiment: str) -> None:
    with guarding(tracker.uri, OLD) as (uri, passed):
        first = _verdicts(_sweep(uri, experiment))
        assert _verdicts(_sweep(uri, experiment, force=True)) == first
        assert passed.count("profile.json") == 0
        assert {status for _, status in passed.requests} == {200}


def test_a_profile_that_is_there_is_read_through_faults_of_the_moment(tracker: MlflowTracker) -> None:
    run_id = tracker.log(f"gateway-{uuid.uuid4().hex[:12]}", Logged())
    tracker.add_file(run_id, "diagnosis/profile.json", json.dumps({"rows": 1}).encode())
    passing: Guard = lambda before: (500, {}, b"") if before < 2 else None  # noqa: E731
    with guarding(tracker.uri, {"profile.json": passing}) as (uri, _):
        (run,) = connect(uri).load_runs([run_id])
    assert getattr(run, "profile", None) == {"rows": 1}


def test_a_store_that_fails_is_tried_once_after_the_first_time(tracker: MlflowTracker, experiment: str) -> None:
    ids = _ids(tracker, experiment)
    with guarding(tracker.uri, {ARTIFACTS: always(500)}) as (uri, passed):
        adapter = connect(uri)
        list(adapter.load_runs(ids[:1]))
        first = passed.count(ARTIFACTS)
        list(adapter.load_runs(ids[1:]))
    assert passed.count(ARTIFACTS) - first == len(ids) - 1
    assert first > 1


def test_a_folder_goes_where_files_cannot(tracker: MlflowTracker, experiment: str) -> None:
    with guarding(tracker.uri, OLD) as (uri, passed):
        _sweep(uri, experiment)
        adapter = connect(uri)
        ids = [listing.id for listing in adapter.list_runs(Query((experiment,)))]
        removals = [adapter.remove(run_id) for run_id in ids]
    assert [removal.left for removal in removals] == [()] * len(ids)
    assert sum(removal.artifacts for removal in removals) > 0
    assert passed.count("DELETE .*/diagnosis/") == 0
    assert all(tracker.files(run_id) == {} and tracker.written(run_id) == {} for run_id in ids)


def test_a_run_that_turns_green_loses_its_reports_on_an_old_server(tracker: MlflowTracker) -> None:
    run_id = tracker.log(f"gateway-{uuid.uuid4().hex[:12]}", Logged())
    with guarding(tracker.uri, OLD) as (uri, _):
        connect(uri).write(run_id, FIRST)
        assert tracker.files(run_id) == FIRST.artifacts
        connect(uri).write(run_id, Diagnosis({"verdict": "good-fit"}, {}, "f2"))
    assert tracker.files(run_id) == {}


@pytest.mark.parametrize("neighbour", ["diagnosis/profile.json", "diagnosis-old/x.txt", "diagnosis.txt"])
def test_what_cannot_be_deleted_is_tried_once_and_told_in_one_line(tracker: MlflowTracker, neighbour: str) -> None:
    experiment = f"gateway-{uuid.uuid4().hex[:12]}"
    ids = [tracker.log(experiment, Logged()) for _ in range(3)]
    for run_id in ids:
        tracker.adapter.write(run_id, FIRST)
        tracker.add_file(run_id, neighbour, b"mine")
    before = [tracker.users(run_id) for run_id in ids]
    with guarding(tracker.uri, OLD) as (uri, passed):
        adapter = connect(uri)
        removals = [adapter.remove(run_id) for run_id in ids]
    (left,) = {removal.left for removal in removals}
    (reason,) = left
    assert "cannot delete single files (MLflow before 2.20)" in reason
    assert len({asked for asked, _ in passed.requests if asked.startswith("DELETE")}) == 1
    assert [tracker.users(run_id) for run_id in ids] == before
    # A server of today deletes them, and leaves what is the user's.
    assert all(connect(tracker.uri).remove(run_id).left == () for run_id in ids)
    assert [tracker.users(run_id) for run_id in ids] == before
    assert all(set(tracker.files(run_id)) <= {"profile.json"} for run_id in ids)


def test_the_folder_of_a_run_that_goes_is_never_deleted(tracker: MlflowTracker) -> None:
    run_id = tracker.log(f"gateway-{uuid.uuid4().hex[:12]}", Logged(end=None))
    with guarding(tracker.uri, {}) as (uri, passed):
        adapter = connect(uri)
        adapter.write(run_id, FIRST)
        assert adapter.remove(run_id).artifacts == len(FIRST.artifacts)
    assert passed.count("DELETE .*/diagnosis$") == 0
    assert tracker.files(run_id) == {}


def test_a_file_is_left_if_another_begins_like_it_since_object_stores_take_both(tracker: MlflowTracker) -> None:
    run_id = tracker.log(f"gateway-{uuid.uuid4().hex[:12]}", Logged())
    tracker.adapter.write(run_id, FIRST)
    tracker.add_file(run_id, "diagnosis/report.json.bak", b"mine")
    (left,) = tracker.adapter.remove(run_id).left
    assert "names begin with the same letters" in left
    assert {"report.json", "report.json.bak"} <= set(tracker.files(run_id))


# How much is asked for


def test_runs_without_files_cost_their_tags_alone(tracker: MlflowTracker, experiment: str) -> None:
    with guarding(tracker.uri, {}) as (uri, passed):
        swept = _sweep(uri, experiment)
        with_reports = sum(row.severity not in ("ok", "info") for row in swept.rows)
        passed.requests.clear()
        adapter = connect(uri)
        ids = [listing.id for listing in adapter.list_runs(Query((experiment,)))]
        tags = sum(adapter.remove(run_id).tags for run_id in ids)
    assert 0 < with_reports < len(ids)
    assert tags == passed.count("POST .*/runs/delete-tag") > 0
    assert passed.count("GET .*/runs/get") == 0
    # The folder of the experiment once; of each report, its folder, the names beside that, and the deletion.
    assert passed.count(ARTIFACTS) == 1 + 3 * with_reports
    assert all(tracker.files(run_id) == {} and tracker.written(run_id) == {} for run_id in ids)


def test_a_run_that_a_killed_sweep_left_files_alone_is_cleaned(tracker: MlflowTracker) -> None:
    experiment = f"gateway-{uuid.uuid4().hex[:12]}"
    run_id = tracker.log(experiment, Logged())
    tracker.add_file(run_id, "diagnosis/report.json", b"{}")
    tracker.log(experiment, Logged())
    adapter = connect(tracker.uri)
    removals = {listing.id: adapter.remove(listing.id) for listing in list(adapter.list_runs(Query((experiment,))))}  # type: ignore[union-attr]
    assert removals[run_id].artifacts == 1
    assert tracker.files(run_id) == {}


def test_a_green_run_with_files_is_cleaned(tracker: MlflowTracker) -> None:
    experiment = f"gateway-{uuid.uuid4().hex[:12]}"
    run_id = tracker.log(experiment, Logged())
    tracker.adapter.write(run_id, Diagnosis({"verdict": "good-fit", "severity": "ok"}, FIRST.artifacts, "f"))
    adapter = connect(tracker.uri)
    list(adapter.list_runs(Query((experiment,))))
    assert adapter.remove(run_id).artifacts == len(FIRST.artifacts)
    assert tracker.files(run_id) == {}


# Where a server is


def test_a_path_that_is_wrong_is_told_with_the_right_one(tracker: MlflowTracker) -> None:
    for wrong in ("/wrong", "/a/b/c", "/api/2.0", "/ajax-api/2.0/mlflow", "/api/2.0/mlflow/"):
        for ask in (lambda adapter: list(adapter.list_runs(Query(everything=True))), lambda a: a.find_run("0" * 32)):
            with pytest.raises(TrackerError) as caught:
                ask(connect(tracker.uri + wrong))
            assert str(caught.value).endswith(f", but one answers at {tracker.uri}: use that address")


def test_an_address_without_its_prefix_is_told_what_is_missing(tracker: MlflowTracker) -> None:
    with guarding(tracker.uri, {"": always(404)}) as (uri, _), pytest.raises(TrackerError) as caught:
        list(connect(uri).list_runs(Query(everything=True)))
    assert "give the address of its UI up to the '#', without /api/2.0" in str(caught.value)


def test_a_server_whose_api_is_that_of_its_pages_alone(tracker: MlflowTracker, experiment: str) -> None:
    # As under the prefix of servers before MLflow 3.
    with guarding(tracker.uri, {" /api/": always(404, PAGE)}) as (uri, passed):
        expected = _verdicts(_sweep(tracker.uri, experiment, write=False))
        assert _verdicts(_sweep(uri, experiment)) == expected
        adapter = connect(uri)
        (listing, *_) = list(adapter.list_runs(Query((experiment,))))
        # Their NaN are not equal.
        assert repr(adapter.find_run(getattr(listing, "id", ""))) == repr(listing)
    assert {status for asked, status in passed.requests if " /ajax-api/" in asked} == {200}
    assert all("fingerprint" in tracker.written(run_id) for run_id in _ids(tracker, experiment))


def test_the_gateway_lets_the_rest_through(tracker: MlflowTracker) -> None:
    with guarding(tracker.uri, {}) as (uri, passed):
        assert requests.get(f"{uri}/health", timeout=30).text == "OK"
        assert mlflow.MlflowClient(uri).search_experiments()
    assert passed.count("health") == 1


def test_an_empty_fragment_is_no_part_of_an_address(tracker: MlflowTracker) -> None:
    assert connect(f"{tracker.uri}/#").describe() == tracker.adapter.describe()


@pytest.mark.parametrize("guard", [always(404, PAGE, Content_Type="text/html"), always(404, b"default backend - 404")])
def test_a_clean_that_may_not_list_artifacts_says_that_reports_may_be_left(
    tracker: MlflowTracker, experiment: str, guard: Guard
) -> None:
    _sweep(tracker.uri, experiment)
    with guarding(tracker.uri, {"/mlflow-artifacts/": guard}) as (uri, _):
        adapter = connect(uri)
        removed = [adapter.remove(listing.id) for listing in adapter.list_runs(Query((experiment,)))]
    assert all("is blocked by something in front of the server" in " ".join(removal.left) for removal in removed)


def test_no_verdict_rests_on_histories_that_are_empty(tracker: MlflowTracker, experiment: str) -> None:
    nothing = always(200, b'{"metrics": []}')
    with guarding(tracker.uri, {BULK: nothing, "get-history": nothing}) as (uri, _):
        swept = _sweep(uri, experiment, write=False)
    assert len(swept.failures) == len(KINDS)
    assert all("without the points of" in failure.reason for failure in swept.failures)


def test_a_run_that_is_not_there_is_not_a_wrong_address(tracker: MlflowTracker) -> None:
    # As servers before MLflow 3 under --static-prefix: the API of the pages alone is there.
    pages_alone = {"[A-Z]+ /api/": always(404, PAGE, Content_Type="text/html")}
    with guarding(tracker.uri, pages_alone) as (uri, _), pytest.raises(UnknownRunError, match="no run '0"):
        connect(uri).find_run("0" * 32)


def test_a_file_that_an_old_server_calls_a_page_is_read(tracker: MlflowTracker) -> None:
    run_id = tracker.log(f"gateway-{uuid.uuid4().hex[:12]}", Logged())
    tracker.add_file(run_id, "model_summary.txt", b"Total params: 7")
    served = always(200, b"Total params: 7", Content_Type="text/html; charset=utf-8")
    with guarding(tracker.uri, {r"GET .*/model_summary\.txt": served}) as (uri, _):
        (run,) = connect(uri).load_runs([run_id])
    assert isinstance(run, Run)
    assert run.model_summary == "Total params: 7"
