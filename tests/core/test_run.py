"""Reading runs: what is put in order, and what is refused by name."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.run import InvalidRunError, Records, Run, Series, by_step

NAN, INF = math.nan, math.inf


def series(points: list[Any]) -> Series:
    return Run.from_dict({"id": "r", "metrics": {"loss": points}}).metrics["loss"]


def test_points_in_order_are_left_alone() -> None:
    found = series([[0, 3.0], [1, 2.0], [5, 1.0]])
    assert found.steps.tolist() == [0, 1, 5]
    assert found.values.tolist() == [3, 2, 1]
    assert found.notes == ()
    assert found.seconds is None
    assert found.records is None
    assert len(found) == 3


def test_unsorted_points_are_sorted_and_it_is_said() -> None:
    found = series([[2, 1.0], [0, 3.0], [1, 2.0]])
    assert found.values.tolist() == [3, 2, 1]
    assert found.notes == ("steps out of order at 1 place: sorted",)


def test_of_a_repeated_step_the_last_logged_value_is_kept() -> None:
    found = series([[0, 3.0], [1, 2.0], [1, 1.5], [2, 1.0]])
    assert found.values.tolist() == [3, 1.5, 1]
    assert found.notes == ("1 repeated step: the last logged value was kept",)


def test_the_wall_time_says_what_was_logged_last() -> None:
    found = series([[0, 3.0, 10], [1, 1.5, 30], [1, 2.0, 20], [2, 1.0, 40]])
    assert found.values.tolist() == [3, 1.5, 1]
    assert found.seconds is not None
    assert found.seconds.tolist() == [10, 30, 40]


def test_a_resumed_run_overwrites_its_steps() -> None:
    first = [[i, 3.0 - i] for i in range(4)]
    again = [[i, 10.0 + i] for i in range(2, 6)]
    assert series(first + again).values.tolist() == [3, 2, 12, 13, 14, 15]


@pytest.mark.parametrize("step", [0, 7])
def test_where_no_step_was_passed_the_order_is_the_step(step: int) -> None:
    found = series([[step, 3.0], [step, 2.0], [step, 1.0]])
    assert found.steps.tolist() == [0, 1, 2]
    assert found.values.tolist() == [3, 2, 1]
    assert found.notes == (f"all 3 points at step {step}: the order of logging was used instead",)


def test_where_no_step_was_passed_the_wall_time_orders() -> None:
    assert series([[0, 1.0, 30], [0, 3.0, 10], [0, 2.0, 20]]).values.tolist() == [3, 2, 1]


@pytest.mark.parametrize("missing", [None, NAN, INF, "NaN"])
def test_a_missing_step_takes_its_place(missing: Any) -> None:
    found = series([[0, 3.0], [missing, 2.0], [2, 1.0]])
    assert found.steps.tolist() == [0, 1, 2]
    assert found.notes == ("1 point without a step: the order of logging was used instead",)


@pytest.mark.parametrize("step", [1e100, -1e300, 10**400])
def test_a_step_beyond_any_counter_is_none(step: float) -> None:
    found = series([[0, 3.0], [step, 2.0], [2, 1.0]])
    assert found.steps.tolist() == [0, 1, 2]
    assert found.notes == ("1 point without a step: the order of logging was used instead",)


@pytest.mark.parametrize("value", [2.0, NAN])
def test_what_is_logged_twice_alike_is_no_note(value: float) -> None:
    """As Lightning logs its epoch."""
    found = series([[0, 3.0], [1, value], [1, value], [2, 1.0]])
    assert found.steps.tolist() == [0, 1, 2]
    assert found.notes == ()


def test_only_values_that_were_overwritten_are_counted() -> None:
    found = series([[0, 3.0], [1, 2.0], [1, 2.0], [2, 1.0], [2, 1.5], [2, 1.0]])
    assert found.values.tolist() == [3, 2, 1]
    assert found.notes == ("1 repeated step: the last logged value was kept",)


@pytest.mark.parametrize(
    "points",
    [[[2, 1.0], [0, 3.0], [1, 2.0]], [[0, 3.0], [1, 2.0], [1, 2.0]], [[0, 3.0], [0, 2.0], [0, 1.0]]],
    ids=["out of order", "repeated", "all at one step"],
)
def test_every_point_is_kept_in_the_order_of_logging(points: list[Any]) -> None:
    records = series(points).records
    assert records is not None
    assert [list(x) for x in zip(records.steps.tolist(), records.values.tolist(), strict=True)] == points
    assert records.seconds is None


def test_the_clock_orders_the_records() -> None:
    records = series([[1, 1.5, 30], [0, 3.0, 10], [1, 2.0, 20]]).records
    assert records is not None
    assert records.seconds is not None
    assert (records.steps.tolist(), records.values.tolist()) == ([0, 1, 1], [3, 2, 1.5])
    assert records.seconds.tolist() == [10, 20, 30]


def test_a_clock_that_was_not_always_read_orders_nothing() -> None:
    found = series([[0, 3.0, 10], [1, 2.0, None], [1, 1.0, 5]])
    assert found.values.tolist() == [3, 1]
    assert found.seconds is None


def test_by_step_keeps_what_was_said_before() -> None:
    found = by_step("loss", Records(np.array([1.0, 0]), np.array([1.0, 2])), ("first",))
    assert found.notes == ("first", "steps out of order at 1 place: sorted")
    assert found.values.tolist() == [2, 1]


def shown(found: Series) -> str:
    records = None if found.records is None else [x.tolist() for x in (found.records.steps, found.records.values)]
    return str((found.steps.tolist(), found.values.tolist(), found.notes, records))


POINTS = st.tuples(st.integers(-3, 9) | st.floats(-5, 5), st.floats(), st.integers(0, 5)).map(list)


@given(st.lists(POINTS, max_size=20), st.booleans(), st.randoms(use_true_random=False))
def test_with_a_clock_the_order_of_the_lines_says_nothing(points: list[Any], ties: bool, random: Random) -> None:
    if not ties:
        points = [[step, value, at + 10 * i] for i, (step, value, at) in enumerate(points)]
    elif len({at for _, _, at in points}) == 1:
        return
    assert shown(series(random.sample(points, len(points)))) == shown(series(points))


@given(st.lists(POINTS, max_size=20))
def test_no_point_is_lost(points: list[Any]) -> None:
    found = series(points)
    every = found if found.records is None else found.records
    assert every.steps.size == len(points)
    assert sorted(map(str, every.values.tolist())) == sorted(str(float(value)) for _, value, _ in points)


def test_words_for_numbers() -> None:
    found = series([[0, "NaN"], [1, "Infinity"], [2, "-Infinity"], [3, "1.5e-3"], [4, " inf "], [5, None], [6, True]])
    assert found.values[1:5].tolist() == [INF, -INF, 0.0015, INF]
    assert np.isnan(found.values[[0, 5]]).all()
    assert found.values[6] == 1


def test_numbers_beyond_floats() -> None:
    found = series([[0, 10**400], [1, -(10**400)], [2, 2**70]])
    assert found.values.tolist() == [INF, -INF, 2.0**70]


def test_empty_and_single() -> None:
    assert len(series([])) == 0
    assert series([[3, 1.0]]).steps.tolist() == [3]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-(2**80), 2**80), st.floats()),
            st.one_of(st.floats(), st.integers(), st.sampled_from(["NaN", "Infinity"])),
        ).map(list),
        max_size=30,
    )
)
def test_what_comes_out_is_in_order(points: list[Any]) -> None:
    found = series(points)
    assert np.isfinite(found.steps).all()
    assert (np.diff(found.steps) > 0).all() if found.steps.size < 2 or np.ptp(found.steps / 4) < 1e307 else True
    assert found.steps.size == found.values.size <= len(points)
    assert bool(points) == bool(len(found))


SHARED: Any = [0, 1]
for _ in range(60):
    SHARED = [SHARED, SHARED]

BAD: list[tuple[Any, str]] = [
    ([], "run"),
    ({}, "id"),
    ({"id": ""}, "id"),
    ({"id": 3}, "id"),
    ({"id": "r", "metric": {}}, "metric"),
    ({"id": "r", "metrics": []}, "metrics"),
    ({"id": "r", "metrics": {3: []}}, "metrics[3]"),
    ({"id": "r", "metrics": {"loss": 3}}, "metrics['loss']"),
    ({"id": "r", "metrics": {"loss": "abc"}}, "metrics['loss']"),
    ({"id": "r", "metrics": {"loss": {"0": 1}}}, "metrics['loss']"),
    ({"id": "r", "metrics": {"loss": [1, 2]}}, "metrics['loss'][0]"),
    ({"id": "r", "metrics": {"loss": [[0, 1], [1]]}}, "metrics['loss'][1]"),
    ({"id": "r", "metrics": {"loss": [[0, 1], "ab"]}}, "metrics['loss'][1]"),
    ({"id": "r", "metrics": {"loss": [[0, 1], [1, "two"]]}}, "metrics['loss'][1][1]"),
    ({"id": "r", "metrics": {"loss": [[0, 1], ["x", 2]]}}, "metrics['loss'][1][0]"),
    ({"id": "r", "metrics": {"loss": [[0, [1]]]}}, "metrics['loss'][0][1]"),
    ({"id": "r", "metrics": {"loss": [[0, 1, 2, 3]]}}, "metrics['loss'][0]"),
    ({"id": "r", "metrics": {"loss": [[0, 1j]]}}, "metrics['loss'][0][1]"),
    ({"id": "r", "metrics": {"loss": [[0, np.clongdouble(1)], [1, None]]}}, "metrics['loss'][0][1]"),
    ({"id": "r", "metrics": {"loss": [[0, np.timedelta64(1, "s")]]}}, "metrics['loss'][0][1]"),
    ({"id": "r", "metrics": {"loss": np.array("x")}}, "metrics['loss']"),
    ({"id": "r", "metrics": {"loss": SHARED}}, "metrics['loss'][0][0]"),
    ({"id": "r", "metrics": {"loss": [[0, SHARED]]}}, "metrics['loss'][0][1]"),
    ({"id": "r", "metrics": {"loss": [[0, 1], range(10**12)]}}, "metrics['loss'][1]"),
    ({"id": "r", "metrics": {"loss": [np.array("x")]}}, "metrics['loss'][0]"),
    ({"id": "r", "params": [1]}, "params"),
    ({"id": "r", "params": {1: 2}}, "params[1]"),
    ({"id": "r", "tags": "x"}, "tags"),
    ({"id": "r", "status": "DONE"}, "status"),
    ({"id": "r", "status": 3}, "status"),
    ({"id": "r", "name": 3}, "name"),
    ({"id": "r", "parent": ["x"]}, "parent"),
    ({"id": "r", "start_time": "noon"}, "start_time"),
    ({"id": "r", "start_time": True}, "start_time"),
    ({"id": "r", "end_time": NAN}, "end_time"),
    ({"id": "r", "end_time": 10**400}, "end_time"),
    ({"id": "r", "datasets": {"name": "x"}}, "datasets"),
    ({"id": "r", "datasets": ["x"]}, "datasets[0]"),
    ({"id": "r", "profile": [1]}, "profile"),
    ({"id": "r", "model_summary": 3}, "model_summary"),
]


def test_a_tag_that_is_no_text_becomes_one() -> None:
    tags = {"a": 1.0, "b": True, "c": 10**5000, "d": SHARED, "e": None}
    found = Run.from_dict({"id": "r", "tags": tags}).tags
    assert (found["a"], found["b"], found["c"], found["e"]) == ("1.0", "True", hex(10**5000), "None")
    assert len(found["d"]) < 10**7


@pytest.mark.parametrize(("data", "field"), BAD, ids=lambda x: x if isinstance(x, str) else "")
def test_what_cannot_be_read_is_named(data: Any, field: str) -> None:
    with pytest.raises(InvalidRunError) as caught:
        Run.from_dict(data)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert "\n" not in str(caught.value)


json_data = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=12,
)
fields = st.sampled_from(["metrics", "params", "status", "tags", "name", "parent", "start_time", "datasets", "profile"])


@given(st.dictionaries(fields, json_data, max_size=4))
def test_any_json_is_read_or_refused_by_name(data: dict[str, Any]) -> None:
    refused = None
    try:
        Run.from_dict({"id": "r", **data})
    except InvalidRunError as error:
        refused = error.field
    assert refused is None or refused.split("[")[0] in data


@pytest.mark.parametrize(
    ("word", "status"),
    [("running", "RUNNING"), ("crashed", "FAILED"), ("pending", "SCHEDULED"), (None, "FINISHED"), ("KILLED", "KILLED")],
)
def test_statuses_of_both_trackers(word: str | None, status: str) -> None:
    run = Run.from_dict({"id": "r", "status": word})
    assert run.status == status
    assert run.active == (status in ("RUNNING", "SCHEDULED"))


def test_a_run_cannot_be_changed() -> None:
    run = Run.from_dict({"id": "r", "params": {"lr": 1}, "metrics": {"loss": [[0, 1]]}, "tags": {"a": 1}})
    assert run.tags == {"a": "1"}
    for mapping in (run.params, run.metrics, run.tags):
        with pytest.raises(TypeError):
            mapping["new"] = 1  # type: ignore[index]


def test_series_of_unlike_lengths_are_refused() -> None:
    with pytest.raises(InvalidRunError, match="differ in length"):
        Series.from_points("loss", [0, 1], [1.0])
