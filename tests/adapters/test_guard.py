from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import pytest

from tests.runs import make_runs
from tracker_diag.adapters.base import AwayError, Failure, Listing, TrackerError, UnknownRunError
from tracker_diag.adapters.guard import find_one, guarded, load_each, one_line
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.core.foreign_json import read_json, read_json_mapping
from tracker_diag.core.run import InvalidRunError, Run


class Breaking(MemoryAdapter):
    """A tracker whose bulk answers break off at some runs, with an error that nobody foresaw."""

    broken: frozenset[str] = frozenset()
    away: frozenset[str] = frozenset()
    asked = 0

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        self.asked += 1
        for run in super().load_runs(ids):
            if run.id in self.away:
                raise AwayError("the tracker went away")
            if run.id in self.broken:
                raise KeyError("info")
            yield run

    def find_run(self, run_id: str) -> Listing:
        if run_id in self.broken:
            raise KeyError("info")
        return super().find_run(run_id)


@pytest.mark.parametrize("broken", [[], [0], [15], [7, 8], range(16), range(0, 16, 3)])
def test_the_runs_to_blame_fail_alone_each_run_comes_once(broken: Sequence[int]) -> None:
    tracker = Breaking(make_runs(16))
    tracker.broken = frozenset(f"run-{i:03d}" for i in broken)
    loaded = list(load_each(tracker, list(tracker.runs)))
    assert sorted(run.id for run in loaded) == sorted(tracker.runs)
    assert {run.id for run in loaded if isinstance(run, Failure)} == tracker.broken
    assert {run.reason for run in loaded if isinstance(run, Failure)} <= {"KeyError: 'info'"}
    # Each run to blame costs as many further requests as it takes to halve its way to it.
    assert tracker.asked <= 1 + 2 * 4 * max(len(broken), 0)


def test_a_tracker_that_is_away_is_not_asked_run_by_run() -> None:
    tracker = Breaking(make_runs(8))
    tracker.away = frozenset({"run-003"})
    with pytest.raises(AwayError):
        list(load_each(tracker, list(tracker.runs)))
    assert tracker.asked == 1


def test_a_run_that_cannot_be_found_for_its_data_is_said_in_one_line() -> None:
    tracker = Breaking(make_runs(2))
    tracker.broken = frozenset({"run-001"})
    assert find_one(tracker, "run-000").id == "run-000"
    with pytest.raises(TrackerError, match=r"^run run-001: KeyError: 'info'$"):
        find_one(tracker, "run-001")
    with pytest.raises(UnknownRunError):
        find_one(tracker, "run-002")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TrackerError("denied:\n  ask"), "denied:   ask"),
        (InvalidRunError("tags", "a mapping is needed"), "tags: a mapping is needed"),
        (OSError(5, "Input/output error", "/runs/x"), "/runs/x: Input/output error"),
        (RecursionError("maximum recursion depth exceeded"), "RecursionError: maximum recursion depth exceeded"),
        (ValueError(), "ValueError"),
        (ValueError("x" * 900), f"ValueError: {'x' * 499}…"),
    ],
)
def test_a_failure_says_its_reason_in_one_line(error: Exception, said: str) -> None:
    assert one_line(error) == said


def test_the_log_holds_the_traceback_and_tells_bad_data_from_defects(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tracker_diag")

    def fail(error: Exception) -> object:
        def read() -> None:
            raise error

        return guarded("r1", read)

    assert fail(TypeError("'list' has no attribute 'get'")) == Failure("r1", "TypeError: 'list' has no attribute 'get'")
    assert guarded("r1", lambda: 3) == 3
    with pytest.raises(AwayError):
        fail(AwayError("gone"))
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.exc_info is not None


def test_json_of_any_depth_is_read_or_refused() -> None:
    assert read_json('{"a": NaN}')["a"] != 0
    for text in ("[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000, "{", "", b"\xff\xfe\xff"):
        with pytest.raises(ValueError, match=r"."):
            read_json(text)
        assert read_json_mapping(text) is None
    assert read_json_mapping(None) is None
    assert read_json_mapping("[1]") is None
    assert read_json_mapping('{"a": 1}') == {"a": 1}
