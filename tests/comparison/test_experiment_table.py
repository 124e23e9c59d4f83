"""Which runs are compared with which, and what is said of one."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.siblings import LATEST, RATES, ends, experiment, last, member, table
from tracker_diag import Run
from tracker_diag.comparison.comparison import Comparison
from tracker_diag.core import controlled


def of(runs: Sequence[Run], run_id: str = "0.1-64-0") -> Comparison:
    found = table(runs).compare(run_id)
    assert found is not None
    return found


def test_what_is_said_of_a_run() -> None:
    found = of(experiment(), "0.1-4-1")
    assert found.runs == 15
    assert found.best is not None
    assert found.best.id == "0.01-64-0"
    assert found.value == pytest.approx(ends(0.1, 4, 1), abs=0.01)
    assert found.as_of == max(r.end_time or 0 for r in experiment())
    assert found.shared == frozenset()
    assert of(experiment(), "0.01-4-0").shared == {"learning_rate", "seed"}
    assert found.noise is not None
    assert found.near_best is not None
    assert 0.003 < found.near_best < 0.03
    assert found.noise > found.near_best


def test_the_best_run_is_compared_with_the_next() -> None:
    best = of(experiment(), "0.01-64-0").best
    assert best is not None
    assert best.id == "0.01-64-1"


def test_a_run_that_is_not_there_or_has_no_validation_is_compared_with_none() -> None:
    runs = [*experiment(), Run.from_dict({"id": "t", "metrics": {"train_loss": [[1, 0.5]]}})]
    found = table(runs)
    assert found.compare("nobody") is None
    assert found.compare("t") is None
    assert found.left_out == {"without a validation metric": 1}


OTHERS: dict[str, dict[str, Any]] = {
    "another digest": {"datasets": [{"digest": "other"}]},
    "another number of classes": {"params": {"num_classes": 7}},
    "another dataset by name": {"params": {"dataset": "elsewhere"}},
    "another network": {"params": {"backbone": "vit"}},
    "other parameters": {"params": dict.fromkeys("abcdefg", 1)},
    "another metric": {"metrics": {"val_accuracy": [[1, 0.99]]}},
    "the other direction": {"metrics": {"val_psnr": [[1, 30.0]]}},
    "another size of an epoch": {"metrics": {"val_loss": [[999, 0.01]], "epoch": [[999, 3]]}},
    "no validation": {"metrics": {"train_loss": [[1, 0.01]]}},
}


@pytest.mark.parametrize("kind", OTHERS)
def test_runs_on_something_else_change_nothing(kind: str) -> None:
    runs = experiment()
    strangers = [
        member(lr, end=0.01 * (i + 1), **{"id": f"x{i}", "end_time": LATEST + 1e6, **OTHERS[kind]})
        for i, lr in enumerate((1e-6, 1.0, 1e-2))
    ]
    one, other = table(runs), table([*strangers, *runs])
    for run in runs:
        assert repr(one.compare(run.id)) == repr(other.compare(run.id))


def test_an_epoch_of_another_size_is_one_of_other_data() -> None:
    def epochs(name: str, updates: float) -> Run:
        metrics = {"val_loss": [[10 * updates - 1, 0.5]], "epoch": [[10 * updates - 1, 9]]}
        return Run.from_dict({"id": name, "params": {"batch_size": 32, "seed": name}, "metrics": metrics})

    runs = [epochs("a", 100), epochs("b", 100), epochs("c", 120), epochs("d", 400), epochs("e", 400)]
    assert [[run.id for run in group.runs] for group in table(runs).groups] == [["a", "b", "c"], ["d", "e"]]


def test_controls_are_in_no_comparison_and_the_last_of_a_kind_is_held_against() -> None:
    tags = {"diag.control": "random-input"}
    controls = [member(end=end, tags=tags, id=f"c{end}", end_time=LATEST + end) for end in (1.8, 1.9, 0.001)]
    controls[2] = replace(controls[2], end_time=LATEST - 1)
    found = table([*experiment(), *controls])
    assert found.compare("c1.8") is None
    assert found.left_out == {"that are control runs": 3}
    said = of([*experiment(), *controls])
    assert said.controls["random-input"].id == "c1.9"
    assert repr(replace(said, controls={})) == repr(of(experiment()))


def test_a_control_by_another_metric_says_nothing() -> None:
    control = member(tags={"diag.control": "random-input"}, id="c", metrics={"val_accuracy": [[1, 0.5]]})
    assert of([*experiment(), control]).controls == {}


@pytest.mark.parametrize("other", [{"params": {"num_classes": 7}}, {"params": {"dataset": "elsewhere"}}])
def test_a_control_on_another_task_says_nothing(other: dict[str, Any]) -> None:
    tags = controlled.tags(controlled.RANDOM_INPUT)
    mine = [member(lr, params={"num_classes": 3, "dataset": "here"}) for lr in RATES]
    here = member(tags=tags, id="c0", params={"num_classes": 3, "dataset": "here"}, end_time=LATEST)
    there = member(
        tags=tags, id="c1", end_time=LATEST + 9, params={"num_classes": 3, "dataset": "here"} | other["params"]
    )
    assert of([*mine, there]).controls == {}
    assert of([*mine, here, there]).controls[controlled.RANDOM_INPUT].id == "c0"
    noise = member(tags=tags, id="c2", end_time=LATEST + 99, datasets=[{"digest": "of the noise"}])
    assert of([*mine, noise]).controls[controlled.RANDOM_INPUT].id == "c2"


def test_a_twin_has_the_same_parameters_and_ends_alike_throughout() -> None:
    runs = experiment()
    twin = replace(member(0.1, 64, 0), id="twin")
    found = of([*runs, twin]).twin
    assert found is not None
    assert found.id == "twin"
    assert of(runs).twin is None
    assert of([*runs, replace(member(0.1, 64, 0, params={"note": "again"}), id="twin")]).twin is None
    other = replace(twin, metrics=twin.metrics | {"train_loss": member(0.1, 64, 1).metrics["train_loss"]})
    assert of([*runs, other]).twin is None


def test_two_runs_that_were_lost_alike_are_no_twins() -> None:
    lost = [member(0.1, end=math.nan, id=x) for x in "ab"]
    assert of([*experiment(), *lost], "a").twin is None


@settings(max_examples=20)
@given(st.randoms())
def test_the_order_of_the_runs_does_not_matter(shuffling: random.Random) -> None:
    runs = [*experiment(), member(0.1, id="lost", end=math.nan), member(id="t", metrics={"train_loss": [[1, 1]]})]
    found = {run.id: repr(table(runs).compare(run.id)) for run in runs}
    shuffling.shuffle(runs)
    other = table(runs)
    assert {run_id: repr(other.compare(run_id)) for run_id in found} == found


def test_histories_say_no_more_than_last_values() -> None:
    one, other = table(experiment()), table(map(last, experiment()))
    for run in experiment():
        assert repr(one.compare(run.id)) == repr(other.compare(run.id))


def test_runs_that_are_still_going_change_nothing() -> None:
    """A running run is compared with the others, and counts for none."""
    going = [
        member(lr, 64, 0, end=0.001, id=f"g{lr}", status=status, params={"dropout": lr})
        for lr, status in ((1e-6, "RUNNING"), (1.0, "SCHEDULED"), (10.0, "FAILED"), (0.5, "KILLED"))
    ]
    # Where no run is matched, the surface speaks.
    for runs in (experiment(), [run for run in experiment() if not run.id.startswith("0.01-4")]):
        one, other = table(runs), table([*runs, *going])
        for run in runs:
            assert repr(one.compare(run.id)) == repr(other.compare(run.id))
    assert of([*experiment(), *going], "g1.0").runs == 16


def test_a_run_that_is_still_going_is_compared() -> None:
    runs = [*experiment(), member(1.0, id="going", status="RUNNING")]
    found = of(runs, "going")
    assert found.runs == 16
    assert found.best is not None
    assert found.best.id == "0.01-64-0"


def test_many_runs_of_which_each_has_parameters_of_its_own_are_bounded() -> None:
    runs = [
        Run.from_dict({"id": f"{i}", "params": {f"p{i}": 1, f"q{i}": 2}, "metrics": {"val_loss": [[1, 0.5]]}})
        for i in range(5000)
    ]
    assert of(runs, "7").runs == 0
