"""EX906 worse-than-siblings."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from tests.rules.runs import found
from tests.siblings import LATEST, beside, experiment, last, member
from tracker_diag import Run

CODE = "EX906"


def of(run: Run, siblings: list[Run] | None = None, **thresholds: Any) -> Any:
    return found(beside(run, experiment() if siblings is None else siblings, **thresholds), CODE)


def test_it_names_the_best_run_the_matched_one_and_the_value_that_worked() -> None:
    runs = [replace(run, end_time=LATEST) for run in experiment()]
    seen = of(member(0.1, 64, 0), runs)
    assert seen.message == (
        "validation loss ended at 0.5531, while the best of 15 comparable runs, '0.01-64-0', reached 0.1958 with lr "
        "0.01 instead of 0.1 and nothing else changed (of 15 runs, as of 2027-01-15 08:00 UTC)"
    )
    assert seen.advice == "lower lr from 0.1 to 0.01"
    assert (seen.severity, seen.confidence) == ("warning", 0.95)
    assert seen.evidence["gains"].keys() == {"lr"}
    assert seen.evidence["best"] == "0.01-64-0"


def test_where_no_run_is_matched_the_surface_speaks_and_is_less_sure() -> None:
    runs = [run for run in experiment() if run.id not in ("0.01-4-0", "0.01-4-1", "0.1-64-0", "0.1-64-1")]
    seen = of(member(0.1, 4, 0), runs)
    assert "a model fitted to all runs predicts about" in seen.message
    assert seen.confidence == 0.85


def test_several_matched_runs_are_told_as_such() -> None:
    runs = [member(lr, 64, seed) for lr in (1e-4, 1e-2) for seed in range(3)]
    assert "3 runs (such as" in of(member(1e-4, 64, 7), runs).message


@pytest.mark.parametrize("run_id", ["0.01-64-0", "0.01-64-1"])
def test_it_says_nothing_of_runs_that_do_well(run_id: str) -> None:
    assert of(next(run for run in experiment() if run.id == run_id)) is None


@pytest.mark.parametrize("far", [0.1, 0.9])
def test_how_far_is_a_threshold(far: float) -> None:
    seen = of(member(0.1, 64, 0), EX906={"far": far})
    assert (seen is not None) is (far == 0.1)


@pytest.mark.parametrize("status", ["RUNNING", "KILLED", "FAILED"])
def test_it_says_nothing_of_a_run_that_is_going_or_was_broken_off(status: str) -> None:
    assert of(member(0.1, 4, 0, status=status)) is None


def test_a_lost_run_is_worse() -> None:
    lost = member(0.1, 64, 0)
    values = lost.metrics["val_loss"].values.copy()
    values[20:] = math.nan
    lost = replace(lost, metrics=lost.metrics | {"val_loss": replace(lost.metrics["val_loss"], values=values)})
    assert "ended without a finite value" in of(lost).message


def test_names_and_values_are_shown_as_text() -> None:
    strange = "\x1b[2J<script>alert(1)</script>\n" + "y" * 900
    runs = [
        member(lr, end=end, seed=seed, id=f"{lr}{seed}", name=strange, params={strange[:400]: f"{strange}{lr}"})
        for lr, end in ((0.1, 1.5), (0.01, 0.2), (0.001, 0.4))
        for seed in (0, 1)
    ]
    report = beside(runs[0], map(last, runs))
    seen = found(report, CODE)
    assert seen is not None
    for text in (seen.message, seen.advice, report.summary):
        assert "\x1b" not in text
        assert "\n" not in text
        assert len(text) < 700


def test_more_than_twenty_of_them_still_make_one_line() -> None:
    rates = [10 ** (-1 - i / 8) for i in range(30)]
    runs = [member(lr, end=0.2 + i / 20, id=f"r{i}") for i, lr in enumerate(rates)]
    assert len(of(runs[-1], runs).message) < 300
