"""Overviews in memory, and what tells one from other runs."""

from __future__ import annotations

import pytest

from tests.adapters.overviews import OverviewContract
from tests.adapters.test_memory import MemoryTracker
from tracker_diag.adapters.overviews import is_overview, marks


class TestMemory(OverviewContract):
    @pytest.fixture
    def tracker(self) -> MemoryTracker:
        return MemoryTracker()

    def test_where_there_are_none_none_are_deleted(self, tracker: MemoryTracker) -> None:  # type: ignore[override]
        assert tracker.adapter.withdraw(None) == tracker.adapter.withdraw({"a"}) == 0


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"diag.control": "overview"},
        {"diag.overview-of": "a"},
        {"diag.control": "random-input", "diag.overview-of": "a"},
        marks("a", "other."),
    ],
)
def test_a_run_without_both_marks_is_none(tags: dict[str, str]) -> None:
    assert not is_overview(tags, "diag.", None)
    assert not is_overview(tags, "diag.", {"a"})


def test_the_marks_say_whose_it_is() -> None:
    assert is_overview(marks("a", "diag."), "diag.", None)
    assert is_overview(marks("a", "diag."), "diag.", ("a",))
    assert not is_overview(marks("a", "diag."), "diag.", ("b",))
