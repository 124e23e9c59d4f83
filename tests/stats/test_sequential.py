"""The ladder of lengths, and what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stats.curves import settled, steps
from tracker_diag.stats.sequential import ENDED, look
from tracker_diag.stats.turning import turning


def test_the_rungs() -> None:
    rungs = sorted({found.points for n in range(8, 200) if (found := look(n))})
    assert rungs == [8, 12, 16, 24, 32, 48, 64, 96, 128, 192]


def test_below_the_first_rung_nothing_is_judged() -> None:
    assert look(7) is None


@given(st.integers(8, 10**9))
def test_at_least_half_of_the_points_are_judged_and_none_that_are_not_there(n: int) -> None:
    found = look(n)
    assert found is not None
    assert n / 2 < found.points <= n


def test_the_shares_add_up_to_no_more_than_one_with_the_last_look() -> None:
    shares = {found.points: found.share for n in range(8, 100_000) if (found := look(n))}
    assert 0.9 < sum(shares.values()) + ENDED <= 1
    assert sum(shares.values()) < 0.2
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


@pytest.mark.parametrize("phi_free", [0.02, 0.1])
def test_fifty_looks_and_the_last_one_cost_no_more_than_one(phi_free: float) -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(150):
        y = settled(rng, 400) + phi_free * rng.standard_normal(400)
        judged = {found for n in np.geomspace(8, 400, 50).astype(int) if (found := look(int(n)))}
        going = any(turning(steps(f.points), y[: f.points]).p <= 0.01 * f.share for f in judged)
        alarms += going or turning(steps(400), y).p <= 0.01 * ENDED
    assert alarms / 150 <= 0.02
