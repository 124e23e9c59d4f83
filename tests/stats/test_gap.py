"""The distance of two curves at their end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import t

from tests.stats.curves import FloatArray, ar1, settled, values
from tracker_diag.stats.gap import gap
from tracker_diag.stats.noise import autocorrelation
from tracker_diag.stats.too_short import TooShortError


def test_the_value_is_the_difference_of_the_ends() -> None:
    found = gap(np.full(20, 3.0), np.concatenate((np.full(10, 9.0), np.full(10, 1.0))))
    assert (found.value, found.upper, found.lower) == (2.0, 3.0, 1.0)


@pytest.mark.parametrize(("phi", "least"), [(0.0, 0.95), (0.6, 0.93), (0.9, 0.68)])
@pytest.mark.parametrize("n", [12, 20, 40, 200])
def test_the_interval_holds_the_truth(n: int, phi: float, least: float) -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        course = settled(rng, n)
        found = gap(course + 0.3 + 0.02 * ar1(rng, n, phi), course + 0.05 * ar1(rng, n, phi))
        held += found.low <= 0.3 <= found.high
    assert held / 200 >= least


@pytest.mark.parametrize("n", [8, 20, 100])
def test_the_interval_is_no_wider_than_it_need_be(n: int) -> None:
    rng = np.random.default_rng(2)
    ideal = 1.96 * np.hypot(0.02, 0.05) / np.sqrt(round(0.2 * n))
    found = [gap(0.02 * ar1(rng, n, 0.0), 0.05 * ar1(rng, n, 0.0)) for _ in range(200)]
    assert np.median([(f.high - f.low) / 2 for f in found]) < (2.5 if n < 10 else 2) * ideal


def test_a_later_half_that_goes_on_smoothly_is_no_noise() -> None:
    rounds = np.arange(40)
    found = gap(0.38 + 0.31 * np.exp(-rounds / 12), 0.18 + 0.51 * np.exp(-rounds / 20))
    assert (found.high - found.low) / 2 < 0.2 * found.value


def test_curves_of_different_lengths() -> None:
    rng = np.random.default_rng(1)
    found = gap(1 + 0.01 * rng.standard_normal(10), 0.5 + 0.01 * rng.standard_normal(2000))
    assert found.value == pytest.approx(0.5, abs=0.02)


@given(values)
def test_units_and_order(y: FloatArray) -> None:
    other = y[::-1].copy()
    there, back, scaled = gap(y, other), gap(other, y), gap(y * 32, other * 32)
    assert back.value == -there.value
    assert back.low == pytest.approx(-there.high)
    assert scaled.high == pytest.approx(32 * there.high, rel=1e-5, abs=1e-9)
    assert there.low <= there.value <= there.high


def test_too_short() -> None:
    for upper, lower in ((20, 3), (3, 20)):
        with pytest.raises(TooShortError, match="gap needs 4 points, got 3"):
            gap(np.ones(upper), np.ones(lower))


def end_by_hand(y: FloatArray, share: float) -> tuple[float, float, int, bool]:
    """Mean of the end, its variance, how many points tell it, and whether a line is taken from them."""
    n = y.size
    m = max(n // 2, 4)
    later = y[-m:]
    least = max(0.6, 1 - 4 / m)
    u = min(autocorrelation(y)[1], least) if n > 8 else 0.6
    covariance = u ** np.abs(np.subtract.outer(np.arange(m), np.arange(m)))
    line = np.arange(m) - np.arange(m).mean()
    line /= np.linalg.norm(line)
    away = later - later.mean()
    slope = float(line @ away)
    # Of noise of variance one a mean takes the first of these from the mean square, a line the second.
    level, tilt = float(covariance.mean()), float(line @ covariance @ line) / m
    around_mean = float(np.mean(away**2)) / (1 - level)
    around_line = (float(np.mean(away**2)) - slope**2 / m) / (1 - level - tilt)
    goes_on = abs(slope) > t.ppf(1 - 0.001 / 2, m - 2) * (around_line * tilt * m) ** 0.5
    points = max(2, round(share * n))
    at_end = u ** np.abs(np.subtract.outer(np.arange(points), np.arange(points)))
    return float(y[-points:].mean()), (around_line if goes_on else around_mean) * float(at_end.mean()), m, bool(goes_on)


@pytest.mark.parametrize("share", [0.2, 0.5])
@pytest.mark.parametrize(("n", "k"), [(4, 4), (5, 9), (8, 30), (9, 4), (13, 60), (40, 8), (101, 102)])
def test_value_and_interval_by_hand(n: int, k: int, share: float) -> None:
    seen = set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        upper = 1 + 0.1 * ar1(rng, n, 0.5) - (seed % 2) * 0.2 * np.arange(n)
        lower = 0.05 * ar1(rng, k, 0.0) + (seed % 3) * 0.1 * np.arange(k)
        found = gap(upper, lower, share)
        (above, one, m, steep), (below, two, j, other) = end_by_hand(upper, share), end_by_hand(lower, share)
        # Welch: the degrees of freedom of a sum of two variances.
        freedom = (one + two) ** 2 / (one**2 / (m - 1) + two**2 / (j - 1))
        half = t.ppf(0.975, freedom) * (one + two) ** 0.5
        assert (found.upper, found.lower) == (pytest.approx(above), pytest.approx(below))
        assert found.value == pytest.approx(above - below)
        assert (found.low, found.high) == (pytest.approx(above - below - half), pytest.approx(above - below + half))
        seen |= {steep, other}
    assert True in seen or max(n, k) < 30


def test_the_end_is_a_fifth_unless_asked_otherwise_and_two_points_at_least() -> None:
    y = np.arange(20.0) ** 2
    assert gap(y, y).upper == pytest.approx((16**2 + 17**2 + 18**2 + 19**2) / 4)
    assert gap(y[:5], y).upper == pytest.approx((3**2 + 4**2) / 2)
    assert gap(y[:4], y).upper == pytest.approx((2**2 + 3**2) / 2)


def test_without_noise_the_interval_has_no_width() -> None:
    found = gap(np.full(9, 2.0), np.full(5, 1.5))
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)
