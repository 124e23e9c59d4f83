"""The distance of two curves at their end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.stats.curves import FloatArray, ar1, settled, values
from tracker_diag.stats.gap import gap
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
    with pytest.raises(TooShortError):
        gap(np.ones(20), np.ones(3))
