"""Long curves made short."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stats.curves import steps
from tracker_diag.stats.condense import condense, finite_part


def test_short_curves_are_left_alone() -> None:
    x, y = condense(steps(511), np.ones(511))
    assert x.size == 511
    assert y.size == 511


@given(st.integers(512, 5000))
def test_the_mean_and_the_order_are_kept(n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.standard_normal(n)
    x, y = condense(steps(n), values)
    assert x.size == y.size == 256
    assert (np.diff(x) > 0).all()
    counts = np.diff(np.linspace(0, n, 257).astype(int))
    assert (counts * y).sum() / n == pytest.approx(values.mean())


def test_a_line_stays_a_line() -> None:
    uneven = np.cumsum(np.random.default_rng(0).uniform(0.1, 3, 2000))
    x, y = condense(uneven, 5 - 0.25 * uneven)
    assert y == pytest.approx(5 - 0.25 * x)


def test_noise_falls_with_the_root_of_the_block() -> None:
    _, y = condense(steps(256 * 100), np.random.default_rng(1).standard_normal(256 * 100))
    assert y.std() == pytest.approx(0.1, rel=0.15)


def test_the_largest_steps_and_values() -> None:
    x, y = condense(np.linspace(0, 1.7e308, 2000), np.full(2000, 9e149))
    assert np.isfinite(x).all()
    assert y == pytest.approx(np.full(256, 9e149))


def test_what_is_not_finite_is_left_out() -> None:
    x, y = finite_part(steps(6), np.array([1, np.nan, np.inf, -np.inf, 1e200, 2]))
    assert x.tolist() == [0, 5]
    assert y.tolist() == [1, 2]
