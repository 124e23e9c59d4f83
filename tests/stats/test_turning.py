"""The lowest stretch against the end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import norm, t

from tests.stats.curves import FloatArray, ar1, settled, steps, values
from tracker_diag.stats.noise import noise
from tracker_diag.stats.too_short import TooShortError
from tracker_diag.stats.turning import turning, window_size


def u_turn(rng: np.random.Generator, n: int, rise: float, sigma: float) -> FloatArray:
    u = (np.arange(n) + 1) / n
    return np.exp(-u / 0.1) + rise * np.clip(u - 0.4, 0, None) / 0.6 + sigma * rng.standard_normal(n)


def test_a_turn_is_found_where_it_is() -> None:
    rng = np.random.default_rng(0)
    found = [turning(steps(60), u_turn(rng, 60, 0.5, 0.01)) for _ in range(50)]
    assert np.mean([t.p < 0.01 for t in found]) > 0.95
    assert np.mean([t.low_step <= 23 <= t.high_step for t in found]) > 0.8
    assert np.median([t.rise for t in found]) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("n", [15, 20, 35, 100])
def test_a_clear_turn_is_seen_at_any_length(n: int) -> None:
    rng = np.random.default_rng(n)
    assert np.mean([turning(steps(n), u_turn(rng, n, 0.6, 0.01)).p < 0.01 for _ in range(50)]) > 0.75


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("n", [8, 20, 60, 250])
def test_the_level_holds_on_settled_curves(n: int, phi: float) -> None:
    rng = np.random.default_rng(1)
    rejected = [
        turning(steps(n), settled(rng, n) + rng.uniform(0.01, 0.1) * ar1(rng, n, phi)).p < 0.01 for _ in range(300)
    ]
    assert np.mean(rejected) <= (0.05 if phi > 0.8 else 0.02)


@pytest.mark.parametrize("n", [5, 8, 12, 40, 256])
def test_the_level_holds_though_the_lowest_of_many_windows_is_chosen(n: int) -> None:
    rng = np.random.default_rng(3)
    p = np.array([turning(steps(n), rng.standard_normal(n)).p for _ in range(1500)])
    assert np.mean(p < 0.01) <= 0.01
    assert np.mean(p < 0.001) <= 0.002


@pytest.mark.parametrize("n", [12, 40, 256])
def test_the_level_holds_under_heavy_tails(n: int) -> None:
    rng = np.random.default_rng(2)
    rejected = [turning(steps(n), rng.standard_t(3, n)).p < 0.01 for _ in range(1500)]
    assert np.mean(rejected) <= 0.013


def test_a_falling_curve_does_not_rise() -> None:
    found = turning(steps(30), np.linspace(2, 1, 30))
    assert (found.rise, found.p) == (0.0, 1.0)
    assert found.step == 28


def test_constant_curve() -> None:
    found = turning(steps(12), np.ones(12))
    assert (found.rise, found.p) == (0.0, 1.0)


def test_a_noiseless_rise_is_certain() -> None:
    assert turning(steps(12), np.abs(steps(12) - 5)).p < 1e-3


@given(values)
def test_units_and_steps_do_not_matter(y: FloatArray) -> None:
    before, after = turning(steps(y.size), y), turning(10 * steps(y.size) + 3, y * 1024)
    assert after.p == pytest.approx(before.p, rel=1e-5, abs=1e-9)
    assert after.rise == pytest.approx(1024 * before.rise)
    assert after.step == 10 * before.step + 3


@given(values)
def test_what_is_said_hangs_together(y: FloatArray) -> None:
    found = turning(steps(y.size), y)
    assert found.low_step <= found.step <= found.high_step
    assert 0 <= found.p <= 1
    assert found.rise >= 0
    assert found.best <= found.tail + 1e-9 * np.abs(y).max()
    assert found.window == window_size(y.size)


def test_too_short() -> None:
    with pytest.raises(TooShortError, match="turning needs 4 points, got 3"):
        turning(steps(3), np.ones(3))


@pytest.mark.parametrize(("n", "points"), [(3, 1), (4, 1), (14, 1), (16, 2), (24, 2), (26, 3), (300, 30)])
def test_a_window_is_a_tenth_of_the_curve(n: int, points: int) -> None:
    assert window_size(n) == points


@pytest.mark.parametrize("n", [4, 5, 7, 12, 30, 47, 120])
@pytest.mark.parametrize("rise", [0.0, 0.4, 2.0])
def test_every_figure_by_hand(n: int, rise: float) -> None:
    seen = set()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        x = np.cumsum(rng.uniform(0.5, 2, n))
        y = u_turn(rng, n, rise, 0.2) if seed % 2 else rise * ar1(rng, n, 0.6) + rng.standard_normal(n)
        found = turning(x, y)
        w = max(1, round(n / 10))
        means = [float(np.mean(y[k : k + w])) for k in range(n - w + 1)]
        lowest = min(range(len(means)), key=lambda k: means[k])
        assert (found.window, found.index) == (w, lowest + w // 2)
        assert (found.best, found.tail) == (pytest.approx(means[lowest]), pytest.approx(means[-1]))
        assert found.rise == pytest.approx(max(means[-1] - means[lowest], 0), abs=1e-12)
        # The noise of what follows the lowest window, but of six points at least: two window means differ by √2 errors.
        since = noise(y[-max(n - lowest, min(n, 6)) :], share=1.0)
        error = since.standard_error(w) * 2**0.5
        assert found.error == pytest.approx(error)
        alike = [k for k, mean in enumerate(means) if mean - means[lowest] <= 2 * error]
        expected = [x[k + w // 2] for k in (lowest, alike[0], alike[-1])]
        assert [found.step, found.low_step, found.high_step] == expected
        one = float(t.sf(found.rise / error, since.freedom))
        # As low as the lowest of so many independent windows, of which a quarter is enough; and all there are at most.
        chosen = max(1.5, min(n - w, 1 + (n / w - 1) * float(norm.ppf(one)) ** 2 / 2) / 4)
        assert found.p == pytest.approx(min(1.0, one * chosen) if found.rise > 0 else 1.0)
        seen.add((found.rise > 0, found.p < 1))
    assert (True, True) in seen


def test_four_points_are_enough() -> None:
    found = turning(steps(4), np.array([3.0, 1, 2, 2]))
    assert (found.step, found.best, found.tail, found.rise) == (1, 1, 2, 1)


def test_without_noise_the_least_rise_is_certain_and_none_is_none() -> None:
    falling = np.r_[np.linspace(3, 1, 12), 1.0]
    line = turning(steps(12), np.linspace(3, 1, 12))
    assert (line.p, line.rise, line.low_step, line.high_step) == (1.0, 0.0, 11, 11)
    still = turning(steps(13), falling)
    assert (still.p, still.rise) == (1.0, 0.0)
    assert turning(steps(12), np.r_[3.0, steps(11)]).p == 0.0
