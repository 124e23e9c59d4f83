"""What goes wrong between here and a W&B server."""

from __future__ import annotations

import json
import socket
import time
import tracemalloc
from typing import Any

import pytest

from tests.adapters.wandb.server import KEY, Fault, Server
from tests.adapters.wandb.test_online import DIAGNOSIS, HEALTHY
from tracker_diag.adapters.base import Failure, Query, TrackerError
from tracker_diag.adapters.wandb import connect, private
from tracker_diag.adapters.wandb import online as adapter
from tracker_diag.adapters.wandb.online import PAGE, OnlineAdapter
from tracker_diag.core.run import Run

VISION = Query(experiments=("vision",))


@pytest.fixture(autouse=True)
def few_retries(monkeypatch: pytest.MonkeyPatch, account_here: None) -> None:
    monkeypatch.setenv("WANDB_X_GRAPHQL_RETRY_MAX", "1")
    monkeypatch.setenv("WANDB_X_FILE_TRANSFER_RETRY_MAX", "1")


def one_line(error: BaseException) -> str:
    text = str(error)
    assert "\n" not in text
    assert KEY not in text
    return text


@pytest.mark.parametrize(
    ("status", "headers", "waits"),
    [(429, {}, 0.0), (429, {"Retry-After": "3"}, 3.0), (500, {}, 0.0), (503, {"Retry-After": "1"}, 1.0)],
)
def test_a_passing_refusal_is_waited_out(
    server: Server, online: OnlineAdapter, status: int, headers: dict[str, str], waits: float
) -> None:
    server.faults = [Fault("^Runs$", status=status, headers=headers)]
    start = time.monotonic()
    assert len(list(online.list_runs(VISION))) == 4
    assert time.monotonic() - start >= waits
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (429, "asks to slow down (project acme/vision): try again later"),
        (500, "has an internal problem (HTTP 500, project acme/vision): try again later"),
        (403, "denies access to project acme/vision: use a key with access"),
        (401, "refuses the API key: run `wandb login --relogin`"),
        (404, "has no project acme/vision: check the name, and WANDB_BASE_URL"),
    ],
)
def test_a_lasting_refusal_says_what_to_do(server: Server, online: OnlineAdapter, status: int, says: str) -> None:
    server.faults = [Fault("^Runs$", times=99, status=status)]
    with pytest.raises(TrackerError) as error:
        list(online.list_runs(VISION))
    assert says in one_line(error.value)


def test_a_server_that_takes_its_time_is_waited_for(server: Server, online: OnlineAdapter) -> None:
    server.faults = [Fault("^Runs$", delay=2)]
    assert len(list(online.list_runs(VISION))) == 4


def test_a_server_that_does_not_answer_is_given_up(
    server: Server, online: OnlineAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "TIMEOUT", 0.5)
    monkeypatch.setattr(private, "_PAUSE", 1.0)
    server.faults = [Fault("^Runs$", delay=2)]
    start = time.monotonic()
    with pytest.raises(TrackerError, match="does not answer"):
        list(online.list_runs(VISION))
    # Whoever ends wandb now, as this test does, must not wait for ever.
    assert time.monotonic() - start >= private.TIMEOUT + private._PAUSE


def test_a_history_that_fails_is_its_own_runs_failure(server: Server, online: OnlineAdapter) -> None:
    server.run("sparse1").exported = 100
    server.faults = [Fault("^HistoryPage$", times=99, status=403)]
    runs = {run.id: run for run in online.load_runs(["acme/vision/sparse1", HEALTHY])}
    assert isinstance(runs["acme/vision/sparse1"], Run)
    failure = runs[HEALTHY]
    assert isinstance(failure, Failure)
    assert "denies access to history of acme/vision/healthy1" in failure.reason


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("^PrepareFiles$", times=99, status=403), "denies access to files of acme/vision/healthy1"),
        (Fault("^PUT", times=99, status=403), "denies access to files of acme/vision/healthy1"),
        (Fault("^MarkRunFilesUploaded$", times=99, status=500), "has an internal problem"),
        (Fault("^UpsertBucket$", times=99, status=500), "has an internal problem"),
    ],
)
@pytest.mark.parametrize("diagnosed_before", [False, True])
def test_what_is_written_halfway_has_no_fingerprint(
    server: Server, online: OnlineAdapter, fault: Fault, says: str, diagnosed_before: bool
) -> None:
    if diagnosed_before:
        online.write(HEALTHY, DIAGNOSIS)
    run = server.run("healthy1")
    own = {key: value for key, value in json.loads(run.summary).items() if not key.startswith("diag/")}
    server.faults = [fault]
    with pytest.raises(TrackerError) as error:
        online.write(HEALTHY, DIAGNOSIS)
    assert says in one_line(error.value)
    summary = json.loads(run.summary)
    # What fails before anything is changed leaves the earlier diagnosis whole.
    untouched = diagnosed_before and fault.pattern == "^PrepareFiles$"
    assert ("diag/fingerprint" in summary) == untouched
    assert {key: value for key, value in summary.items() if not key.startswith("diag/")} == own
    # The next attempt finishes the work.
    server.faults = []
    online.write(HEALTHY, DIAGNOSIS)
    assert json.loads(run.summary)["diag/fingerprint"] == "f1"


def test_a_project_that_can_only_be_read_is_not_begun_to_be_written(server: Server, online: OnlineAdapter) -> None:
    server.store.read_only.add("vision")
    with pytest.raises(TrackerError) as error:
        online.write(HEALTHY, DIAGNOSIS)
    assert "cannot be written with this key: use one that can, or --dry-run" in one_line(error.value)
    assert not [request for request in server.requests if request.changes]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (None, "no API key for W&B at http://127.0.0.1"),
        ("tooshort", "is malformed: run `wandb login --relogin`"),
        ("f" * 40, "refuses the API key: run `wandb login --relogin`, or set a valid WANDB_API_KEY"),
    ],
)
def test_a_key_that_is_missing_or_wrong_is_said(key: str | None, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if key is None:
        monkeypatch.delenv("WANDB_API_KEY")
    else:
        monkeypatch.setenv("WANDB_API_KEY", key)
    with pytest.raises(TrackerError) as error:
        connect("vision")
    assert says in one_line(error.value)
    assert key is None or key not in str(error.value)


def test_a_server_that_is_not_there_is_said_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("WANDB_BASE_URL", f"http://me:secret@127.0.0.1:{port}")
    with pytest.raises(TrackerError) as error:
        connect("vision")
    text = one_line(error.value)
    assert f"W&B at http://127.0.0.1:{port} does not answer (the account): check WANDB_BASE_URL" in text
    assert "secret" not in text


def test_an_address_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "nonsense")
    with pytest.raises(TrackerError, match="WANDB_BASE_URL is not an address"):
        connect("vision")


def test_memory_does_not_grow_with_a_project(
    server: Server, online: OnlineAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project is read page by page, and what has been read is let go."""
    node: dict[str, Any] = server.fields.node(server.run("sparse1"))
    facts = {key: value for key, value in node.items() if not callable(value)}

    def page(project: object, filters: object, cursor: str | None) -> dict[str, Any]:
        start = int(cursor or 0)
        edges = [{"node": {**facts, "name": f"run{i:07}"}} for i in range(start, start + PAGE)]
        return {
            "project": {"runs": {"edges": edges, "pageInfo": {"hasNextPage": True, "endCursor": str(start + PAGE)}}}
        }

    monkeypatch.setattr(online, "_page", page)
    monkeypatch.setattr(adapter, "REMEMBERED", 500)
    listings = online.list_runs(VISION)
    held = {}
    tracemalloc.start()
    try:
        for i in range(12_000):
            next(listings)
            if i in (3_999, 11_999):
                held[i] = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # The names alone would take some 800 kB.
    assert held[11_999] - held[3_999] < 100_000
