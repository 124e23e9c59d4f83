"""Noise around a course: the right size, whatever the course; and its autocorrelation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tests.stats.curves import FloatArray, ar1, settled, values
from tracker_diag.stats.noise import autocorrelation, local_mean, noise, variance_of_mean
from tracker_diag.stats.too_short import TooShortError


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6, 0.9])
def test_level_and_autocorrelation_are_recovered_under_a_course(phi: float) -> None:
    rng = np.random.default_rng(2)
    found = [noise(settled(rng, 400) * 50 + ar1(rng, 400, phi)) for _ in range(60)]
    assert np.median([f.sigma for f in found]) == pytest.approx(1, rel=0.15)
    assert np.median([f.autocorrelation for f in found]) == pytest.approx(phi, abs=0.06)


def test_the_upper_bound_is_one_in_most_runs() -> None:
    rng = np.random.default_rng(4)
    above = [autocorrelation(ar1(rng, 40, 0.5))[1] >= 0.5 for _ in range(300)]
    assert np.mean(above) > 0.78


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 9, 10, 14, 20, 40])
def test_both_deviations_of_a_few_points_are_right_on_average(n: int) -> None:
    rng = np.random.default_rng(n)
    found = [noise(rng.standard_normal(n)) for _ in range(2000)]
    assert np.mean([f.sigma for f in found]) == pytest.approx(1, abs=0.06)
    assert np.median([f.deviation**2 for f in found]) ** 0.5 == pytest.approx(1, abs=0.4 if n < 6 else 0.15)


@pytest.mark.parametrize(("n", "phi"), [(20, 0.6), (40, 0.3), (40, 0.6)])
def test_the_autocorrelation_of_a_few_points_has_no_bias_but_that_of_its_bounds(n: int, phi: float) -> None:
    rng = np.random.default_rng(n)
    found = [autocorrelation(ar1(rng, n, phi))[0] for _ in range(1000)]
    assert np.median(found) == pytest.approx(phi, abs=0.1)
    assert max(found) <= 1 - 4 / n


def test_eight_points_say_nothing_of_autocorrelation() -> None:
    assert autocorrelation(ar1(np.random.default_rng(0), 8, 0.9)) == (0.0, 0.5)


def test_the_variance_of_a_mean_is_that_of_its_covariances() -> None:
    r, m = 0.6, 5
    lags = np.abs(np.subtract.outer(np.arange(m), np.arange(m)))
    assert variance_of_mean(r, m) == pytest.approx(float((r**lags).mean()))
    assert variance_of_mean(0.0, 7) == pytest.approx(1 / 7)


def test_a_mean_of_heavy_tailed_noise_has_their_deviation() -> None:
    y = np.random.default_rng(8).standard_t(3, 5000)
    found = noise(y)
    assert found.sigma < 0.8 * y.std()
    assert found.deviation > 1.15 * found.sigma


@pytest.mark.parametrize("phi", [0.0, 0.6])
def test_the_standard_error_covers_the_spread_of_window_means(phi: float) -> None:
    rng = np.random.default_rng(5)
    curves = [ar1(rng, 60, phi) for _ in range(400)]
    spread = np.std([c[-12:].mean() for c in curves])
    said = np.median([noise(c).standard_error(12) for c in curves])
    assert spread * 0.9 <= said <= spread * 3.5


def test_a_smooth_curve_has_no_noise() -> None:
    assert noise(np.linspace(3, 1, 30)).sigma < 1e-12
    assert noise(np.exp(-np.linspace(0, 3, 200))).sigma < 1e-3


def test_one_spike_is_not_noise() -> None:
    rng = np.random.default_rng(6)
    y = rng.standard_normal(200)
    spiked = y.copy()
    spiked[77] = 1e6
    assert noise(spiked).sigma == pytest.approx(noise(y).sigma, rel=0.15)


def test_a_metric_of_few_levels_is_not_without_noise() -> None:
    y = np.full(40, 0.95)
    y[[7, 19, 31]] = 0.96
    assert noise(y).sigma > 0


def test_constant_curve() -> None:
    found = noise(np.full(20, 7.0))
    assert found.sigma == 0
    assert found.autocorrelation == 0


@given(values, st.sampled_from([0.125, 4.0, 1024.0]))
def test_scale(y: FloatArray, factor: float) -> None:
    before, after = noise(y), noise(y * factor)
    assert after.sigma == pytest.approx(before.sigma * factor, rel=1e-6, abs=1e-300)
    assert after.autocorrelation == pytest.approx(before.autocorrelation, abs=1e-6)


@given(values, st.integers(-1000, 1000), st.integers(-50, 50))
def test_a_straight_line_added_changes_nothing(y: FloatArray, level: int, slope: int) -> None:
    y = np.round(y)
    if np.ptp(y) == 0:
        return
    again = noise(y + level + slope * np.arange(y.size))
    assert again.sigma == pytest.approx(noise(y).sigma, rel=1e-3, abs=1e-6)


@given(values)
def test_bounds(y: FloatArray) -> None:
    found = noise(y)
    assert 0 <= found.autocorrelation <= found.upper <= 0.95
    assert found.sigma >= 0
    errors = [found.standard_error(m) for m in (1, 2, 5, 20)]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("size", [1e150, 1e-310])
def test_extreme_sizes(size: float) -> None:
    found = noise(np.array([1, 2, 1, 3, 1, 2, 4, 1, 2, 3, 1, 2.0]) * size * 0.1)
    assert np.isfinite(found.sigma)
    assert 0 < found.deviation < np.inf


@pytest.mark.parametrize("n", [1, 2, 3])
def test_too_short(n: int) -> None:
    with pytest.raises(TooShortError, match=f"noise needs 4 points, got {n}"):
        noise(np.ones(n))


def test_the_moving_average_keeps_a_line_straight() -> None:
    line = 2.0 - 0.1 * np.arange(30)
    assert local_mean(line, 7) == pytest.approx(line)
    assert local_mean(line, 1) == pytest.approx(line)


def correlation_by_hand(y: FloatArray) -> tuple[float, float]:
    """Of what a parabola and a logarithm leave, its outliers drawn in, the bias of four coefficients undone."""
    n = y.size
    longest = min(0.95, 1 - 4 / n)
    i = np.arange(1, n + 1) / n
    course = np.stack((np.ones(n), i, i**2, np.log(i)), axis=1)
    left = y - course @ np.linalg.lstsq(course, y, rcond=None)[0]
    most = 3 * 1.4826 * float(np.median(np.abs(left)))
    left = np.array([max(-most, min(v, most)) for v in left])
    shown = sum(a * b for a, b in itertools.pairwise(left)) / sum(left**2)
    r = max(0.0, min((shown + 4 / n) / (1 - 8 / n), longest))
    return r, min(r + ((1 - r**2) / n) ** 0.5 / (1 - 8 / n), longest)


@pytest.mark.parametrize("n", [9, 10, 13, 25, 60, 150])
@pytest.mark.parametrize("phi", [0.0, 0.7])
def test_the_autocorrelation_is_that_of_what_a_smooth_course_leaves(n: int, phi: float) -> None:
    rng = np.random.default_rng(n)
    for _ in range(5):
        y = np.log(np.arange(n) + 1) + ar1(rng, n, phi)
        y[n // 2] += 9
        assert autocorrelation(y) == pytest.approx(correlation_by_hand(y), abs=1e-9)


@pytest.mark.parametrize("n", [3, 4, 5, 8])
def test_what_is_possible_where_nothing_is_told(n: int) -> None:
    assert autocorrelation(np.arange(n, dtype=float)) == (0.0, max(0.0, 1 - 4 / n))


@pytest.mark.parametrize("n", [100, 1000])
def test_a_memory_of_the_whole_curve_is_a_course(n: int) -> None:
    slow = np.cumsum(np.random.default_rng(0).standard_normal(n))
    assert autocorrelation(slow) == (pytest.approx(0.95, abs=0.12), 0.95)


def test_below_rounding_nothing_is_autocorrelated() -> None:
    i = np.arange(1.0, 41.0)
    slow = np.sin(i / 3)
    assert autocorrelation(1 + 1e-16 * slow)[0] == 0
    assert autocorrelation(1 + 1e-11 * slow)[0] > 0.5


SMALL_BIAS = {4: 1.08, 5: 0.78, 6: 0.87, 7: 0.96, 8: 0.965, 9: 0.99}


@pytest.mark.parametrize("n", [4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 30, 90])
@pytest.mark.parametrize("share", [0.3, 0.5, 1.0])
def test_both_deviations_are_those_of_second_differences(n: int, share: float) -> None:
    y = np.random.default_rng(n).standard_t(3, n) + ar1(np.random.default_rng(n + 1), n, 0.9)
    y[n // 2] += 20
    found = noise(y, share)
    part = y[-max(round(share * n), min(n, 12)) :]
    r, upper = autocorrelation(part)
    shown = r * (1 - 8 / part.size) >= norm.ppf(0.95) / part.size**0.5
    assert (found.autocorrelation, found.upper, found.n) == (r if shown else 0.0, upper, n)
    second = np.array([a - 2 * b + c for a, b, c in zip(y, y[1:], y[2:], strict=False)])
    second -= np.median(second)
    robust = 1.4826 * float(np.median(np.abs(second)))
    # Of white noise the variance is 6 times that of a point; of AR(1), 6 - 8 r + 2 r² times.
    times = 6 - 8 * found.autocorrelation + 2 * found.autocorrelation**2
    assert found.sigma == pytest.approx(robust / SMALL_BIAS.get(n, 1.0) / times**0.5)
    if n >= 8:
        second = np.minimum(np.maximum(second, -5 * robust), 5 * robust)
    lost = 1 - 4 / (6 * second.size**2)
    assert found.deviation == pytest.approx(second.std() / (times * lost) ** 0.5)
    assert found.freedom == (n - 2) / 2


def test_of_a_metric_of_few_levels_the_deviation_is_the_plain_one() -> None:
    y = np.full(40, 0.95)
    y[[7, 19, 31]] = 0.96
    assert noise(y).sigma == pytest.approx(np.diff(y, 2).std() / 6**0.5)


def test_autocorrelation_that_is_not_significant_is_none() -> None:
    """At 20 points 0.6 of it would have to be told, and is 0.37: 1.64 over the root of 20."""
    told = []
    for seed in range(200):
        y = ar1(np.random.default_rng(seed), 40, 0.5)
        r = autocorrelation(y[-20:])[0]
        found = noise(y).autocorrelation
        assert found == (r if r * 0.6 >= 1.6449 / 20**0.5 else 0.0)
        told.append(found > 0)
    assert 0.05 < np.mean(told) < 0.95


@pytest.mark.parametrize("phi", [0.0, 0.8])
@pytest.mark.parametrize("points", [0.2, 1, 3, 40])
def test_the_error_of_a_mean_is_taken_at_the_upper_bound(phi: float, points: float) -> None:
    found = noise(ar1(np.random.default_rng(3), 200, phi))
    r, u, m = found.autocorrelation, found.upper, round(max(points, 1))
    assert (r > 0.5) == (phi > 0.5)
    lags = np.abs(np.subtract.outer(np.arange(m), np.arange(m)))
    jitter = (6 - 8 * r + 2 * r**2) / (6 - 8 * u + 2 * u**2)
    expected = found.deviation * (jitter * (u**lags).mean()) ** 0.5
    assert found.standard_error(points) == pytest.approx(expected)


@pytest.mark.parametrize("window", [3, 5, 9, 31])
def test_a_moving_average_goes_on_beyond_the_ends_in_a_straight_line(window: int) -> None:
    y = np.random.default_rng(0).standard_normal(31)
    half = min(window // 2, 30)

    def at(i: int) -> float:
        return float(2 * y[0] - y[-i] if i < 0 else 2 * y[-1] - y[60 - i] if i > 30 else y[i])

    expected = [np.mean([at(k) for k in range(i - half, i + half + 1)]) for i in range(31)]
    assert local_mean(y, window) == pytest.approx(expected)
    assert local_mean(y[:2], window) == pytest.approx(y[:2])
