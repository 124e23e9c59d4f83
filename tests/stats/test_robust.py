"""Median and spread, against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import median_abs_deviation

from tests.stats.curves import FloatArray
from tracker_diag.stats.robust import median, spread

some = arrays(np.float64, st.integers(1, 50), elements=st.floats(-1e6, 1e6))


@given(some)
def test_the_median_is_numpys(y: FloatArray) -> None:
    assert median(y) == pytest.approx(np.median(y))


@given(some)
def test_the_spread_is_scipys(y: FloatArray) -> None:
    assert spread(y) == pytest.approx(median_abs_deviation(y, scale="normal"), rel=1e-4, abs=1e-9)


def test_the_largest_numbers() -> None:
    assert median(np.full(4, 1.7e308)) == 1.7e308
