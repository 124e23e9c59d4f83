"""What the measure of siblings calls a fault, how it counts, and that what it logs comes back from a tracker."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scripts.crossed import (
    EXPERIMENTS,
    FAULTY,
    SOUND,
    Case,
    Experiment,
    Label,
    Setup,
    Trained,
    baselines,
    cases,
    data,
    label,
    setups,
    train,
    twins,
)
from scripts.siblings import Answer, alone, answer, by_mlflow, by_wandb_folder, counted, differing, wrong

SETUP = Setup("swiss-roll", lr=0.1, width=8)
BASE = baselines("swiss-roll")
BEST = Trained((1.0,), (0.0,), 0.0)


def ended(share: float, test: float | None = None, lowest: float | None = None) -> Trained:
    """A run that ends at these shares of what guessing costs."""
    last = share * BASE[0]
    first = last if lowest is None else lowest * BASE[0]
    return Trained((1.0, 1.0), (first, last), (share if test is None else test) * BASE[1])


def labelled(own: Trained, **changed: tuple[object, Trained]) -> Label:
    """The label of a run, given its twins: factor to the value and what came of it."""
    pairs = [(factor, replace(SETUP, **{factor: value})) for factor, (value, _) in changed.items()]
    known = {twin: changed[factor][1] for factor, twin in pairs} | {SETUP: own}
    return label(SETUP, pairs, known, BEST)


def test_the_direction_of_the_better_twin_is_the_cause() -> None:
    assert labelled(ended(0.5), lr=(0.01, ended(0.1))).causes == {"learning-rate-too-high"}
    assert labelled(ended(0.5), lr=(0.5, ended(0.1))).causes == {"learning-rate-too-low"}
    assert labelled(ended(0.5), batch=(300, ended(0.1))).causes == {"batch-too-small-for-rate"}
    assert labelled(ended(0.5), depth=(3, ended(0.1))).causes == {"network-too-small-for-data"}


def test_what_brings_nearly_as_much_is_right_too_and_what_brings_half_is_not() -> None:
    found = labelled(ended(0.6), lr=(0.01, ended(0.1)), decay=(1.0, ended(0.19)), width=(4, ended(0.35)))
    assert found.causes == {"learning-rate-too-high", "no-early-stopping", "no-regularisation", "too-few-examples"}


@pytest.mark.parametrize(
    ("own", "twin", "faulty"),
    [
        (0.01, 0.0, False),
        (SOUND - 0.01, 0.0, False),
        (SOUND + 0.01, 0.0, None),
        (FAULTY - 0.01, 0.0, None),
        (FAULTY + 0.01, 0.0, True),
        (0.5, 0.5, None),
    ],
)
def test_sound_is_close_to_the_best_and_to_its_twins(own: float, twin: float, faulty: bool | None) -> None:
    assert labelled(ended(own), lr=(0.01, ended(twin))).faulty is faulty


def test_luck_on_the_validation_set_is_no_gain() -> None:
    assert labelled(ended(0.5, test=0.1), lr=(0.01, ended(0.1, test=0.1))).faulty is None


def test_what_blew_up_is_faulty_where_a_twin_did_not() -> None:
    for own in (Trained((1.0,), (math.nan,), math.nan), ended(1e9)):
        found = labelled(own, lr=(0.01, ended(0.9)), width=(4, Trained((1.0,), (math.inf,), math.inf)))
        assert found == Label(True, frozenset({"learning-rate-too-high"}))


def test_a_rise_after_the_lowest_point_makes_early_stopping_right_as_well() -> None:
    assert "no-early-stopping" in labelled(ended(0.6, lowest=0.3), lr=(0.01, ended(0.1))).causes
    assert "no-early-stopping" not in labelled(ended(0.6, lowest=0.55), lr=(0.01, ended(0.1))).causes


def test_another_optimiser_is_no_cause_and_nobody_is_blamed_where_nothing_was_learned() -> None:
    assert labelled(ended(0.5), optimizer=("sgd", ended(0.1))) == Label(True)
    known = {SETUP: ended(2.0), replace(SETUP, lr=0.01): ended(0.99)}
    assert label(SETUP, [("lr", replace(SETUP, lr=0.01))], known, ended(0.99)) == Label(None)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.name)
def test_runs_differ_and_twins_differ_in_one_factor(experiment: Experiment) -> None:
    runs = setups(experiment)
    assert len(set(runs)) == len(runs) >= 12
    assert runs == setups(experiment)
    for run in runs:
        for factor, twin in twins(experiment, run):
            assert replace(twin, **{factor: getattr(run, factor)}) == run != twin
            assert experiment.drawn or twin in runs
    if experiment.drawn:
        drawn = Counter(value for run in runs for value in [run.lr])
        assert drawn.most_common(1)[0][1] == 1
    assert set(experiment.factors) <= set(experiment.names)


def test_the_experiments_cover_what_they_are_for() -> None:
    varied = {factor for experiment in EXPERIMENTS for factor in experiment.factors}
    assert varied == {"lr", "decay", "batch", "depth", "optimizer", "width"}
    assert len({task for experiment in EXPERIMENTS for task in experiment.tasks}) >= 4
    assert any(experiment.drawn for experiment in EXPERIMENTS)
    assert any(len(experiment.tasks) > 1 for experiment in EXPERIMENTS)


def test_a_network_learns_and_one_that_cannot_blows_up() -> None:
    setup = Setup("swiss-roll", lr=0.01, width=16, epochs=15)
    learned = train(setup)
    assert learned == train(setup)
    assert len(learned.train) == len(learned.val) == 15
    assert learned.val[-1] < 0.8 * BASE[0]
    assert learned.test < 0.8 * BASE[1]
    lost = train(replace(setup, lr=1e6, optimizer="sgd"))
    assert not lost.val[-1] < 100 * BASE[0]


@pytest.mark.parametrize("task", ["quantiles", "swiss-roll", "circles", "shuffled"])
def test_guessing_costs_what_the_best_constant_does(task: str) -> None:
    (_, y), (_, y_val), _ = data(task)
    base = baselines(task)
    if y.dtype.kind == "f":
        assert base[0] == pytest.approx(np.var(y_val), rel=0.05)
    else:
        assert base == pytest.approx((math.log(len(set(y))),) * 2, rel=0.05)


def case(identifier: str, known: Label) -> Case:
    return Case(EXPERIMENTS[0], identifier, SETUP, ended(0.5), known)


def test_answers_are_counted_by_their_labels() -> None:
    logged = [
        case("right", Label(True, frozenset({"learning-rate-too-high"}))),
        case("other", Label(True, frozenset({"learning-rate-too-low"}))),
        case("quiet", Label(True, frozenset({"too-deep"}))),
        case("unnamed", Label(True)),
        case("sound", Label(False)),
        case("alarm", Label(False)),
        case("short", Label(False)),
        case("open", Label(None)),
    ]
    high = Answer("unstable", "warning", "learning-rate-too-high")
    green = Answer("good-fit", "ok", "")
    answers = dict.fromkeys(("right", "other", "unnamed", "alarm", "open"), high) | dict.fromkeys(
        ("quiet", "sound"), green
    )
    answers["short"] = Answer("undertrained", "warning", "too-few-epochs")
    assert counted(logged, answers) == ("8", "1 of 4", "1 of 3", "1 of 3", "1 of 1")
    assert [line.split()[0] for line in wrong(logged, answers)] == ["other", "quiet", "alarm"]


def test_trackers_that_disagree_are_found() -> None:
    one, other = Answer("good-fit", "ok", ""), Answer("overfitting", "warning", "no-early-stopping")
    assert differing({"a": {"x": one, "y": one}, "b": {"x": one, "y": other}}) == ["y"]
    assert differing({"a": {"x": one}, "b": {}}) == ["x"]


def test_a_run_that_was_not_diagnosed_is_told() -> None:
    assert answer({"diag/verdict": "frozen", "diag/severity": "error"}, "diag/") == Answer("frozen", "error", "")
    with pytest.raises(LookupError, match=r"diag\.verdict"):
        answer({"team": "vision"}, "diag.")


@pytest.fixture(scope="module")
def few() -> list[Case]:
    """Eight runs, trained here and now."""
    experiment = Experiment(
        "few",
        ("swiss-roll",),
        {"lr": (1e-5, 1e-2), "width": (1, 24)},
        {"lr": "optim.lr", "width": "hidden", "seed": "seed"},
        fixed={"epochs": 12, "batch": 16},
    )
    return cases([experiment], 1)


def test_what_is_trained_is_labelled(few: list[Case]) -> None:
    slow = [c for c in few if c.setup.lr == 1e-5 and c.setup.width == 24]
    assert len(slow) == 2
    assert all(c.label == Label(True, frozenset({"learning-rate-too-low"})) for c in slow)
    assert few[0].params == {"optim.lr": 1e-5, "hidden": 1, "seed": 0}
    assert len(few[0].rows) == 12


def test_what_is_logged_comes_back_from_both_trackers(few: list[Case], tmp_path: Path) -> None:
    told = {}
    for name, ask in (("mlflow", by_mlflow), ("wandb", by_wandb_folder)):
        (tmp_path / name).mkdir()
        told[name] = ask(few, tmp_path / name)
        assert set(told[name]) == {c.id for c in few} == set(alone(few))
    assert differing(told) == []
