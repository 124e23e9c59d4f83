import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.engine.thin import thin_curve


def test_a_short_curve_is_kept_whole():
    curve = thin_curve("loss", "train_loss", [0, 1, 2], [3.0, math.nan, 1.0])
    assert (curve.name, curve.role, curve.n) == ("loss", "train_loss", 3)
    assert curve.steps == (0.0, 1.0, 2.0)
    assert curve.values[0] == 3.0
    assert math.isnan(curve.values[1])
    assert type(curve.steps[0]) is float


def test_a_spike_of_one_point_in_a_million_survives():
    values = np.sin(np.arange(1_000_000) / 1e4)
    values[654_321], values[111_111] = 50.0, -50.0
    curve = thin_curve("loss", "train_loss", np.arange(values.size), values)
    assert len(curve.steps) <= 400
    assert curve.n == 1_000_000
    kept = dict(zip(curve.steps, curve.values, strict=True))
    assert kept[654_321.0] == 50.0
    assert kept[111_111.0] == -50.0
    assert curve.steps[0] == 0.0
    assert curve.steps[-1] == 999_999.0


def test_the_step_where_values_stop_being_finite_is_exact():
    values = np.ones(10_000)
    values[4567:] = np.nan
    curve = thin_curve("loss", "train_loss", np.arange(10_000), values)
    assert next(s for s, v in zip(curve.steps, curve.values, strict=True) if math.isnan(v)) == 4567.0


def test_steps_come_back_sorted_and_once_each_with_the_last_value():
    curve = thin_curve("loss", "train_loss", [2, 1, 1, math.nan, 0], [2.0, 1.0, 1.5, 9.0, 0.0])
    assert curve.steps == (0.0, 1.0, 2.0)
    assert curve.values == (0.0, 1.5, 2.0)
    assert curve.n == 5


def test_no_point_at_all():
    assert thin_curve("loss", "train_loss", [], []).steps == ()


@pytest.mark.parametrize(("steps", "values", "n"), [([1, 2], [1.0], 400), ([1], [1.0], 7)])
def test_what_cannot_be_thinned_says_so(steps, values, n):
    with pytest.raises(ValueError, match=r"as many of both|at least 8 points"):
        thin_curve("loss", "train_loss", steps, values, n)


@given(
    st.lists(st.tuples(st.floats(), st.floats()), max_size=200),
    st.integers(8, 60),
)
def test_extremes_and_order_hold_for_any_curve(points, n):
    steps, values = [p[0] for p in points], [p[1] for p in points]
    curve = thin_curve("m", "r", steps, values, n)
    assert len(curve.steps) == len(curve.values) <= n
    assert list(curve.steps) == sorted(set(curve.steps))
    last = {s: v for s, v in zip(steps, values, strict=True) if math.isfinite(s)}
    finite = [v for v in last.values() if math.isfinite(v)]
    drawn = [v for v in curve.values if math.isfinite(v)]
    assert (min(finite), max(finite)) == (min(drawn), max(drawn)) if finite else not drawn
