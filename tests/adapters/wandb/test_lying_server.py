"""Whatever a W&B server answers, what concerns one run is that run's failure, and the rest one line."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.adapters.wandb.server import KEY, Fault, Server
from tests.adapters.wandb.test_online import DIAGNOSIS, HEALTHY
from tracker_diag.adapters.base import AwayError, DeniedError, Failure, Listing, Query, TrackerError
from tracker_diag.adapters.wandb import connect, histories
from tracker_diag.adapters.wandb.online import OnlineAdapter
from tracker_diag.core.run import Run

VISION = Query(experiments=("vision",))
NAMES = ("healthy1", "diverged1", "sparse1", "resumed1")
IDS = tuple(f"acme/vision/{name}" for name in NAMES)
DEEP = "[" * 100_000 + "]" * 100_000
NESTED = '{"a":' * 100_000 + "1" + "}" * 100_000

REFUSAL = json.dumps({"errors": [{"message": f"\x1b[2J {KEY}\nx"}]}).encode()

Lie = Callable[[Any], Any]
Tell = Callable[[str, Lie], None]


@pytest.fixture(autouse=True)
def few_retries(monkeypatch: pytest.MonkeyPatch, account_here: None) -> None:
    monkeypatch.setenv("WANDB_X_GRAPHQL_RETRY_MAX", "1")
    monkeypatch.setenv("WANDB_X_FILE_TRANSFER_RETRY_MAX", "1")


@pytest.fixture
def tell(online: OnlineAdapter, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Change what the server answers to operations whose name a pattern matches."""
    honest = online._server.core.ask
    lies: list[tuple[str, Lie]] = []

    def ask(query: str, variables: Any) -> Any:
        # The true server would not know the cursors of a lying one.
        answer = honest(query, {**variables, "cursor": None} if "cursor" in variables else variables)
        for pattern, lie in lies:
            if re.search(rf"(query|mutation) {pattern}\b", query):
                answer = copy.deepcopy(answer)
                given = lie(answer)
                answer = answer if given is None else given
        return answer

    monkeypatch.setattr(online._server.core, "ask", ask)
    return lambda pattern, lie: lies.append((pattern, lie))


def of_healthy(**fields: Any) -> Lie:
    """Say something else of one run."""

    def lie(answer: Any) -> None:
        for edge in answer["project"]["runs"]["edges"]:
            if edge["node"]["name"] == "healthy1":
                edge["node"].update(fields)

    return lie


def one_line(text: str) -> str:
    assert text.isprintable()
    assert KEY not in text
    return text


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, b"<html><form>log in</form></html>", r"with a web page \(a login page\?\) \(project acme/vision\)"),
        (200, b"\xff\xfe", "with something other than JSON objects"),
        (200, b"[]", "with something other than JSON objects"),
        (200, b"null", "something other than JSON objects|has no project"),
        (200, b'{"data": null}', "something other than JSON objects|has no project"),
        (200, b'{"data": []}', "has no project"),
        (200, b'{"data": ' + b"[" * 5000 + b"]" * 5000 + b"}", "something other than JSON objects|has no project"),
        (200, b'{"data": ' + DEEP.encode() + b"}", "with something other than JSON objects"),
        (200, b'{"data": {"project": 3}}', "has no project"),
        (200, b'{"data": {"project": {}}}', "has no runs"),
        (200, b'{"data": {"project": {"runs": {"edges": 3}}}}', "has no edges"),
        (200, b'{"data": {"project": {"runs": {"edges": []}}}}', "has no pageInfo"),
        (200, b'{"data": {"project": {"runs": {"edges": [], "pageInfo": {"hasNextPage": true}}}}}', "has no endCursor"),
        (
            200,
            json.dumps({"errors": [{"message": f"\x1b[2J {KEY}\nx"}]}).encode(),
            r"refuses the request .*\\x1b\[2J … x",
        ),
        (302, b"", "refuses the request"),
    ],
)
def test_an_answer_of_another_form_is_one_line(
    server: Server, online: OnlineAdapter, status: int, body: bytes, says: str
) -> None:
    server.faults = [Fault("^Runs$", times=99, status=status, body=body)]
    with pytest.raises(TrackerError, match=says) as error:
        list(online.list_runs(VISION))
    one_line(str(error.value))
    try:
        assert all(isinstance(run, Failure) for run in online.load_runs(IDS))
    except TrackerError as error_of_loading:
        one_line(str(error_of_loading))


@pytest.mark.parametrize("models", [3, {"edges": 3}, {"edges": [None]}, {"edges": [{"node": {"name": 3}}]}])
def test_projects_of_another_form_are_one_line(online: OnlineAdapter, tell: Tell, models: Any) -> None:
    tell("GetProjects", lambda _: {"models": models})
    with pytest.raises(TrackerError, match="check WANDB_BASE_URL"):
        list(online.list_runs(Query(everything=True)))


@pytest.mark.parametrize("cursor", ["the same", None])
def test_a_list_without_end_is_given_up(online: OnlineAdapter, tell: Tell, cursor: str | None) -> None:
    count = iter(range(10**6))

    def lie(answer: Any) -> None:
        for connection in (answer.get("models"), (answer.get("project") or {}).get("runs")):
            if connection:
                connection["pageInfo"] = {"hasNextPage": True, "endCursor": cursor or f"c{next(count)}"}

    tell("Runs", lie)
    with pytest.raises(TrackerError, match="gives the same page again and again"):
        list(online.list_runs(VISION))
    tell("GetProjects", lie)
    with pytest.raises(TrackerError, match="gives the same page again and again"):
        list(online.list_runs(Query(everything=True)))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"config": DEEP}, "config cannot be read: nested too deeply"),
        ({"summaryMetrics": NESTED}, "summary cannot be read: nested too deeply"),
        ({"config": "3"}, "config cannot be read: it is not a JSON object"),
        ({"config": [1]}, "config cannot be read: it is not a JSON object"),
        ({"summaryMetrics": '"x"'}, "summary cannot be read: it is not a JSON object"),
        ({"summaryMetrics": "{"}, "summary cannot be read"),
        ({"createdAt": ["2024"]}, "is not a time"),
        ({"state": None}, "has no state"),
        ({"tags": "abc"}, "has no tags"),
        ({"tags": [1]}, "has no tags"),
        ({"displayName": {}}, "has no displayName"),
        ({"group": 3}, "has no group"),
    ],
)
def test_a_run_of_another_form_fails_alone(
    server: Server, online: OnlineAdapter, tell: Tell, fields: dict[str, Any], says: str
) -> None:
    tell("Runs", of_healthy(**fields))
    for found in (list(online.list_runs(VISION)), list(online.load_runs(IDS))):
        (failure,) = (one for one in found if isinstance(one, Failure))
        assert failure.id == HEALTHY
        assert re.search(says, one_line(failure.reason))
        assert {one.id for one in found} == set(IDS)


@pytest.mark.parametrize("heartbeat", ["soon", 7, ["x"], "9999-12-31T23:59:59-23:59", "0001-01-01"])
def test_a_run_without_a_time_keeps_its_place(online: OnlineAdapter, tell: Tell, heartbeat: Any) -> None:
    honest = [listing.id for listing in online.list_runs(VISION)]
    tell("Runs", of_healthy(heartbeatAt=heartbeat))
    found = list(online.list_runs(VISION))
    assert [one.id for one in found] == honest
    if not isinstance(heartbeat, str) or heartbeat == "soon":
        assert [one.id for one in found if isinstance(one, Failure)] == [HEALTHY]


@pytest.mark.parametrize("node", [None, 3, "x", [], {}, {"name": None}, {"name": 7}])
def test_a_run_without_a_name_fails_by_its_place(online: OnlineAdapter, tell: Tell, node: Any) -> None:
    def lie(answer: Any) -> None:
        answer["project"]["runs"]["edges"].insert(1, {"node": node})

    tell("Runs", lie)
    listed = list(online.list_runs(VISION))
    assert [one.id for one in listed if isinstance(one, Failure)] == ["acme/vision/run 2 of the list"]
    assert len([one for one in listed if isinstance(one, Listing)]) == 4
    assert all(isinstance(one, Run) for one in online.load_runs(IDS))


def test_runs_that_were_not_asked_for_are_left_aside(online: OnlineAdapter, tell: Tell) -> None:
    tell("Runs", of_healthy(name="foreign"))
    (failure,) = online.load_runs([HEALTHY])
    assert isinstance(failure, Failure)
    assert "has no run acme/vision/healthy1" in failure.reason


@pytest.mark.parametrize("method", ["find_run", "remove"])
def test_another_run_than_was_asked_for_is_said(server: Server, online: OnlineAdapter, tell: Tell, method: str) -> None:
    tell("Run", lambda answer: answer["project"]["run"].update(name="foreign"))
    with pytest.raises(TrackerError, match="answered with another run than acme/vision/healthy1"):
        getattr(online, method)(HEALTHY)
    assert not [request for request in server.requests if request.changes]


@pytest.mark.parametrize(
    ("history", "says"),
    [
        (["3"], "a row of its history is not a JSON object"),
        ([7], "a row of its history is not a JSON object"),
        (["{"], "Expecting"),
        ([NESTED], "nested too deeply"),
        ("abc", "has no history"),
        ({}, "has no history"),
        (["{}"] * 9_999, "more rows of its history than the 60 it reports"),
    ],
)
def test_a_history_of_another_form_is_its_runs_failure(
    server: Server,
    online: OnlineAdapter,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
    history: Any,
    says: str,
) -> None:
    monkeypatch.setattr(histories, "PAGE", 1000)
    server.run("sparse1").exported = len(server.run("sparse1").history)
    tell("HistoryPage", lambda answer: answer["project"]["run"].update(history=history))
    loaded = {run.id: run for run in online.load_runs([HEALTHY, "acme/vision/sparse1"])}
    failure = loaded[HEALTHY]
    assert isinstance(failure, Failure)
    assert says in one_line(failure.reason)
    assert isinstance(loaded["acme/vision/sparse1"], Run)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"historyLineCount": "many"}, "has no historyLineCount"),
        ({"historyKeys": [1]}, "has no historyKeys"),
        ({"historyKeys": {"lastStep": "Infinity"}}, "OverflowError"),
        ({"files": None}, "has no files"),
        ({"files": {"edges": [{"node": {"name": 3}}]}}, "has no name"),
    ],
)
def test_what_goes_with_a_history_may_lie_too(
    online: OnlineAdapter, tell: Tell, fields: dict[str, Any], says: str
) -> None:
    tell("Runs", of_healthy(**fields))
    loaded = {run.id: run for run in online.load_runs(IDS)}
    failure = loaded[HEALTHY]
    assert isinstance(failure, Failure)
    assert says in one_line(failure.reason)
    assert len([run for run in loaded.values() if isinstance(run, Run)]) == 3


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gs://bucket/x", "//evil/x", "/etc/passwd", "http://[x", ""])
def test_files_are_fetched_from_the_web_alone(server: Server, online: OnlineAdapter, tell: Tell, url: str) -> None:
    server.requests.clear()
    edges = [{"node": {"name": "model_summary.txt", "directUrl": url}}]
    tell("Runs", of_healthy(files={"edges": edges}))
    (failure,) = online.load_runs([HEALTHY])
    assert isinstance(failure, Failure)
    assert "is not http(s)" in failure.reason


def test_a_file_that_is_too_large_is_not_read(
    server: Server, online: OnlineAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker_diag.adapters.wandb.reading.LONGEST_FILE", 10)
    server.store.blobs["/run-file/acme/vision/healthy1/model_summary.txt"] = b"x" * 11
    server.run("healthy1").files["model_summary.txt"] = b"x" * 11
    (failure,) = online.load_runs([HEALTHY])
    assert isinstance(failure, Failure)
    assert re.search("11 bytes.* more than the .*10", failure.reason)


def test_a_profile_that_is_nested_deeply_is_not_used(server: Server, online: OnlineAdapter) -> None:
    server.store.blobs["/run-file/acme/vision/healthy1/diagnosis/profile.json"] = NESTED.encode()
    server.run("healthy1").files["diagnosis/profile.json"] = NESTED.encode()
    (run,) = online.load_runs([HEALTHY])
    assert isinstance(run, Run)
    assert run.profile is None


@pytest.mark.parametrize("status", [401, 429, 503])
def test_what_concerns_the_server_ends_the_reading(server: Server, online: OnlineAdapter, status: int) -> None:
    server.faults = [Fault("^HistoryPage$", times=99, status=status)]
    with pytest.raises(AwayError):
        list(online.load_runs(IDS))


# Writing


@pytest.mark.parametrize("summary", [NESTED, "[]", "3", "{", '"x"'])
def test_a_summary_that_cannot_be_read_is_not_overwritten(
    server: Server, online: OnlineAdapter, tell: Tell, summary: str
) -> None:
    before = server.run("healthy1").summary
    tell("Run", lambda answer: answer["project"]["run"].update(summaryMetrics=summary))
    for change in (lambda: online.write(HEALTHY, DIAGNOSIS), lambda: online.remove(HEALTHY)):
        with pytest.raises(TrackerError, match="summary cannot be read"):
            change()
    assert server.run("healthy1").summary == before


@pytest.mark.parametrize(
    "fields", [{"id": None}, {"tags": "abc"}, {"tags": [3]}, {"files": None}, {"files": {"edges": [3]}}, {"state": 3}]
)
def test_what_stands_there_is_not_guessed(
    server: Server, online: OnlineAdapter, tell: Tell, fields: dict[str, Any]
) -> None:
    tell("Run", lambda answer: answer["project"]["run"].update(fields))
    with pytest.raises(TrackerError, match="check WANDB_BASE_URL"):
        online.write(HEALTHY, DIAGNOSIS)
    assert not [request for request in server.requests if request.changes]


def _place(**fields: Any) -> Lie:
    return lambda answer: answer["createRunFiles"]["files"][0].update(fields)


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (_place(name="diagnosis/../../precious.txt"), "gave an invalid upload address; nothing was stored"),
        (_place(name="diagnosis/profile.json"), "gave an invalid upload address; nothing was stored"),
        (_place(name=3), "has no name"),
        (_place(uploadUrl="file:///tmp/x"), "gave an invalid upload address; nothing was stored"),
        (_place(uploadUrl=None), "has no uploadUrl"),
        (lambda answer: answer["createRunFiles"].update(files=[]), "gave no upload address for some of the files"),
        (lambda answer: answer["createRunFiles"].update(files=None), "has no files"),
        (lambda answer: answer["createRunFiles"].update(uploadHeaders=[3]), "has no uploadHeaders"),
        (lambda answer: {}, "has no createRunFiles"),
    ],
)
def test_files_go_only_where_they_were_asked_for(
    server: Server, online: OnlineAdapter, tell: Tell, lie: Lie, says: str
) -> None:
    tell("PrepareFiles", lie)
    with pytest.raises(TrackerError, match=says):
        online.write(HEALTHY, DIAGNOSIS)
    assert not [request for request in server.requests if request.name.startswith("PUT")]
    assert "diag/fingerprint" not in json.loads(server.run("healthy1").summary)


@pytest.mark.parametrize("pattern", ["^PrepareFiles$", "^PUT", "^UpsertBucket$"])
def test_a_run_that_may_not_be_written_to_is_told_from_others(
    server: Server, online: OnlineAdapter, pattern: str
) -> None:
    server.faults = [Fault(pattern, times=99, status=403)]
    with pytest.raises(DeniedError):
        online.write(HEALTHY, DIAGNOSIS)
    server.faults = []
    assert online.write(HEALTHY, DIAGNOSIS) == ""


def test_a_project_that_can_only_be_read_is_told_from_others(server: Server, online: OnlineAdapter) -> None:
    server.store.read_only.add("vision")
    for change in (lambda: online.write(HEALTHY, DIAGNOSIS), lambda: online.remove(HEALTHY)):
        with pytest.raises(DeniedError):
            change()


@pytest.mark.parametrize(
    "address",
    [
        "http:/bob:PW-of-bob@h",
        "//bob:PW-of-bob@h",
        "http://bob:PW/of/bob@h",
        "http://bob:PW#of-bob@h:1",
        "http://b:PW-of-bob@h:x",
    ],
)
def test_an_address_that_is_none_is_said_without_its_password(
    address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", address)
    with pytest.raises(TrackerError, match="WANDB_BASE_URL is not an address") as error:
        connect("vision")
    shown = "".join(capfd.readouterr()) + one_line(str(error.value))
    assert "PW" not in shown
    assert "of-bob" not in shown
