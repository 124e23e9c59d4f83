"""Long curves made short."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stats.curves import steps
from tracker_diag.stats.condense import LIMIT, condense, finite_part
from tracker_diag.stats.divergence import LARGEST


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


def test_what_is_as_large_as_infinite_is_left_out_and_what_is_less_is_kept() -> None:
    _, y = finite_part(steps(3), np.array([LARGEST, -LARGEST, np.nextafter(LARGEST, 0)]))
    assert y.tolist() == [np.nextafter(LARGEST, 0)]


@pytest.mark.parametrize("n", [512, 700, 768, 2047])
def test_each_block_is_the_mean_of_its_points(n: int) -> None:
    """Steps to the last digit: they are counted in, not rounded."""
    x, y = np.random.default_rng(n).uniform(size=(2, n))
    edges = [n * k // LIMIT for k in range(LIMIT + 1)]
    blocks = [slice(a, b) for a, b in itertools.pairwise(edges)]
    assert condense(x, y)[0].tolist() == [np.add.reduceat(x[b], [0])[0] / (b.stop - b.start) for b in blocks]
    assert condense(x, y)[1] == pytest.approx([y[b].mean() for b in blocks])


def test_the_largest_steps_of_blocks_of_unequal_size() -> None:
    for n in (2, 3, 4, 5, 7, 8):
        x, _ = condense(np.full(256 * n + 1, 1.7e308), np.ones(256 * n + 1))
        assert x == pytest.approx(np.full(256, 1.7e308), rel=1e-15)
