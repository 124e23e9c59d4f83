"""What a call may come to, over the protocol, with a tracker in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import CallToolResult

from tests.runs import make_run, make_runs
from tracker_diag.adapters.base import Adapter, Listing
from tracker_diag.adapters.locating import Location
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.agents import serving
from tracker_diag.agents.source import Source
from tracker_diag.core.run import Run
from tracker_diag.settings.settings import Settings


def call(tracker: Adapter | Exception, name: str, arguments: Mapping[str, Any]) -> CallToolResult:
    class InMemory(Source):
        """A source whose tracker is in memory, or fails."""

        @contextmanager
        def opened(self, settings: Settings) -> Iterator[Adapter]:
            if isinstance(tracker, Exception):
                raise tracker
            yield tracker

    source = InMemory(Location("mlflow"), (), Settings, frozenset())

    async def main() -> CallToolResult:
        with anyio.fail_after(60):
            async with Client(serving.server(source, may_write=False)) as client:
                return await client.call_tool(name, dict(arguments))

    return anyio.run(main)


def line(result: CallToolResult) -> str:
    (block,) = result.content
    assert result.is_error
    assert block.type == "text"
    assert len(block.text.splitlines()) == 1
    return block.text


@pytest.mark.expects_defects
def test_a_defect_is_one_line_and_its_traceback_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    said = line(call(ZeroDivisionError("a\nb"), "list_runs", {"everything": True}))
    assert said.startswith("internal error: ZeroDivisionError: a b; this is a bug in tracker-diag")
    assert "Traceback" not in said
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_what_the_system_refuses_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    assert line(call(PermissionError(13, "Permission denied", "mlflow.db"), "sweep", {"everything": True})) == (
        "mlflow.db: Permission denied"
    )
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_an_answer_that_is_too_long_says_how_to_get_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "LARGEST", 2_000)
    said = line(call(MemoryAdapter(make_runs(9)), "sweep", {"everything": True}))
    assert said.endswith("characters): ask for fewer rows, or leave curves out")


def test_runs_that_the_tool_made_itself_are_not_listed() -> None:
    overview = make_run(1, "healthy", tags={"diag.control": "overview"})
    result = call(MemoryAdapter([make_run(0, "healthy"), overview]), "list_runs", {"everything": True})
    assert [run["id"] for run in result.structured_content["runs"]] == ["run-000"]


class Linked(MemoryAdapter):
    """Gives links as they stand in a run's name."""

    def link(self, listing: Listing) -> str | None:
        return listing.name


@pytest.mark.parametrize(
    ("name", "link"),
    [("http://h/#/runs/1", "http://h/#/runs/1"), ("javascript:alert(1)", None), ("http://u:hunter22@h/", None)],
)
def test_a_link_is_a_page_or_nothing(name: str, link: str | None) -> None:
    tracker = Linked([Run.from_dict({"id": "run-000", "name": name})])
    listed = call(tracker, "list_runs", {"everything": True}).structured_content["runs"]
    found = call(tracker, "diagnose_run", {"run_id": "run-000"}).structured_content
    swept = call(tracker, "sweep", {"everything": True}).structured_content["runs"]
    assert [listed[0]["link"], found["link"], swept[0]["link"]] == [link] * 3


def test_runs_beyond_the_limit_are_told_of() -> None:
    overview = make_run(9, "healthy", tags={"diag.control": "overview"})
    tracker = MemoryAdapter([*make_runs(3), overview])

    def told(limit: int) -> tuple[bool, int]:
        found = call(tracker, "sweep", {"everything": True, "limit": limit}).structured_content
        assert found["left_out"] == {"runs": 0, "failures": 0}
        return found["limit_reached"], len(found["runs"])

    assert [told(limit) for limit in (1, 2, 3, 4, 5)] == [(True, 0), (True, 1), (True, 2), (False, 3), (False, 3)]


def test_what_no_page_is_of_is_said_without_a_command() -> None:
    assert line(call(MemoryAdapter(), "explain", {"name": "ovrfitting"})) == (
        "no rule or verdict 'ovrfitting'; did you mean overfitting?; use a verdict, a cause or a code from an answer"
    )
    assert "`" not in line(call(MemoryAdapter(), "explain", {"name": "no such thing at all"}))
