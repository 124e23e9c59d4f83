"""Records cut where their steps go back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.logs import logged, records, rises
from tracker_diag import Series
from tracker_diag.core.run import Records
from tracker_diag.timeline.stretches import CROWDED, stretches, values_a_step


def told(steps: Sequence[float], values: list[float] | None = None) -> list[tuple[list[float], list[int]]]:
    return [(found.steps.tolist(), found.at.tolist()) for found in stretches(records(steps, values))]


def test_records_in_order_are_one_stretch() -> None:
    assert told([0, 1, 5]) == [([0, 1, 5], [0, 1, 2])]


def test_a_stretch_ends_where_steps_go_back() -> None:
    assert told([0, 1, 2, 3, 0, 1, 2, 3, 2, 3, 4, 5]) == [
        ([0, 1, 2, 3], [0, 1, 2, 3]),
        ([0, 1, 2, 3], [4, 5, 6, 7]),
        ([2, 3, 4, 5], [8, 9, 10, 11]),
    ]


def test_of_a_value_that_was_corrected_at_once_the_last_is_taken() -> None:
    assert told([0, 1, 1, 2]) == [([0, 1, 2], [0, 2, 3])]


def test_where_no_step_comes_twice_they_are_sorted() -> None:
    assert told([5, 6, 7, 0, 1, 2]) == [([0, 1, 2, 5, 6, 7], [3, 4, 5, 0, 1, 2])]


def test_what_goes_back_at_every_other_record_is_in_no_order_and_sorted() -> None:
    assert told([1, 0, 1, 0, 2, 1, 3, 2]) == [([0, 1, 2, 3], [3, 5, 7, 6])]


def test_many_values_under_each_step_get_steps_of_their_own() -> None:
    assert told([0] * 4 + [2] * 4 + [4] * 4) == [([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5], [*range(12)])]


@pytest.mark.parametrize(
    ("steps", "a_step"), [([0, 1, 2], 1), ([0, 0, 1, 1], 2), ([0] * 200 + [1] * 200, 200), ([0, 1, 0, 1], 1)]
)
def test_values_a_step(steps: list[float], a_step: float) -> None:
    assert values_a_step(records(steps)) == a_step


CURVE = [3.0, 2.0, 1.0, 0.7, 0.5, 0.4]


@pytest.mark.parametrize(
    ("steps", "values"),
    [
        ([0, 1, 2, 3, 4, 5, 0], [*CURVE, 3.0]),
        ([0, 1, 2, 3, 4, 5, 4, 5], [*CURVE, 0.5, 0.4]),
        ([0, 1, 2, 3, 4, 5] * 2, CURVE * 2),
    ],
    ids=["the first", "the last two", "all"],
)
def test_what_is_logged_word_for_word_once_more_is_left_out(steps: list[float], values: list[float]) -> None:
    assert told(steps, values) == [([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5])]


def test_a_metric_that_stands_is_no_copy_of_itself() -> None:
    assert len(told([0, 1, 2, 0, 1, 2, 0, 1, 2], [2.3] * 9)) == 3


def test_the_parts_of_a_stretch() -> None:
    found = stretches(records([0, 2, 4, 6]))[0]
    below, above = found.parted(3)
    assert below.steps.tolist() == [0, 2]
    assert above.steps.tolist() == [4, 6]
    assert [*below.at, *above.at] == [0, 1, 2, 3]
    assert [part.steps.tolist() for part in found.parted(4)] == [[0, 2], [4, 6]]
    assert found.moved(10).steps.tolist() == [10, 12, 14, 16]
    assert found.parted(0)[0].steps.size == found.parted(7)[1].steps.size == 0


def as_records(points: list[list[Any]]) -> Records:
    """Points without a step are put in their place before they are cut."""
    steps = [np.nan if step is None else float(step) for step, _ in points]
    found = Series.from_points("loss", steps, [float(value) for _, value in points])
    return found.records or Records(found.steps, found.values)


@given(logged)
def test_each_record_is_in_one_stretch_or_logged_again(points: list[list[Any]]) -> None:
    """In a stretch; word for word in one; or followed by another under its step that is.

    But for the final value, logged alone at the first step.
    """
    every = as_records(points)
    if not every.steps.size:
        return
    found = stretches(every)
    at = [int(i) for one in found for i in one.at]
    assert len(at) == len(set(at)), "a record is in one stretch"
    assert all(rises(one.steps) for one in found)
    assert all((every.values[one.at] == one.values).all() or np.isnan(one.values).any() for one in found)
    pairs = list(zip(every.steps.tolist(), every.values.tolist(), strict=True))
    told = {pairs[i] for i in at}
    if values_a_step(every) >= CROWDED and len(found) > 1:
        assert all(i in at or any(pairs[i][1] == value for _, value in told) for i in range(len(pairs) - 1))
        return
    for i, (step, _) in enumerate(pairs):
        if step <= pairs[0][0] and all(later == step for later, _ in pairs[i:]):
            continue
        later = [j for j in range(i + 1, len(pairs)) if pairs[j][0] == step]
        assert i in at or pairs[i] in told or any(j in at or pairs[j] in told for j in later)


@given(st.lists(st.integers(3, 30), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_counters_that_begin_again_are_cut_there_and_nowhere_else(sizes: list[int], seed: int) -> None:
    steps = [float(i) for size in sizes for i in range(size)]
    values = np.random.default_rng(seed).normal(size=len(steps))
    found = stretches(Records(np.array(steps), values))
    assert [one.steps.size for one in found] == sizes
    assert np.concatenate([one.at for one in found]).tolist() == list(range(len(steps)))
