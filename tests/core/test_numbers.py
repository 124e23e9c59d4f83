"""Numbers in sentences."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.numbers import figure, share, times

NAMED = {"million": 1e6, "billion": 1e9, "trillion": 1e12}


def read(text: str) -> float:
    number, _, name = text.partition(" ")
    return float(number.replace(",", "")) * NAMED.get(name, 1)


@given(st.floats(-1e300, 1e300).filter(lambda x: x == 0 or abs(x) > 1e-300))
def test_a_figure_is_the_number_to_three_digits(value: float) -> None:
    assert read(figure(value)) == pytest.approx(value, rel=0.006)


@given(st.floats())
def test_no_figure_is_long_or_padded(value: float) -> None:
    text = figure(value)
    assert len(text) <= 14
    assert not re.search(r"e[+-]?0|\.0\b", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.0, "0"), (12345.6, "12,300"), (999_999.7, "1 million"), (1234, "1234"), (-3e7, "-30 million")],
)
def test_edges_of_figures(value: float, text: str) -> None:
    assert figure(value) == text


def test_more_digits() -> None:
    assert figure(1.91052, 5) == "1.9105"


def test_times() -> None:
    assert times(1e-3) == "0.001 times"
    assert times(math.inf) == "Inf times"


@given(st.floats(min_value=0, max_value=1))
def test_a_share_is_nothing_or_all_only_where_it_is(part: float) -> None:
    assert (share(part) == "0%") == (part == 0)
    assert (share(part) == "100%") == (part == 1)


def test_shares_beyond_the_whole() -> None:
    assert share(17.2) == "1,720%"
    assert share(-1e-9) == "0%"
    assert share(math.nan) == "NaN"
