import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.report.scale import step_scale, value_scale

TOP = sys.float_info.max


def labels(scale):
    return [label for _, label in scale.ticks]


def test_ticks_are_round_numbers():
    assert labels(value_scale([0.06, 2.3])) == ["0.5", "1.0", "1.5", "2.0"]
    assert labels(value_scale([0.0, 1.0])) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert labels(value_scale([0.90001, 0.90009])) == ["0.90002", "0.90004", "0.90006", "0.90008"]


def test_whole_steps_have_whole_ticks():
    assert labels(step_scale([0.0, 1.0, 2.0])) == ["0", "1", "2"]
    assert labels(step_scale([7.0])) == ["6", "7", "8"]
    assert labels(step_scale([0.0, 0.5, 1.0]))[1] == "0.2"


def test_log_where_values_span_decades_and_are_positive():
    assert value_scale([1.0, 316.0]).log is False
    assert value_scale([1.0, 317.0]).log is True
    assert value_scale([0.0, 1e6]).log is False
    assert value_scale([-1.0, 1e6]).log is False
    assert labels(value_scale([0.01, 1e4])) == ["0.01", "1", "100", "10,000"]


def test_log_ticks_are_few_and_decades():
    scale = value_scale([5e-324, TOP])
    assert scale.log
    assert 2 <= len(scale.ticks) <= 7
    assert all(label.startswith("1e") or float(label.replace(",", "")) for label in labels(scale))


@pytest.mark.parametrize("constant", [0.0, 1.0, -3.5, 5e-324, 1e300])
def test_a_constant_lies_in_the_middle(constant):
    assert value_scale([constant] * 3).place(constant) == pytest.approx(0.5)


@pytest.mark.parametrize(("constant", "place"), [(TOP, 1.0), (-TOP, 0.0)])
def test_no_axis_goes_beyond_the_largest_number(constant, place):
    assert value_scale([constant]).place(constant) == place


def test_nothing_finite_still_gives_an_axis():
    assert value_scale([math.nan, math.inf]).ticks
    assert step_scale([]).ticks


anything = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(anything, max_size=20), st.booleans())
def test_any_values_have_an_axis_that_keeps_their_order(values, as_steps):
    scale = step_scale(values) if as_steps else value_scale(values)
    assert scale.low < scale.high
    assert 1 <= len(scale.ticks) <= 9
    positions = [x for x, _ in scale.ticks]
    assert positions == sorted(set(positions))
    assert all(math.isfinite(x) for x in positions)
    placed = [scale.place(v) for v in sorted(v for v in values if math.isfinite(v))]
    assert all(0 <= p <= 1 for p in placed)
    assert placed == sorted(placed)
