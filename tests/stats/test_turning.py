"""The lowest stretch against the end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.stats.curves import FloatArray, ar1, settled, steps, values
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
    with pytest.raises(TooShortError):
        turning(steps(3), np.ones(3))
