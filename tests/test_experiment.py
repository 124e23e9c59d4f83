"""A real experiment: rate × units × dropout × seed on two moons, labelled by what changing one factor alone brings.

What a comparison may not depend on is tested here too, on these runs and on some made by formula.
"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.siblings import experiment, last, member, told
from tracker_diag import Run, Series, diagnose
from tracker_diag.core.finding import Severity
from tracker_diag.core.report import Report

EXPERIMENTS = Path(__file__).parent / "data" / "siblings.jsonl.gz"
READ = ("id", "params", "metrics", "status")
with gzip.open(EXPERIMENTS, "rt") as lines:
    RECORDS = {record["id"]: record for record in map(json.loads, lines) if record["group"] == "moons-0"}
RUNS = {name: Run.from_dict({key: record[key] for key in READ}) for name, record in RECORDS.items()}
#: As a listing has them.
LISTED = {name: last(run) for name, run in RUNS.items()}
SOME = st.sampled_from(sorted(RUNS))
#: What sound runs may be told besides: that they were still getting better.
TOLERATED = {"undertrained", "too-few-epochs", "too-few-updates"}


def beside(name: str, siblings: dict[str, Run] | None = None) -> Report:
    others = LISTED if siblings is None else siblings
    return diagnose(RUNS[name], siblings=[run for key, run in others.items() if key != name])


def warned(report: Report) -> set[str]:
    return {finding.name for finding in report.findings if finding.severity.rank >= Severity.WARNING.rank}


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    return {name: beside(name) for name in RUNS}


def of(faulty: bool) -> list[str]:
    return [name for name, record in RECORDS.items() if record["truth"]["faulty"] is faulty]


def test_there_are_sound_and_faulty_runs() -> None:
    assert len(RUNS) == 32
    assert len(of(True)) >= 12
    assert len(of(False)) >= 4


def test_the_right_cause_comes_first(reports: dict[str, Report]) -> None:
    right = [reports[name].causes and reports[name].causes[0].name in RECORDS[name]["truth"]["causes"]
             for name in of(True)]  # fmt: skip
    assert sum(map(bool, right)) >= 0.97 * len(right)


def test_by_themselves_half_of_them_are_right_at_most() -> None:
    """What the siblings bring: without them the same figure is far lower."""
    alone = [diagnose(RUNS[name]).causes for name in of(True)]
    right = [bool(c) and c[0].name in RECORDS[name]["truth"]["causes"] for c, name in zip(alone, of(True), strict=True)]
    assert sum(right) < 0.7 * len(right)


def test_faulty_runs_are_warned_of_and_sound_ones_are_not(reports: dict[str, Report]) -> None:
    missed = [name for name in of(True) if not warned(reports[name])]
    assert len(missed) <= 0.04 * len(of(True)), missed
    alarms = {name: warned(reports[name]) - TOLERATED for name in of(False)}
    assert not any(alarms.values()), alarms


def test_no_run_that_is_far_behind_is_a_good_fit(reports: dict[str, Report]) -> None:
    for name, record in RECORDS.items():
        assert reports[name].verdict not in record["truth"]["never"]


def test_the_prescription_names_a_value_that_another_run_used(reports: dict[str, Report]) -> None:
    used = {
        (param, float(value)) for run in RUNS.values() for param, value in run.params.items() if param != "optimizer"
    }
    named = 0
    for name in of(True):
        change = next((c for c in reports[name].causes[0].prescription.changes), None)
        if "of 31 runs" in reports[name].causes[0].why:
            assert change is not None
            assert (change.param, float(change.after)) in used
            named += 1
    assert named > 0.9 * len(of(True))


def same(one: Report, other: Report) -> None:
    assert told(one) == told(other)
    assert [c.name for c in one.causes] == [c.name for c in other.causes]
    assert [(f.code, f.severity) for f in one.findings] == [(f.code, f.severity) for f in other.findings]


@settings(max_examples=25)
@given(SOME, st.randoms())
def test_the_order_of_siblings_does_not_matter(name: str, shuffling: random.Random) -> None:
    order = list(LISTED)
    shuffling.shuffle(order)
    assert beside(name, {key: LISTED[key] for key in order}).to_dict() == beside(name).to_dict()


def scaled(run: Run, factor: float) -> Run:
    metrics = {name: Series.from_points(name, s.steps, factor * s.values) for name, s in run.metrics.items()}
    return replace(run, metrics=metrics)


@settings(max_examples=16)
@given(st.sampled_from(experiment()), st.sampled_from([1e-3, 1e3]))
def test_the_unit_of_the_loss_does_not_matter(run: Run, factor: float) -> None:
    def found(by: float) -> Report:
        return diagnose(scaled(run, by), siblings=[scaled(other, by) for other in experiment() if other.id != run.id])

    same(found(1.0), found(factor))


USUAL: dict[str, tuple[str, ...]] = {
    "hparams/lr": ("lr", "learning_rate", "optimizer.lr", "train/learning_rate", "eta0"),
    "hparams/n_units": ("hidden_units", "hidden_size", "n_hidden", "model.hidden_dim"),
    "hparams/drop": ("dropout", "drop_rate", "model/dropout", "p_dropout"),
    "hparams/seed": ("seed", "random_seed", "random_state"),
}


@st.composite
def renaming(draw: st.DrawFn) -> dict[str, str]:
    return {name: draw(st.sampled_from(others)) for name, others in USUAL.items()}


def renamed(run: Run, names: dict[str, str]) -> Run:
    return replace(run, params={names.get(name, name): value for name, value in run.params.items()})


@settings(max_examples=30)
@given(SOME, renaming())
def test_the_names_of_parameters_do_not_matter(name: str, names: dict[str, str]) -> None:
    others = [renamed(run, names) for key, run in LISTED.items() if key != name]
    same(beside(name), diagnose(renamed(RUNS[name], names), siblings=others))


TASKS: list[dict[str, Any]] = [
    {"datasets": ({"digest": "of another set"},)},
    {"params": {"num_classes": 7}},
    {"params": {"dataset": "elsewhere"}},
]


@settings(max_examples=20)
@given(SOME, st.sampled_from(TASKS), st.lists(st.floats(0.001, 5), min_size=1, max_size=6))
def test_runs_on_another_task_change_nothing(name: str, task: dict[str, Any], levels: list[float]) -> None:
    strangers = {}
    for i, (level, run) in enumerate(zip(levels, LISTED.values(), strict=False)):
        metrics = {key: replace(s, values=0 * s.values + level) for key, s in run.metrics.items()}
        params = {**run.params, **task.get("params", {})}
        strangers[f"s{i}"] = replace(run, id=f"s{i}", metrics=metrics, params=params, datasets=task.get("datasets", ()))
    # The notes say how many were left out.
    one, other = (replace(report, notes=()) for report in (beside(name, {**strangers, **LISTED}), beside(name)))
    assert one.to_dict() == other.to_dict()


@settings(max_examples=15)
@given(SOME, st.lists(st.sampled_from(["RUNNING", "FAILED", "KILLED"]), min_size=1, max_size=4))
def test_runs_that_have_not_ended_well_change_no_answer(name: str, statuses: list[str]) -> None:
    more = {
        f"m{i}": replace(run, id=f"m{i}", status=status, metrics=last(member(end=0.0001)).metrics)
        for i, (status, run) in enumerate(zip(statuses, LISTED.values(), strict=False))
    }
    same(beside(name), beside(name, {**LISTED, **more}))


@settings(max_examples=30)
@given(SOME, st.integers(0, 31))
def test_however_few_siblings_there_are_nothing_fails(name: str, n: int) -> None:
    report = beside(name, dict(list(LISTED.items())[:n]))
    assert report.notes == diagnose(RUNS[name]).notes


def test_what_was_left_out_is_told_with_the_reason() -> None:
    name = next(iter(RUNS))
    going = replace(next(iter(LISTED.values())), id="going", status="RUNNING")
    (note,) = [note for note in beside(name, {**LISTED, "going": going}).notes if "left out" in note]
    assert "1 run still going" in note


@pytest.mark.parametrize("sd", [0.01, 0.03])
def test_among_many_equal_runs_chance_makes_no_level_and_no_warning(sd: float) -> None:
    # Sixty runs of a random search, equally good but for chance: some end within a hundredth of each other.
    rng = np.random.default_rng(2)
    runs = []
    for i in range(60):
        ends = 0.2 + sd * rng.standard_normal()
        fall = ends + (2.3 - ends) * np.exp(-np.arange(30) / 4)
        params = {"lr": 10 ** rng.uniform(-4, -2), "hidden_units": int(rng.integers(16, 256))}
        params |= {"dropout": rng.uniform(0, 0.5), "epochs": 30}
        metrics = {"train_loss": [[k, v * 0.97] for k, v in enumerate(fall)], "val_loss": list(enumerate(fall))}
        runs.append(Run.from_dict({"id": f"r{i:02d}", "params": params, "metrics": metrics}))
    for run in runs:
        report = diagnose(run, siblings=[last(other) for other in runs if other.id != run.id])
        assert "worse-than-siblings" not in warned(report)
        assert report.verdict != "underfitting"
