"""Kendall's exact test of a handful of values."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.stats.kendall import MOST, p_of_rise
from tracker_diag.stats.too_short import TooShortError


@pytest.mark.parametrize("n", [4, 5, 6])
def test_over_all_orders_it_rejects_as_often_as_it_says(n: int) -> None:
    p = np.array([p_of_rise(np.array(order, dtype=float)) for order in permutations(range(n))])
    for level in np.unique(p):
        assert (p <= level).mean() == pytest.approx(level)


@pytest.mark.parametrize("n", range(4, MOST + 1))
def test_one_order_of_all_rises_throughout(n: int) -> None:
    rising = np.arange(n, dtype=float)
    assert p_of_rise(rising) == pytest.approx(1 / factorial(n))
    assert p_of_rise(-rising) == 1


def test_equal_values_are_no_rise() -> None:
    assert p_of_rise(np.ones(6)) == 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=MOST))
def test_the_unit_does_not_matter(values: list[float]) -> None:
    y = np.round(np.array(values), 3)
    assert p_of_rise(y) == p_of_rise(np.round(y * 1024, 9))
    assert 0 < p_of_rise(y) <= 1


def test_too_few_and_too_many() -> None:
    with pytest.raises(TooShortError, match="p_of_rise needs 4 points, got 3"):
        p_of_rise(np.arange(3.0))
    with pytest.raises(ValueError, match="at most 10"):
        p_of_rise(np.arange(11.0))
