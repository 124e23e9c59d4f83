from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.sweeping.spans import seconds

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@given(st.dictionaries(st.sampled_from(list(UNITS)), st.integers(1, 1_000), min_size=1))
def test_numbers_with_their_units_are_added(parts: dict[str, int]) -> None:
    assert seconds(" ".join(f"{n}{unit}" for unit, n in parts.items())) == sum(n * UNITS[u] for u, n in parts.items())


@pytest.mark.parametrize(("text", "span"), [("1.5h", 5400.0), ("1H30M", 5400.0), (" 15 m ", 900.0)])
def test_spans_as_people_write_them(text: str, span: float) -> None:
    assert seconds(text) == span


@pytest.mark.parametrize("text", ["", "soon", "5", "h", "5 years", "-5m", "1,5h", "inf", "5mm"])
def test_what_is_no_span_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="such as 15m, 24h or 7d"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [("0s", "longer than 0"), ("5219w", "not exceed 100 years"), ("9" * 400 + "d", "not exceed 100 years")],
)
def test_a_span_lasts_more_than_no_time_and_less_than_for_ever(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        seconds(text)
