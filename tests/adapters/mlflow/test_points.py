from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.adapters.mlflow.points import Points, curves, in_order, unclamped, without_restored_point
from tracker_diag.core.run import Series

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


def test_keras_validation_at_step_0_gives_way_to_val_with_a_note() -> None:
    found = curves({"val_loss": points([0, 1, 2], [3, 2, 1]), "validation_loss": points([0, 0, 0], [3, 2, 1])})
    assert set(found) == {"val_loss"}
    assert found["val_loss"].notes == ("validation_loss, logged at step 0 every time, was left out",)


@pytest.mark.parametrize(
    "logged",
    [
        {"validation_loss": points([0, 0, 0], [3, 2, 1])},
        {"val_loss": points([0, 1], [3, 2]), "validation_loss": points([0, 1], [3, 2])},
    ],
    ids=["alone", "with steps"],
)
def test_other_validation_metrics_stay(logged: dict[str, Points]) -> None:
    assert set(curves(logged)) == set(logged)


def test_several_values_at_a_step_are_joined_by_time() -> None:
    logged = Points(np.array([1.0, 1, 0]), np.array([5.0, 4, 9]), np.array([3000.0, 2000, 1000]))
    series = curves({"loss": logged})["loss"]
    assert (series.steps.tolist(), series.values.tolist()) == ([0.0, 1.0], [9.0, 5.0])


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


LOSS = [5.0, 4.0, 3.0, 3.5, 3.6]

RESTORED = {
    "xgboost": {
        "stopped_iteration": single(4),
        "best_iteration": single(2),
        "valid-loss": points([*range(6)], [*LOSS, 3.0]),
    },
    "lightgbm": {
        "stopped_iteration": single(5),
        "best_iteration": single(3),
        "valid-loss": points([*range(6)], [*LOSS, 3.0]),
    },
    "keras": {"stopped_epoch": single(4), "restored_epoch": single(2), "valid-loss": points([*range(6)], [*LOSS, 3.0])},
}


@pytest.mark.parametrize("library", RESTORED)
def test_the_restored_value_is_no_measurement(library: str) -> None:
    series = curves(RESTORED[library])["valid-loss"]
    assert series.values.tolist() == LOSS
    assert series.steps.tolist() == [0, 1, 2, 3, 4]
    assert series.seconds is not None
    assert len(series.seconds) == 5
    assert "restored from step 2" in series.notes[-1]


@pytest.mark.parametrize(
    ("stopped", "restored", "values"),
    [(4, 2, [*LOSS, 3.1]), (9, 2, [*LOSS, 3.0]), (4, 1, [*LOSS, 3.0])],
    ids=["another value", "another step", "the value of another step"],
)
def test_a_last_point_that_is_not_proved_a_repetition_stays(stopped: int, restored: int, values: list[float]) -> None:
    logged = {
        "stopped_epoch": single(stopped),
        "restored_epoch": single(restored),
        "val_loss": points([*range(6)], values),
    }
    assert len(curves(logged)["val_loss"]) == 6


def test_without_early_stopping_a_repeated_last_value_stays() -> None:
    assert len(curves({"val_loss": points([*range(6)], [*LOSS, 3.0])})["val_loss"]) == 6


@given(
    st.lists(st.floats(allow_nan=True), min_size=0, max_size=8),
    st.integers(-2, 9),
    st.integers(-2, 9),
)
def test_at_most_the_last_point_goes(values: list[float], stopped: int, restored: int) -> None:
    series = {
        "loss": Series.from_points("loss", range(len(values)), values),
        "stopped_epoch": Series.from_points("stopped_epoch", [0], [stopped]),
        "restored_epoch": Series.from_points("restored_epoch", [0], [restored]),
    }
    kept = without_restored_point(series)["loss"]
    assert len(values) - len(kept) in (0, 1)
    assert np.array_equal(kept.values, np.array(values[: len(kept)], float), equal_nan=True)
