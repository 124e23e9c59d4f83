from __future__ import annotations

import math
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.adapters.mlflow.points import Points, curves, in_order, unclamped

LARGEST = 1.7976931348623157e308


def points(steps: list[float], values: list[float]) -> Points:
    return Points(np.array(steps, float), np.array(values, float), np.arange(len(steps)) * 1000.0)


def single(value: float) -> Points:
    return points([0], [value])


def test_the_largest_double_was_an_infinity() -> None:
    values = [LARGEST, -LARGEST, 1.0]
    assert curves({"loss": points([0, 1, 2], values)})["loss"].values.tolist() == [math.inf, -math.inf, 1.0]
    assert [unclamped(value) for value in values] == [math.inf, -math.inf, 1.0]
    assert math.isnan(unclamped(math.nan))


def test_milliseconds_become_seconds() -> None:
    assert curves({"loss": points([0, 1], [2, 1])})["loss"].seconds.tolist() == [0.0, 1.0]


def test_system_metrics_are_left_out() -> None:
    assert set(curves({"system/cpu": single(1), "loss": single(1)})) == {"loss"}


def test_what_autologging_adds_is_read_as_it_was_logged() -> None:
    """What to make of it is asked when the run is judged, of every tracker's runs alike."""
    restored = {
        "stopped_epoch": single(4),
        "restored_epoch": single(2),
        "loss": points([*range(6)], [5, 4, 3, 4, 5, 3]),
    }
    found = curves({**restored, "val_loss": points([0, 1], [3, 2]), "validation_loss": points([0, 0], [3, 2])})
    assert set(found) == {*restored, "val_loss", "validation_loss"}
    assert len(found["loss"]) == 6
    assert found["loss"].notes == ()


def test_several_values_at_a_step_are_joined_by_time() -> None:
    logged = Points(np.array([1.0, 1, 0]), np.array([5.0, 4, 9]), np.array([3000.0, 2000, 1000]))
    series = curves({"loss": logged})["loss"]
    assert (series.steps.tolist(), series.values.tolist()) == ([0.0, 1.0], [9.0, 5.0])
    assert series.records is not None
    assert series.records.values.tolist() == [9.0, 4.0, 5.0]


POINTS = st.tuples(
    st.integers(0, 3), st.sampled_from([0.0, -1.0, 1.0, math.nan, math.inf, -math.inf]), st.integers(0, 3)
)


@given(st.lists(POINTS, max_size=12), st.randoms(use_true_random=False))
def test_points_come_in_one_order_whatever_order_a_store_gives_them_in(
    logged: list[tuple[int, float, int]], random: Random
) -> None:
    def put(rows: list[tuple[int, float, int]]) -> list[list[float]]:
        columns = np.array(rows, float).reshape(-1, 3).T
        found = in_order(Points(*columns))
        return [found.milliseconds.tolist(), found.steps.tolist(), found.values.tolist()]

    shuffled = random.sample(logged, len(logged))
    stored = list({str(point): point for point in shuffled}.values())  # a table holds each point once
    milliseconds, steps, values = put(logged)
    assert str(put(shuffled)) == str(put(stored)) == str([milliseconds, steps, values])
    assert sorted(map(str, stored)) == sorted(
        str((int(step), value, int(at))) for at, step, value in zip(milliseconds, steps, values, strict=True)
    )
    assert list(zip(milliseconds, steps, strict=True)) == sorted(zip(milliseconds, steps, strict=True))


def test_steps_that_were_logged_out_of_order_are_told_from_rows_that_came_so() -> None:
    steps = np.array([0.0, 1, 3, 2, 4])
    shuffled = np.array([3, 0, 4, 2, 1])
    for at, expected in ((np.arange(5) * 1000.0, ("steps out of order at 1 place: sorted",)), (steps * 1000.0, ())):
        logged = Points(steps[shuffled], steps[shuffled], at[shuffled])
        assert curves({"loss": logged})["loss"].notes == expected
