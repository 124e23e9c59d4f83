"""Rest is shown, not assumed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.stats.curves import FloatArray, steps, values
from tracker_diag.stats.plateau import plateau
from tracker_diag.stats.too_short import TooShortError


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
    with pytest.raises(TooShortError):
        plateau(steps(3), np.ones(3), 1.0)
