"""What an adapter says at the end, and what becomes of it when it cannot."""

from __future__ import annotations

import pytest

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.closing import Done
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.cli.below import closing_lines


class Talking(MemoryAdapter):
    away = False

    def closing(self, done: Done) -> tuple[str, ...]:
        if self.away:
            raise TrackerError("the tracker is away")
        return (f"see {(*done.ids, *done.standing)[0]}",)


def test_only_a_tracker_that_has_something_to_say_is_asked() -> None:
    assert closing_lines(Talking(), Done(("a", "b"))) == ("see a",)
    assert closing_lines(Talking(), Done((), ("c",))) == ("see c",)
    assert closing_lines(Talking(), Done(())) == ()
    assert closing_lines(MemoryAdapter(), Done(("a",))) == ()


def test_that_it_cannot_be_said_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    adapter = Talking()
    adapter.away = True
    assert closing_lines(adapter, Done(("a",))) == ()
    assert "the tracker is away" in caplog.text
