"""Overviews of projects, on the loopback server, by the real client."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.adapters.wandb.server import Server, StoredRun
from tracker_diag.adapters.base import DeniedError, Query, TrackerError
from tracker_diag.adapters.overviews import EXPERIMENT, Publication, Publisher
from tracker_diag.adapters.wandb.names import Names
from tracker_diag.adapters.wandb.online import OnlineAdapter
from tracker_diag.adapters.wandb.overview_run import chosen

FILES = {"experiment.html": b"<p>one</p>" * 500, "experiment.csv": b"id\r\n"}


def stored(server: Server) -> list[StoredRun]:
    return [run for run in server.store.runs.values() if run.project == EXPERIMENT]


def test_it_holds_overviews(online: OnlineAdapter) -> None:
    assert isinstance(online, Publisher)
    assert online.overviews(None) == online.overviews({"vision"}) == ()
    assert online.withdraw(None) == 0


def test_an_overview_is_a_run_of_its_own_and_the_next_one_a_row_of_it(
    server: Server, online: OnlineAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a user's environment holds must not open the user's run.
    monkeypatch.setenv("WANDB_RUN_ID", "healthy")
    before = {key: json.dumps(vars(run), default=str) for key, run in server.store.runs.items()}
    first = online.publish(Publication("vision", {"runs": 3.0, "verdict/good-fit": 3.0}, FILES))
    (run,) = stored(server)
    assert first == f"acme/{EXPERIMENT}/{run.name}"
    assert {name: content for name, content in run.files.items() if name.startswith("diagnosis/")} == {
        f"diagnosis/{name}": content for name, content in FILES.items()
    }
    assert online.publish(Publication("vision", {"runs": 4.0, "verdict/frozen": 4.0}, {})) == first
    (run,) = stored(server)
    assert [row["runs"] for row in run.rows()] == [3.0, 4.0]
    summary = json.loads(run.summary)
    assert (summary["verdict/good-fit"], summary["verdict/frozen"]) == (0.0, 4.0)
    assert online.overviews({"vision"}) == online.overviews({"acme/vision"}) == online.overviews(None) == (first,)
    # Sweeps leave it out by this tag.
    (listing,) = online.list_runs(Query((EXPERIMENT,)))
    assert listing.tags["diag.control"] == "overview"  # type: ignore[union-attr]
    others = {key: run for key, run in server.store.runs.items() if run.project != EXPERIMENT}
    assert {key: json.dumps(vars(run), default=str) for key, run in others.items()} == before


def test_only_the_overviews_asked_for_are_deleted(server: Server, online: OnlineAdapter) -> None:
    for name in ("vision", "text"):
        online.publish(Publication(name, {"runs": 1.0}, FILES))
    vision = next(run for run in stored(server) if json.loads(run.config)["diag/overview-of"]["value"] == "acme/vision")
    for other in (
        replace(vision, name="user1", job_type="train"),
        replace(vision, name="user2", config="{}"),
        replace(vision, name="user3", config='{"diag/overview-of": {"value": "acme/vision"}}'),
        replace(vision, name="elsewhere", project="vision"),
    ):
        server.store.add(other)
    kept = {"user1", "user2", "user3", "elsewhere"}
    assert online.withdraw({"other"}) == 0
    assert online.withdraw({"vision"}) == 1
    assert online.withdraw({"vision"}) == 0
    assert online.withdraw(None) == 1
    assert kept <= {run.name for run in server.store.runs.values()}
    assert {run.name for run in stored(server)} == kept - {"elsewhere"}


@pytest.mark.parametrize(
    "node",
    [
        None,
        {},
        {"jobType": "overview"},
        {"jobType": "overview", "config": "no json"},
        {"jobType": "overview", "config": "[]"},
        {"jobType": "overview", "config": '{"diag/control": "overview", "diag/overview-of": "acme/vision"}'},
        {"jobType": "overview", "config": '{"diag/control": {"value": "overview"}, "diag/overview-of": {"value": 3}}'},
    ],
)
def test_whatever_else_lies_there_is_none_of_ours(node: object) -> None:
    assert chosen([node], Names("diag."), None) == []


def test_one_that_was_deleted_is_made_anew(server: Server, online: OnlineAdapter) -> None:
    first = online.publish(Publication("vision", {"runs": 1.0}, FILES))
    online.withdraw({"vision"})
    assert online.publish(Publication("vision", {"runs": 2.0}, FILES)) != first
    assert [row["runs"] for run in stored(server) for row in run.rows()] == [2.0]


def test_a_project_that_may_not_be_written_to_is_said(server: Server, online: OnlineAdapter) -> None:
    online.publish(Publication("vision", {"runs": 1.0}, FILES))
    server.store.read_only.add(EXPERIMENT)
    with pytest.raises(TrackerError) as caught:
        online.publish(Publication("vision", {"runs": 1.0}, FILES))
    assert "\n" not in str(caught.value)
    with pytest.raises(DeniedError):
        online.withdraw(None)
