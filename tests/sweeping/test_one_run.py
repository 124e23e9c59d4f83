from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.runs import make_run, make_runs
from tracker_diag.adapters.base import Failure, Listing, Query, TrackerError, UnknownRunError
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.core.run import Run
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.one_run import diagnose_run


class Partial(MemoryAdapter):
    """Finds its runs, and does not give what it found, or does not list."""

    def __init__(self, runs: Sequence[Run], *, gives: Failure | None = None, lists: bool = True) -> None:
        super().__init__(runs)
        self.gives, self.lists = gives, lists

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        if self.lists:
            return iter(() if self.gives is None else (self.gives,))
        return super().load_runs(ids)

    def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
        if not self.lists:
            raise TrackerError("the listing is refused")
        return super().list_runs(query)


def test_nothing_is_written_unless_it_is_asked_for() -> None:
    tracker = MemoryAdapter(make_runs(3))
    looked = diagnose_run(tracker, "run-001", Settings(), write=False)
    assert (looked.report.verdict, looked.listing.id, looked.notes) == ("overfitting", "run-001", ())
    assert not any(run.tags for run in tracker.runs.values())
    written = diagnose_run(tracker, "run-001", Settings(), write=True)
    assert written.report == looked.report
    assert [run_id for run_id, run in tracker.runs.items() if run.tags] == ["run-001"]


def test_the_runs_it_is_compared_with_are_counted() -> None:
    seen: list[tuple[int, int | None]] = []
    tracker = MemoryAdapter(make_runs(4))
    diagnose_run(tracker, "run-001", Settings(), write=False, advance=lambda done, total: seen.append((done, total)))
    assert seen == [(2, None), (3, None), (4, None)]


def test_a_run_that_cannot_be_compared_is_diagnosed_and_says_so() -> None:
    found = diagnose_run(Partial([make_run(1, "overfitting")], lists=False), "run-001", Settings(), write=False)
    assert found.report.verdict == "overfitting"
    assert found.notes == ("could not compare the run with others of its experiment: the listing is refused",)


def test_what_calls_it_off_is_not_taken_for_a_fault_of_the_runs() -> None:
    tracker = MemoryAdapter(make_runs(3))

    def call_off(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        diagnose_run(tracker, "run-001", Settings(), write=True, advance=call_off)
    assert not any(run.tags for run in tracker.runs.values())


def test_a_run_that_is_not_returned_is_said() -> None:
    with pytest.raises(UnknownRunError, match="does not return it"):
        diagnose_run(Partial([make_run(1, "overfitting")]), "run-001", Settings(), write=False)
    damaged = Partial([make_run(1, "overfitting")], gives=Failure("run-001", "its history is damaged"))
    with pytest.raises(TrackerError, match="run run-001: its history is damaged"):
        diagnose_run(damaged, "run-001", Settings(), write=False)
