from __future__ import annotations

import pytest

from scripts.killing import STORES, survive


@pytest.mark.parametrize("kind", STORES)
def test_sweeps_that_are_killed_in_the_middle_leave_nothing_half_done_and_nothing_behind(kind: str) -> None:
    found = survive(kind, kills=6, seed=3)
    assert found["kills"] == 6
    # What the kills left is there before the last sweep, and not after it: else this would show nothing.
    assert found["left_behind_by_kills"] or kind == "sqlite"
    assert (found["last_exit_code"], found["differing"], found["foreign"]) == (0, [], [])
    assert found["equal"]
    assert found["untouched"]
