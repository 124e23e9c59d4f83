"""Rest is shown, not assumed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import norm

from tests.stats.curves import FloatArray, steps, values
from tracker_diag.stats.plateau import plateau
from tracker_diag.stats.too_short import TooShortError
from tracker_diag.stats.trend import trend


def test_a_quiet_level_is_at_rest_and_a_slope_is_not() -> None:
    rng = np.random.default_rng(0)
    quiet = 0.01 * rng.standard_normal(40)
    assert plateau(steps(40), quiet, 0.1).p_rest < 0.01
    assert plateau(steps(40), quiet + np.linspace(0, 0.3, 40), 0.1).p_rest > 0.9


def test_too_much_noise_shows_neither() -> None:
    rng = np.random.default_rng(1)
    found = plateau(steps(12), rng.standard_normal(12), 0.1)
    assert found.p_rest > 0.05
    assert found.p_moves > 0.01


@pytest.mark.parametrize("sign", [1, -1])
def test_at_the_margin_rest_is_rarely_claimed(sign: int) -> None:
    rng = np.random.default_rng(2)
    n = 30
    claims = [
        plateau(steps(n), sign * 2.0 * steps(n) / (n - 1) + rng.standard_normal(n), 2.0).p_rest < 0.05
        for _ in range(300)
    ]
    assert np.mean(claims) <= 0.08


def test_noiseless_lines() -> None:
    assert plateau(steps(10), np.ones(10), 0.1).p_rest == 0
    assert plateau(steps(10), steps(10), 0.1).p_rest == 1


@given(values)
def test_units_do_not_matter(y: FloatArray) -> None:
    margin = float(np.ptp(y)) / 4 + 1e-3
    before, after = plateau(steps(y.size), y, margin), plateau(steps(y.size) * 7, y * 64, margin * 64)
    assert after.p_rest == pytest.approx(before.p_rest, rel=1e-4, abs=1e-7)
    assert before.low <= before.change <= before.high


def test_a_wider_margin_is_easier_to_keep() -> None:
    y = np.random.default_rng(3).standard_normal(30)
    p = [plateau(steps(30), y, m).p_rest for m in (0.1, 0.5, 1, 2, 4)]
    assert p == sorted(p, reverse=True)


def test_too_short() -> None:
    with pytest.raises(TooShortError, match="plateau needs 4 points, got 3"):
        plateau(steps(3), np.ones(3), 1.0)


@pytest.mark.parametrize("n", [4, 9, 30])
@pytest.mark.parametrize("slope", [-0.05, 0.0, 0.03])
def test_both_tests_are_those_of_the_movement_over_the_stretch(n: int, slope: float) -> None:
    x = np.linspace(10, 40, n)
    y = slope * x + 0.1 * np.random.default_rng(n).standard_normal(n)
    found, line = plateau(x, y, 0.4), trend(x, y)
    # The interval of the slope is one of 95 %, 1.96 errors to either side.
    error = 30 * (line.high - line.low) / (2 * norm.ppf(0.975))
    assert found.change == pytest.approx(30 * line.slope)
    assert (found.low, found.high) == (
        pytest.approx(found.change - norm.ppf(0.95) * error),
        pytest.approx(found.change + norm.ppf(0.95) * error),
    )
    assert found.p_moves == line.p
    assert found.p_rest == pytest.approx(max(norm.sf((0.4 - s * found.change) / error) for s in (1, -1)))


@pytest.mark.parametrize(("margin", "p"), [(0.5, 1.0), (0.50001, 0.0), (0.4, 1.0)])
def test_a_line_without_noise_moves_by_what_it_moves(margin: float, p: float) -> None:
    for line in (0.125 * steps(5), -0.125 * steps(5)):
        assert plateau(steps(5), line, margin).p_rest == p
