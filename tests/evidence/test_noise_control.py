"""A run and the control of its experiment that was trained on random input."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.siblings import experiment, member, seen
from tracker_diag.core.controlled import RANDOM_INPUT, tags
from tracker_diag.evidence.noise_control import NoiseControl

CONTROL = tags(RANDOM_INPUT)


def of(run: Any, **control: Any) -> NoiseControl | None:
    noise = member(**{"id": "noise", "tags": CONTROL, **control})
    found = seen(run, [*experiment(), noise], "noise_control")
    assert found is None or isinstance(found, NoiseControl)
    return found


def test_a_run_that_learns_is_far_ahead_of_the_control() -> None:
    found = of(member(), end=2.2)
    assert found is not None
    assert found.far_behind
    assert not found.as_good
    assert found.lead == pytest.approx((2.2 - 0.2) / (2.3 - 0.2), rel=0.05)
    assert (found.own, found.control) == pytest.approx((0.2, 2.2), abs=0.01)


@pytest.mark.parametrize("end", [0.2, 0.25, 0.1])
def test_a_control_that_ends_alike_or_better_is_as_good(end: float) -> None:
    found = of(member(), end=end)
    assert found is not None
    assert found.as_good
    assert not found.far_behind


def test_between_them_is_neither() -> None:
    found = of(member(), end=0.8)
    assert found is not None
    assert not found.as_good
    assert not found.far_behind


def test_a_run_that_has_not_improved_is_no_better_than_noise() -> None:
    worse = [member(0.1, end=2.5), member(id="c", end=2.6, tags=CONTROL)]
    found = seen(member(end=2.5), worse, "noise_control")
    assert found is not None
    assert found.lead == 0
    assert found.as_good


def test_where_another_run_clearly_makes_use_of_the_input_it_is_not_to_blame() -> None:
    control = member(id="c", end=2.2, tags=CONTROL)
    assert seen(member(0.1, end=2.2), [member(), control], "noise_control") is None
    found = seen(member(0.1, end=2.2), [member(end=2.15), control], "noise_control")
    assert found is not None
    assert found.as_good


def test_scores_are_shown_as_they_are() -> None:
    def scored(value: float, **fields: Any) -> Any:
        accuracy = [[i, value - (value - 0.1) * math.exp(-i / 4)] for i in range(40)]
        return member(metrics={"val_accuracy": accuracy}, **fields)

    found = seen(scored(0.9), [scored(0.8, id="b", seed=3), scored(0.15, id="c", tags=CONTROL)], "noise_control")
    assert found.far_behind
    assert (found.own, found.control) == pytest.approx((0.9, 0.15), abs=0.01)


@pytest.mark.parametrize(
    "control",
    [
        {"end": math.nan},
        {"tags": {}},
        {"tags": {"diag.control": "tiny-subset"}},
        {"metrics": {"val_accuracy": [[1, 1]]}},
    ],
    ids=["lost", "no control", "another control", "another metric"],
)
def test_nothing_is_said_without_a_control_that_can_be_compared(control: dict[str, Any]) -> None:
    assert of(member(), **control) is None


def test_nothing_is_said_of_a_run_that_is_lost_or_short() -> None:
    assert of(member(end=math.nan), end=2.2) is None
    assert of(member(metrics={"val_loss": [[1, 2.0], [2, 1.0]]}), end=2.2) is None


def test_a_control_that_a_user_tagged_is_one_too() -> None:
    assert of(member(), tags={"diag.control": RANDOM_INPUT}, end=2.2) is not None
