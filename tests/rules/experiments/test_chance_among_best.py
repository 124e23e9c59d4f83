"""EX908 chance-among-best."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from scripts.chance import Told, brier, by_decile, told
from tracker_diag import Report, Run, Settings, diagnose

EPOCHS = 30
RATES = (1e-4, 1e-3, 1e-2, 1e-1)
WIDTHS = (4, 16, 64)
NAMES = {"lr": "lr", "width": "hidden", "seed": "seed"}


def record(lr: float, width: int, seed: int, unit: float = 1.0) -> dict[str, Any]:
    """A run by formula: best at a rate of a hundredth and many units, with some noise of its seed."""
    rng = np.random.default_rng([int(1e6 * lr), width, seed])
    away = abs(math.log10(lr / 1e-2))
    floor = 0.3 + 0.35 * away + 2 / width + 0.04 * rng.standard_normal()
    pace = 2.0 + 2 * away
    epochs = np.arange(1, EPOCHS + 1)
    fall = unit * (floor + 2 * np.exp(-epochs / pace))
    curves = {name: fall + unit * 0.005 * rng.standard_normal(EPOCHS) for name in ("train_loss", "val_loss")}
    return {
        "id": f"{lr:g}-{width}-{seed}",
        "group": "sweep",
        "params": {"lr": lr, "hidden": width, "seed": seed, "epochs": EPOCHS},
        "metrics": {name: [[i, float(y)] for i, y in enumerate(curve)] for name, curve in curves.items()},
    }


def sweep(unit: float = 1.0) -> list[dict[str, Any]]:
    return [record(*values, unit) for values in itertools.product(RATES, WIDTHS, (0, 1))]


SWEEP = sweep()


def read(which: dict[str, Any], metrics: dict[str, Any], **fields: Any) -> Run:
    return Run.from_dict({"id": which["id"], "params": which["params"], "metrics": metrics, **fields})


def ended(records: Sequence[dict[str, Any]], **fields: Any) -> list[Run]:
    """The siblings as a listing has them."""
    return [
        read(r, {n: p[-1:] for n, p in r["metrics"].items()}, end_time=1.7e9 + i, **fields)
        for i, r in enumerate(records)
    ]


def going(which: dict[str, Any], n: int, **fields: Any) -> Run:
    """A run of which so many epochs are there."""
    metrics = {name: points[:n] for name, points in which["metrics"].items()}
    return read(which, metrics, **{"status": "RUNNING", **fields})


def judged(which: dict[str, Any], n: int, siblings: Sequence[Run] | None = None, **fields: Any) -> Report:
    others = ended([r for r in SWEEP if r["id"] != which["id"]]) if siblings is None else siblings
    return diagnose(going(which, n, **fields), siblings=others)


def said(report: Report) -> str | None:
    return next((f.message for f in report.findings if f.code == "EX908"), None)


def chance(report: Report) -> float | None:
    return next((f.evidence["chance"] for f in report.findings if f.code == "EX908"), None)


GOOD, BAD = record(1e-2, 64, 0), record(1e-4, 4, 0)


def test_says_it_in_numbers() -> None:
    report = judged(BAD, 12)
    found = next(f for f in report.findings if f.code == "EX908")
    assert found.severity == "info"
    assert found.advice == ""
    message = found.message
    assert re.match(
        r"less than 1% chance of ending in the best quarter of 23 comparable runs: after 12 of 30 epochs, "
        r"validation loss is heading for \d\.\d+, and the best quarter ended at 0\.\d+ or below "
        r"\(of 23 runs, as of 2023-11-14 \d\d:\d\d UTC\)$",
        message,
    )


def test_a_good_and_a_bad_run() -> None:
    good, bad = chance(judged(GOOD, 16)), chance(judged(BAD, 16))
    assert good is not None
    assert bad is not None
    assert good > 0.8
    assert bad < 0.01


def test_the_curve_counts_and_not_the_parameters_alone() -> None:
    """The best parameters, and a curve that stands far above what they promise."""
    stands = {name: [[i, 2.0 + 0.001 * (i % 3)] for i in range(EPOCHS)] for name in GOOD["metrics"]}
    late = chance(judged(GOOD | {"metrics": stands}, 24))
    good = chance(judged(GOOD, 24))
    assert late is not None
    assert good is not None
    assert late < good / 2


def test_the_parameters_count_and_not_the_curve_alone() -> None:
    """One curve, early, under the parameters of good runs and under those of bad ones."""
    curve = record(1e-3, 16, 0)["metrics"]
    with_good = chance(judged(GOOD | {"metrics": curve}, 8))
    with_bad = chance(judged(BAD | {"metrics": curve}, 8))
    assert with_good is not None
    assert with_bad is not None
    assert with_good > with_bad


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_a_run_that_has_ended_is_told_nothing(status: str) -> None:
    assert said(judged(GOOD, EPOCHS, status=status)) is None


@pytest.mark.parametrize(("runs", "speaks"), [(9, True), (7, False)])
def test_a_best_quarter_of_a_few_runs_is_none(runs: int, speaks: bool) -> None:
    others = [record(lr, 16, seed) for lr, seed in itertools.product((*RATES, 3e-2), (0, 1))][: runs + 1]
    others = [r for r in others if r["id"] != others[2]["id"]]
    report = judged(record(1e-3, 16, 0), 16, ended(others))
    assert (said(report) is not None) == speaks


@pytest.mark.parametrize("n", [3, 4])
def test_a_few_values_are_no_curve(n: int) -> None:
    report = judged(GOOD, n)
    assert said(report) is None
    assert "too short" in next(s.reason for s in report.skipped if s.code == "EX908")


def test_less_than_a_tenth_of_the_planned_length_says_nothing() -> None:
    long = {**GOOD, "params": {**GOOD["params"], "epochs": 200}}
    others = ended([r for r in SWEEP if r["id"] != GOOD["id"]])
    assert said(judged(long, 16, others)) is None
    assert said(judged(long, 24, others)) is not None


def test_without_a_planned_length_it_is_skipped_and_says_what_to_log() -> None:
    bare = {**GOOD, "params": {k: v for k, v in GOOD["params"].items() if k != "epochs"}}
    skipped = next(s for s in judged(bare, 16).skipped if s.code == "EX908")
    assert "planned length" in skipped.reason
    assert "epochs" in skipped.what_to_log


def test_where_only_seeds_vary_parameters_say_nothing() -> None:
    others = [record(1e-2, 16, seed) for seed in range(12)]
    assert said(judged(others[0], 16, ended(others[1:]))) is None


def test_siblings_that_are_going_do_not_count() -> None:
    others = [r for r in SWEEP if r["id"] != GOOD["id"]]
    assert said(judged(GOOD, 16, ended(others, status="RUNNING"))) is None


def test_a_run_that_was_lost_is_told_nothing_here() -> None:
    lost = {
        name: [*points[:14], *([i, math.nan] for i in range(14, EPOCHS))] for name, points in GOOD["metrics"].items()
    }
    assert said(judged(GOOD | {"metrics": lost}, 20)) is None


def test_a_gap_in_the_curve_is_left_out() -> None:
    holes = {name: [[i, math.nan if i in (4, 9) else y] for i, y in p] for name, p in GOOD["metrics"].items()}
    with_holes, whole = chance(judged(GOOD | {"metrics": holes}, 16)), chance(judged(GOOD, 16))
    assert with_holes is not None
    assert with_holes == pytest.approx(whole, abs=0.1)


def test_siblings_that_were_lost_are_the_worst() -> None:
    def lose(r: dict[str, Any]) -> dict[str, Any]:
        ends = {n: [*p[:-1], [p[-1][0], math.nan]] for n, p in r["metrics"].items()}
        return r | {"metrics": ends} if r["params"]["lr"] == RATES[0] else r

    others = ended([lose(r) for r in SWEEP if r["id"] != GOOD["id"]])
    found = chance(judged(GOOD, 16, others))
    assert found is not None
    assert found > 0.8


def test_where_nearly_all_were_lost_there_is_no_best_quarter() -> None:
    ends = [r | {"metrics": {n: [[29, math.nan]] for n in r["metrics"]}} if i % 6 else r for i, r in enumerate(SWEEP)]
    assert said(judged(GOOD, 16, ended([r for r in ends if r["id"] != GOOD["id"]]))) is None


def test_siblings_that_end_alike_to_the_digit() -> None:
    same = [r | {"metrics": {n: [[29, 0.5]] for n in r["metrics"]}} for r in SWEEP if r["id"] != GOOD["id"]]
    report = judged(GOOD, 16, ended(same))
    assert said(report) is None
    assert not [note for note in report.notes if "could not" in note]


def test_between_two_rungs_the_answer_does_not_change() -> None:
    at = {n: said(judged(GOOD, n)) for n in (12, 13, 15, 16)}
    assert at[12] == at[13] == at[15]
    assert at[16] != at[15]


def test_a_score_is_judged_as_a_loss_is() -> None:
    def scored(r: dict[str, Any]) -> dict[str, Any]:
        points = [[i, 1 - y / 4] for i, y in r["metrics"]["val_loss"]]
        return r | {"metrics": {"accuracy": points, "val_accuracy": points}}

    others = ended([scored(r) for r in SWEEP if r["id"] != GOOD["id"]])
    good, bad = (chance(judged(scored(r), 16, [o for o in others if o.id != r["id"]])) for r in (GOOD, BAD))
    assert good is not None
    assert bad is not None
    assert bad < 0.05 < 0.6 < good


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_the_unit_of_the_loss_does_not_matter(unit: float) -> None:
    other = sweep(unit)
    scaled = judged(other[7], 16, ended([r for r in other if r["id"] != other[7]["id"]]))
    assert chance(scaled) == pytest.approx(chance(judged(SWEEP[7], 16)), abs=1e-6)


@budget(max_examples=10)
@given(st.permutations(range(len(SWEEP) - 1)))
def test_the_order_of_the_siblings_does_not_matter(order: list[int]) -> None:
    others = ended([r for r in SWEEP if r["id"] != GOOD["id"]])
    shuffled = judged(GOOD, 12, [others[i] for i in order])
    assert shuffled.to_dict() == judged(GOOD, 12, others).to_dict()


@pytest.mark.parametrize("which", SWEEP[::3], ids=lambda r: r["id"])
@pytest.mark.parametrize("n", [8, 24])
def test_it_never_acts(which: dict[str, Any], n: int) -> None:
    """Verdict, causes, summary and all other findings are those without it; severity, where anything else is said."""
    others = ended([r for r in SWEEP if r["id"] != which["id"]])
    report = diagnose(going(which, n), siblings=others)
    without = diagnose(going(which, n), Settings(ignore=("EX908",)), siblings=others)
    assert said(report) is not None
    assert said(without) is None
    assert (report.verdict, report.causes, report.summary) == (without.verdict, without.causes, without.summary)
    assert tuple(f for f in report.findings if f.code != "EX908") == without.findings
    # A report that holds nothing else is one of severity info: this is information.
    assert report.severity == (without.severity if without.severity != "ok" else "info")


def test_it_is_better_than_saying_a_quarter_and_comes_true_as_often_as_it_says() -> None:
    """A small part of ``scripts/chance.py``, on a sweep by formula."""
    answers = list(told(SWEEP, (0.25, 0.5, 0.75)))
    for cut in (0.25, 0.5, 0.75):
        spoken = [a for a in answers if a.cut == cut and a.chance is not None]
        assert len(spoken) == len(SWEEP)
        truth = [a.came_true for a in spoken]
        assert 0.2 <= np.mean(truth) <= 0.35
        assert brier([a.chance or 0.0 for a in spoken], truth) < 0.5 * brier([0.25] * len(spoken), truth)
    rare = [a for a in answers if a.chance is not None and a.chance < 0.1]
    sure = [a for a in answers if a.chance is not None and a.chance > 0.9]
    assert len(rare) > 20
    assert np.mean([a.came_true for a in rare]) < 0.1
    assert np.mean([a.came_true for a in sure]) > 0.8


def test_deciles() -> None:
    answers = [Told("e", str(i), 0.5, c, "", t) for i, (c, t) in enumerate([(0.02, False), (1.0, True), (0.96, False)])]
    answers.append(Told("e", "3", 0.5, None, "nothing is known", False))
    assert by_decile(answers) == [(0, 1, 0.02, 0.0), (9, 2, pytest.approx(0.98), 0.5)]
