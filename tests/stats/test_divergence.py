"""Lost and blown-up curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.stats.curves import FloatArray, settled
from tracker_diag.stats.divergence import LARGEST, divergence

NAN, INF = np.nan, np.inf


def test_nan_to_the_end() -> None:
    found = divergence(np.array([3, 2, 1, NAN, NAN]))
    assert (found.lost, found.holes) == (3, 0)


@pytest.mark.parametrize("hole", [NAN, INF, -INF])
def test_a_hole_is_not_the_end(hole: float) -> None:
    found = divergence(np.array([3, 2, hole, 1, 0.5]))
    assert (found.lost, found.holes) == (None, 1)


def test_nothing_finite() -> None:
    assert divergence(np.full(5, NAN)).lost == 0
    assert divergence(np.empty(0)).lost is None


def test_a_blow_up_and_its_size() -> None:
    y = np.concatenate((np.linspace(2, 1, 10), np.full(10, 11.0)))
    found = divergence(y)
    assert found.blown == 10
    assert found.factor == pytest.approx(10)


def test_a_spike_that_is_recovered_from_is_no_blow_up() -> None:
    y = np.linspace(2, 1, 20)
    y[10] = 1e308
    assert divergence(y).blown is None


def test_healthy_curves_do_not_blow_up() -> None:
    rng = np.random.default_rng(0)
    assert not any(divergence(settled(rng, 30) + 0.05 * rng.standard_normal(30)).blown for _ in range(200))


@given(arrays(np.float64, st.integers(0, 30)))
def test_any_floats(y: FloatArray) -> None:
    found = divergence(y)
    good = np.isfinite(y) & (np.abs(y) < LARGEST)
    if y.size == 0 or good[-1]:
        assert found.lost is None
    if found.lost is not None:
        assert not good[found.lost :].any()
        assert found.lost == 0 or good[found.lost - 1]
    assert np.isfinite(found.factor)


@pytest.mark.parametrize(
    ("y", "lost"),
    [
        ([2, 1, NAN, 1, NAN], None),
        ([2, 1, NAN, 1, NAN, NAN], 4),
        ([2, 1, NAN, NAN, 1, NAN], None),
        ([2, 1, 1, 1, NAN], 4),
        ([NAN, NAN], 0),
        ([2, 1, 1e160, 1e308], 2),
    ],
)
def test_as_long_a_hole_as_was_recovered_from_before_is_no_loss(y: list[float], lost: int | None) -> None:
    assert divergence(np.array(y, dtype=float)).lost == lost


@given(arrays(np.float64, st.integers(4, 30), elements=st.floats(-1e6, 1e6, allow_subnormal=False)))
def test_scale(y: FloatArray) -> None:
    before, after = divergence(y), divergence(y * 2.0**20)
    assert after.blown == before.blown
    assert after.factor == pytest.approx(before.factor, rel=1e-6)


def test_as_large_as_infinite_is_lost_and_less_is_not() -> None:
    assert divergence(np.array([1.0, 1, 1, LARGEST])).lost == 3
    assert divergence(np.array([1.0, 1, 1, -LARGEST])).lost == 3
    assert divergence(np.array([1.0, 1, 1, np.nextafter(LARGEST, 0)])).lost is None


@pytest.mark.parametrize(
    ("y", "blown", "factor"),
    [
        # The best is 1, the most before it 3: a last quarter at x has to lie above 3, and is (x - 1) / 2 of the gain.
        ([3, 2, 1, 2, 3, 4, 5, 5], 5, 2.0),
        ([3, 2, 1, 2, 3, 3, 3, 3], None, 0.0),
        ([3, 2, 1, 4, 2, 4, 4, 4], 5, 1.5),
        # Four values are enough, of which the last is a quarter; the best must not be one of the last two.
        ([3, 1, 2, 4], 3, 1.5),
        ([3, 2, 1, 4], None, 0.0),
        ([3, 1, 4], None, 0.0),
        # Of eight values two are a quarter, and of seven one.
        ([3, 2, 1, 5, 5, 5, 3, 5], 7, 1.5),
        ([3, 2, 1, 5, 5, 3, 4], 6, 1.5),
        # What is not finite is left out, and counted in the place.
        ([NAN, 3, 2, 1, INF, 2, 3, 4, 5, 5], 7, 2.0),
    ],
)
def test_where_it_blew_up_and_how_far(y: list[float], blown: int | None, factor: float) -> None:
    found = divergence(np.array(y, dtype=float))
    assert (found.blown, found.factor) == (blown, pytest.approx(factor))


def test_where_nothing_was_gained_the_factor_is_as_large_as_can_be() -> None:
    assert divergence(np.array([1.0, 1, 1, 2, 2, 2])).factor == 1e300
    assert divergence(np.array([1.0, 1, 1, 2, 2, 2])).blown == 3


def test_holes_are_counted_up_to_where_it_is_lost() -> None:
    found = divergence(np.array([NAN, 1, NAN, 2, INF, INF, INF]))
    assert (found.lost, found.holes) == (4, 2)
    found = divergence(np.array([NAN, 1, NAN, 2]))
    assert (found.lost, found.holes, found.blown, found.factor) == (None, 2, None, 0.0)
    assert divergence(np.empty(0)).factor == divergence(np.full(3, NAN)).factor == 0.0
