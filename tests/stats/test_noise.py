"""Noise around a course: the right size, whatever the course; and its autocorrelation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    with pytest.raises(TooShortError):
        noise(np.ones(n))


def test_the_moving_average_keeps_a_line_straight() -> None:
    line = 2.0 - 0.1 * np.arange(30)
    assert local_mean(line, 7) == pytest.approx(line)
    assert local_mean(line, 1) == pytest.approx(line)
