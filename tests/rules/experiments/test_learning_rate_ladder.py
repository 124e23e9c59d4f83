"""EX903 learning-rate-ladder."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.rules.runs import found
from tests.siblings import RATES, beside, member
from tracker_diag import Run

CODE = "EX903"


def ladder(*lost: float) -> list[Run]:
    """Runs that do equally well, but those that are lost."""
    return [member(lr, end=math.nan if lr in lost else 0.2, id=f"{lr:g}") for lr in (*RATES, 1.0)]


def of(run: Run, runs: list[Run], **thresholds: Any) -> Any:
    return found(beside(run, runs, **thresholds), CODE)


def test_the_highest_rate_that_did_not_explode_and_one_order_below() -> None:
    seen = of(member(0.001, end=0.2), ladder(1.0, 0.1))
    assert seen.severity == "info"
    assert "of 5 learning rates tried (0.0001 to 1), 0.01 is the highest that did not explode" in seen.message
    assert "this run's 0.001 is 10 times lower, as is advisable" in seen.message
    assert seen.evidence["proposed"] == 0.001
    assert seen.advice == ""
    high = of(member(0.01, end=0.2), ladder(1.0, 0.1))
    assert high.advice.startswith("lower the learning rate from 0.01 to 0.001, which is 10 times lower")


def test_where_other_runs_show_a_better_rate_they_speak() -> None:
    runs = [member(lr, end=math.nan if lr == 1.0 else None, id=f"{lr:g}") for lr in (*RATES, 1.0)]
    assert of(member(0.001), runs) is None
    assert of(member(0.01), runs) is not None


def test_where_nobody_does_better_than_guessing_it_says_nothing() -> None:
    level = math.log(2)
    runs = [member(lr, end=math.nan if lr == 1.0 else level, id=f"{lr:g}") for lr in (*RATES, 1.0)]
    assert of(member(0.001, end=level), runs) is None


@pytest.mark.parametrize(
    ("lr", "stands"),
    [
        (0.01, "did not explode; this run uses it"),
        (0.1, "this run's 0.1 is 10 times as high"),
        (1e-4, "this run's 0.0001 is 100 times lower"),
    ],
)
def test_where_this_run_stands(lr: float, stands: str) -> None:
    lost = member(0.1, seed=1, end=math.nan, id="lost")
    assert stands in of(member(lr, seed=2, end=0.21), [*ladder(1.0, 0.1), lost]).message


def test_a_rate_a_little_below_is_close_to_it() -> None:
    assert "this run's 0.008 is close to it" in of(member(0.008, seed=2, end=0.21), ladder(1.0, 0.1)).message


def test_the_step_down_is_a_threshold() -> None:
    runs = ladder(1.0, 0.1)
    halved = of(member(0.001, end=0.2), runs, EX903={"step_down": 2.0})
    assert halved.evidence["proposed"] == 0.005
    assert of(member(0.001, end=0.2), runs, EX903={"step_down": 0.0}) is None


def test_no_ladder_where_nothing_exploded_or_all_did_or_rates_are_few() -> None:
    assert of(member(0.001, end=0.2), ladder()) is None
    assert of(member(0.001, end=0.2), ladder(*RATES, 1.0)) is None
    assert of(member(0.001, end=0.2), [r for r in ladder(1.0) if r.id in ("0.001", "0.01", "1")]) is None


def test_it_is_no_warning_and_changes_no_verdict() -> None:
    report = beside(member(0.01, end=0.2), ladder(1.0))
    assert found(report, CODE) is not None
    assert report.verdict == "good-fit"
    assert report.severity == "info"
