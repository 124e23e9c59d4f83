"""Mann–Kendall and Theil–Sen, against SciPy and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, norm, theilslopes

from tests.stats.curves import FloatArray, ar1, settled, steps, values
from tracker_diag.stats.noise import autocorrelation
from tracker_diag.stats.too_short import TooShortError
from tracker_diag.stats.trend import trend


def test_a_straight_line_is_its_own_slope() -> None:
    found = trend(steps(20), 3.0 - 0.5 * steps(20))
    assert found.slope == pytest.approx(-0.5)
    assert found.low == pytest.approx(-0.5)
    assert found.high == pytest.approx(-0.5)
    assert found.tau == -1
    assert found.p < 1e-8


@pytest.mark.parametrize("n", [5, 12, 51, 300])
def test_tau_and_slope_are_those_of_scipy(n: int) -> None:
    rng = np.random.default_rng(n)
    x = np.sort(rng.uniform(0, 100, n))
    y = 0.02 * x + rng.standard_normal(n)
    found, sen = trend(x, y), theilslopes(y, x)
    assert found.tau == pytest.approx(kendalltau(x, y).statistic)
    assert found.slope == pytest.approx(sen.slope)
    if found.n_effective == n:
        assert (found.low, found.high) == pytest.approx((sen.low_slope, sen.high_slope))


def test_without_autocorrelation_the_p_value_is_close_to_the_exact_one() -> None:
    seen = 0
    for seed in range(40):
        y = np.random.default_rng(seed).standard_normal(9)
        found = trend(steps(9), y)
        if found.n_effective == 9:
            seen += 1
            assert found.p == pytest.approx(kendalltau(steps(9), y, method="exact").pvalue, abs=0.03)
    assert seen > 10


def test_ties_are_corrected_for() -> None:
    y = np.array([3, 3, 2, 2, 2, 1, 1, 0.0])
    n, ties = 8, np.array([2, 3, 2, 1])
    variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    found = trend(steps(8), y)
    s = kendall_s(y)
    inflated = variance * n / found.n_effective
    assert found.p == pytest.approx(two_sided((s + 1) / np.sqrt(inflated)))


def kendall_s(y: FloatArray) -> float:
    return float(sum(np.sign(y[j] - y[i]) for i in range(y.size) for j in range(i + 1, y.size)))


def two_sided(z: float) -> float:
    return float(2 * norm.sf(abs(z)))


@pytest.mark.parametrize(("phi", "n", "most"), [(0.0, 12, 0.07), (0.0, 60, 0.07), (0.6, 60, 0.12), (0.9, 300, 0.12)])
def test_the_level_holds_on_flat_curves(phi: float, n: int, most: float) -> None:
    rng = np.random.default_rng(7)
    rejected = np.mean([trend(steps(n), ar1(rng, n, phi)).p < 0.05 for _ in range(400)])
    assert rejected <= most


def test_autocorrelation_costs_evidence() -> None:
    rng = np.random.default_rng(3)
    y = ar1(rng, 200, 0.9)
    assert trend(steps(200), y).n_effective < 40
    assert trend(steps(200), rng.permutation(y)).n_effective > 120


def test_a_noisy_descent_is_seen() -> None:
    rng = np.random.default_rng(1)
    seen = [trend(steps(20), settled(rng, 20) + 0.02 * rng.standard_normal(20)).p < 0.05 for _ in range(100)]
    assert np.mean(seen) > 0.75


def test_a_constant_curve_has_no_trend() -> None:
    found = trend(steps(10), np.full(10, 0.3))
    assert (found.p, found.slope, found.tau) == (1.0, 0.0, 0.0)


def test_steps_at_the_ends_of_the_range_of_numbers() -> None:
    x = np.array([-1.5e308, -1e300, 0.0, 5e-324, 1e-300, 1.0, 1e300, 1.5e308])
    assert trend(x, np.arange(8.0)).p < 0.01


@given(values, st.sampled_from([1e-3, 7.0, 1e3]), st.floats(-100, 100))
def test_a_change_of_units_changes_the_slope_alone(y: FloatArray, factor: float, shift: float) -> None:
    y = np.round(y, 3)
    before, after = trend(steps(y.size), y), trend(steps(y.size) * 4 + 100, np.round(shift) + y * 8)
    assert after.p == pytest.approx(before.p, rel=1e-6, abs=1e-9)
    assert after.tau == before.tau
    assert after.slope == pytest.approx(2 * before.slope, rel=1e-6, abs=1e-6)
    scaled = trend(steps(y.size), y * factor)
    assert scaled.p == pytest.approx(before.p, rel=1e-6, abs=1e-9)


@given(values)
def test_turned_round_it_goes_the_other_way(y: FloatArray) -> None:
    up, down = trend(steps(y.size), y), trend(steps(y.size), -y)
    assert down.tau == -up.tau
    assert down.p == pytest.approx(up.p)
    assert down.slope == pytest.approx(-up.slope)
    assert up.low <= up.slope <= up.high


def test_a_long_curve_is_condensed() -> None:
    rng = np.random.default_rng(0)
    n = 100_000
    found = trend(steps(n), 1e-5 * steps(n) + rng.standard_normal(n))
    assert found.n == 256
    assert found.slope == pytest.approx(1e-5, rel=0.05)


def test_three_points_are_too_few() -> None:
    with pytest.raises(TooShortError, match="trend needs 4 points, got 3"):
        trend(steps(3), np.ones(3))


@pytest.mark.parametrize(("n", "phi"), [(4, 0.0), (8, 0.0), (9, 0.5), (12, 0.5), (30, 0.0), (30, 0.8), (61, 0.9)])
def test_the_p_value_and_the_interval_are_those_of_hamed_and_rao(n: int, phi: float) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, y = np.cumsum(rng.uniform(0.5, 2, n)) - 3, np.round(ar1(rng, n, phi), 1) - 0.02 * np.arange(n)
        found = trend(x, y)
        r, _ = autocorrelation(y)
        # The sum over lags of the correlation of ranks, weighted by how many pairs of pairs a lag is between.
        lags = range(1, n - 1)
        ranks = [6 / np.pi * np.arcsin(r**k / 2) for k in lags]
        summed = sum((n - k) * (n - k - 1) * (n - k - 2) * c for k, c in zip(lags, ranks, strict=True))
        inflation = 1 + 2 * summed / (n * (n - 1) * (n - 2)) if r > 0 else 1.0
        ties = [int((y == v).sum()) for v in np.unique(y)]
        variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18 * inflation
        s, count = kendall_s(y), n * (n - 1) // 2
        assert found.p == pytest.approx(two_sided((abs(s) - 1) / variance**0.5) if s else 1.0)
        assert found.tau == pytest.approx(s / count)
        assert (found.n, found.n_effective) == (n, pytest.approx(n / inflation))
        slopes = sorted((y[j] - y[i]) / (x[j] - x[i]) for i in range(n) for j in range(i + 1, n))
        half = norm.ppf(0.975) * variance**0.5
        # Sen's ranks, counted from one, and within those there are.
        low, high = max(round((count - half) / 2), 1), min(round((count + half) / 2) + 1, count)
        assert found.slope == pytest.approx(np.median(slopes))
        assert (found.low, found.high) == (pytest.approx(slopes[low - 1]), pytest.approx(slopes[high - 1]))


def test_four_points_are_enough() -> None:
    found = trend(steps(4), np.array([4.0, 3, 2, 1]))
    assert (found.tau, found.slope, found.n) == (-1.0, pytest.approx(-1.0), 4)
    assert found.p == pytest.approx(two_sided(5 / (4 * 3 * 13 / 18) ** 0.5))
