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
    return [member(lr, end=math.nan if lr in lost else None, id=f"{lr:g}") for lr in (*RATES, 1.0)]


def of(run: Run, runs: list[Run], **thresholds: Any) -> Any:
    return found(beside(run, runs, **thresholds), CODE)


def test_the_highest_rate_that_did_not_explode_and_one_order_below() -> None:
    seen = of(member(0.001), ladder(1.0, 0.1))
    assert seen.severity == "info"
    assert "of 5 learning rates from 0.0001 to 1, 0.01 is the highest that did not explode" in seen.message
    assert "this run's 0.001 is 10 times below it" in seen.message
    assert seen.evidence["proposed"] == 0.001
    assert seen.advice.startswith("begin with 0.001,")


@pytest.mark.parametrize(
    ("lr", "stands"), [(0.01, "is at it"), (0.1, "is 10 times that"), (1e-4, "100 times below it")]
)
def test_where_this_run_stands(lr: float, stands: str) -> None:
    assert stands in of(member(lr), ladder(1.0, 0.1)).message


def test_the_step_down_is_a_threshold() -> None:
    runs = ladder(1.0, 0.1)
    halved = of(member(0.001), runs, EX903={"step_down": 2.0})
    assert halved.evidence["proposed"] == 0.005
    assert of(member(0.001), runs, EX903={"step_down": 0.0}) is None


def test_no_ladder_where_nothing_exploded_or_all_did_or_rates_are_few() -> None:
    assert of(member(0.001), ladder()) is None
    assert of(member(0.001), ladder(*RATES, 1.0)) is None
    assert of(member(0.001), [r for r in ladder(1.0) if r.id in ("0.001", "0.01", "1")]) is None


def test_it_is_no_warning_and_changes_no_verdict() -> None:
    report = beside(member(0.01), ladder(1.0))
    assert found(report, CODE) is not None
    assert report.verdict == "good-fit"
    assert report.severity == "info"
