"""EX902 tiny-subset-control."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.rules.runs import found
from tests.siblings import RATES, beside, experiment, member
from tracker_diag import Run
from tracker_diag.core.controlled import TINY_SUBSET, tags

CODE = "EX902"


#: Of those that learn little, so that the control has something to say.
RUNS = [member(lr, seed=seed, end=1.9 + lr) for lr in RATES for seed in (0, 1)]


def of(control: Run, run: Run | None = None, **thresholds: Any) -> Any:
    return found(beside(run or RUNS[0], [*RUNS, control], **thresholds), CODE)


def control(train: float | None, val: float = 5.0) -> Run:
    metrics: dict[str, Any] = {"val_loss": [[30, val]]} | ({} if train is None else {"train_loss": [[30, train]]})
    return member(id="c", name="few examples", metrics=metrics, tags=tags(TINY_SUBSET))


@pytest.mark.parametrize("train", [2.0, 1.3, math.nan, math.inf])
def test_a_control_that_learned_nothing_by_heart_is_a_warning(train: float) -> None:
    seen = of(control(train))
    assert seen.severity == "warning"
    assert "control run 'few examples' did not memorise its few examples" in seen.message


@pytest.mark.parametrize("train", [0.001, 0.9])
def test_one_that_did_is_none(train: float) -> None:
    assert of(control(train)) is None


def test_where_its_training_was_not_logged_its_validation_counts() -> None:
    assert of(control(None, val=2.0)) is not None
    assert of(control(None, val=0.01)) is None


def test_where_a_run_learned_the_data_it_can_learn_a_few_of_them() -> None:
    assert of(control(2.0), member()) is None
    assert found(beside(RUNS[0], [*experiment(), control(2.0)]), CODE) is None


def test_how_much_is_learned_is_a_threshold() -> None:
    assert of(control(0.9), EX902={"learned": 0.1}) is not None


def test_runs_that_are_compared_by_a_score_are_left_alone() -> None:
    accuracy = {"val_accuracy": [[i, 0.9] for i in range(30)], "train_loss": [[i, 2 / (1 + i)] for i in range(30)]}
    tagged = member(id="c", metrics={"val_accuracy": [[1, 0.5]], "train_loss": [[1, 2.0]]}, tags=tags(TINY_SUBSET))
    assert of(tagged, member(metrics=accuracy)) is None
