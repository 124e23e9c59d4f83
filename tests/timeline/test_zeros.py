"""Zeros in every other record."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag import Series
from tracker_diag.timeline.zeros import zero_filled


def zeros(values: list[float]) -> int:
    return zero_filled({"loss": Series("loss", np.arange(len(values), dtype=float), np.array(values, float))}).get(
        "loss", 0
    )


@pytest.mark.parametrize(
    ("values", "n"),
    [
        ([2, 0, 1, 0, 0.5, 0], 3),
        ([0, 2, 0, 1, 0, 0.5], 3),
        ([2, 0, 1, 0, 0.5, 0, 0.4], 3),
        ([2, 0, 1, 0, 0.5], 0),
        ([2, 0, 1, 0, 0, 0], 0),
        ([2, 0, 1, 0, 0.5, 0, 0.4, 0.3], 0),
        ([2, 0, 0, 1, 0, 0, 0.5, 0, 0], 6),
        ([0, 0, 2, 0, 0, 1, 0, 0, 0.5], 6),
        ([2, 0, 0, 1, 0, 0.5, 0, 0, 0.4], 0),
        ([0, 0, 0, 0, 0, 0], 0),
        ([6, 5, 4, 3, 2, 1], 0),
        ([], 0),
    ],
)
def test_every_other_record(values: list[float], n: int) -> None:
    assert zeros(values) == n


@given(st.lists(st.floats(), max_size=30))
def test_what_is_left_holds_no_zero_and_lost_nothing_else(values: list[float]) -> None:
    found = zeros(values)
    assert found in (0, values.count(0))
    assert found == 0 or min(found, len(values) - found) >= 3
