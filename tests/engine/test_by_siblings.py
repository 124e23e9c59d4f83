"""What comparable runs settle: which cause, which value, and which causes they clear."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from tests.rules.runs import cause, changes, found, ranked
from tests.siblings import RATES, beside, experiment, member, seen, table, told
from tracker_diag import Run, Settings, diagnose
from tracker_diag.core.finding import Change
from tracker_diag.engine.by_siblings import settled
from tracker_diag.rules.hypothesis import Hypothesis, Observation
from tracker_diag.rules.registry import all_rules
from tracker_diag.settings.settings import parse_settings


@pytest.mark.parametrize(
    ("lr", "width", "name", "parameter", "after"),
    [
        (0.1, 64, "learning-rate-too-high", "lr", 0.01),
        (0.001, 64, "learning-rate-too-low", "lr", 0.01),
        (0.0001, 4, "learning-rate-too-low", "lr", 0.01),
        (0.01, 4, "too-few-hidden-units", "hidden_units", 64),
        (0.1, 4, "too-few-hidden-units", "hidden_units", 64),
    ],
)
def test_the_factor_that_brings_most_is_the_cause_and_its_value_is_prescribed(
    lr: float, width: int, name: str, parameter: str, after: float
) -> None:
    report = beside(member(lr, width), experiment())
    assert ranked(report)[0] == name
    assert changes(report, name)[parameter] == ({"lr": lr, "hidden_units": width}[parameter], after)
    assert report.causes[0].score > 0.5
    assert report.severity == "warning"
    assert "(of 15 runs, as of " in report.causes[0].why


@pytest.mark.parametrize(("lr", "width"), [(0.01, 64)])
def test_of_the_best_run_nothing_is_blamed(lr: float, width: int) -> None:
    report = beside(member(lr, width), experiment())
    assert told(report) == ("good-fit", "info", "")


def test_both_factors_are_named_where_both_bring_something() -> None:
    assert ranked(beside(member(0.1, 4), experiment()))[:2] == ["too-few-hidden-units", "learning-rate-too-high"]


def deep(lr: float, depth: int, width: int, seed: int) -> Run:
    end = 0.2 + (0.7 if depth == 1 else 0.0) + (0.35 if width == 4 else 0.0) + 0.01 * seed
    return member(lr, width, seed, end=end, params={"num_layers": depth}, id=f"{depth}-{width}-{seed}")


def test_a_cause_that_two_parameters_cure_is_cured_by_the_greater_gain() -> None:
    runs = [deep(0.01, depth, width, seed) for depth in (1, 4) for width in (4, 64) for seed in (0, 1)]
    report = beside(runs[0], runs)
    first = report.causes[0]
    assert first.name == "network-too-small-for-data"
    assert first.prescription.changes == (Change("num_layers", 1, 4),)
    assert cause(report, "too-few-hidden-units") is not None


def test_a_value_that_the_best_run_used_is_not_the_cause() -> None:
    """A rate of 10 looks too high by itself; where the best run has it, another cause has to be found."""
    runs = [
        member(lr, width, seed, end=0.2 + (0.9 if width == 4 else 0) + 0.01 * seed)
        for lr in (9.0, 10.0)
        for width in (4, 64)
        for seed in (0, 1)
    ]
    report = beside(member(10.0, 4, 0, end=1.1), runs)
    assert ranked(report)[0] == "too-few-hidden-units"
    assert "learning-rate-too-high" not in ranked(report)


def heard(hypothesis: Hypothesis, run: Run, runs: list[Run]) -> Hypothesis:
    compared = seen(run, runs, "beside_siblings")
    played = {"learning_rate", "hidden_units", "seed"}
    return next(h for h in settled([hypothesis], compared, all_rules(), played) if h.name == hypothesis.name)


def suspect(name: str, ratio: float = 50.0) -> Hypothesis:
    rule = next(r for r in all_rules().values() if r.name == name)
    made = rule.hypothesis(prior=0.1, observations=[Observation("it looks so", ratio)], message="m", advice="a")
    assert made is not None
    return made


def test_what_curves_say_of_a_settled_cause_counts_no_more() -> None:
    run = member(0.1, 64, 0)
    one, other = (heard(suspect("learning-rate-too-high", ratio), run, experiment()) for ratio in (2.0, 1e6))
    assert one.odds == other.odds
    assert [o.source for o in one.observations] == ["siblings"]


def test_the_other_direction_of_a_settled_parameter_is_not_cleared_by_it_and_rests_on_the_curves() -> None:
    known = suspect("learning-rate-too-low")
    assert heard(known, member(0.1, 64, 0), experiment()) == known


def test_a_shared_value_and_matched_runs_that_do_no_better_clear_a_cause() -> None:
    known = suspect("too-few-hidden-units")
    cleared = heard(known, member(0.1, 64, 0), experiment())
    assert cleared.odds == pytest.approx(known.odds / 10)
    assert "has the same hidden units" in cleared.evidence["against"][0]
    idle = [member(lr, width, seed, end=0.2 + 2 * lr) for lr in (0.5, 0.01) for width in (4, 64) for seed in (0, 1)]
    kept = heard(known, member(0.5, 4, 0, end=1.2), idle)
    assert kept.odds < known.odds
    assert "did no better" in kept.evidence["against"][0]


def test_faults_of_data_that_the_best_run_shares_are_less_likely_where_the_run_is_far_behind() -> None:
    known = suspect("random-relation")
    assert heard(known, member(0.1, 64, 0), experiment()).odds == pytest.approx(0.3 * known.odds)
    assert heard(known, member(0.01, 64, 1), experiment()).odds == known.odds


def test_without_siblings_nothing_changes() -> None:
    known = [suspect("learning-rate-too-high"), suspect("too-few-hidden-units")]
    assert settled(known, None, all_rules(), set()) == known


def test_what_cannot_be_told_apart_is_no_cause() -> None:
    runs = [
        member(lr, 64, seed, params={"weight_decay": lr / 7}) for lr, seed in itertools.product((0.1, 0.01), (0, 1))
    ]
    report = beside(runs[0], runs)
    finding = found(report, "EX906")
    assert finding is not None
    assert "with lr 0.01 instead of 0.1 (weight_decay changed with it)" in finding.message
    assert not any("siblings" in c.why or "runs" in c.why for c in report.causes)


def test_a_run_that_does_not_move_or_was_lost_does_not_lack_epochs() -> None:
    longer = [member(seed=seed, params={"epochs": 80}) for seed in (0, 1)]
    slow, still, lost = (
        member(0.01, 64, 0, params={"epochs": 40}, id="it", metrics=dict.fromkeys(("train_loss", "val_loss"), points))
        for points in (
            [[i, 2.3 - 0.01 * i] for i in range(40)],
            [[i, 1.9] for i in range(40)],
            [[i, 1.9 if i < 5 else math.nan] for i in range(40)],
        )
    )
    assert ranked(beside(slow, longer))[0] == "too-few-epochs"
    for run in (still, lost):
        report = beside(run, longer)
        assert "too-few-epochs" not in ranked(report)
        assert "epochs" not in getattr(found(report, "EX906"), "message", "")


def test_a_longer_run_that_did_better_is_not_said_to_have_done_no_better() -> None:
    longer = [member(seed=seed, params={"epochs": 80}) for seed in (0, 1)]
    stands = [[i, 1.9] for i in range(40)]
    metrics = dict.fromkeys(("train_loss", "val_loss"), stands)
    still = member(0.01, 64, 0, params={"epochs": 40}, id="it", metrics=metrics)
    rule = next(r for r in all_rules().values() if r.name == "too-few-updates")
    known = rule.hypothesis(
        name="too-few-epochs", prior=0.1, observations=[Observation("it looks so", 5.0)], message="m", advice="a"
    )
    assert known is not None
    (kept,) = settled([known], seen(still, longer, "beside_siblings"), all_rules(), {"epochs"})
    assert kept == known


def test_a_run_that_falls_slowly_without_noise_lacks_epochs() -> None:
    longer = [member(seed=seed, params={"epochs": 80}) for seed in (0, 1)]
    points = [[i, 2.3 - 0.006 * i] for i in range(6)]
    metrics = dict.fromkeys(("train_loss", "val_loss"), points)
    run = member(0.01, 64, 0, params={"epochs": 6}, id="it", metrics=metrics)
    assert "epochs 80 instead of 6" in getattr(found(beside(run, longer), "EX906"), "message", "")


def test_of_one_pair_alone_the_cause_is_less_sure() -> None:
    """Nobody knows the noise between seeds."""
    pair, many = (beside(member(0.1), runs) for runs in ([member(0.01)], experiment()))
    assert ranked(pair)[0] == ranked(many)[0] == "learning-rate-too-high"
    assert pair.causes[0].score < many.causes[0].score - 0.05


def test_a_rule_that_is_left_out_says_nothing_of_siblings_either() -> None:
    run = member(0.1, 64, 0)
    others = [other for other in experiment() if other.id != run.id]
    for settings in (Settings(ignore=["learning-rate-too-high"]), Settings(ignore=["OP401"])):
        assert "learning-rate-too-high" not in ranked(diagnose(run, settings, others))
    tagged = member(0.1, 64, 0, tags={"diag.ignore": "worse-than-siblings, EX904"})
    assert found(diagnose(tagged, siblings=others), "EX906") is None


def test_a_comparison_may_be_handed_over_in_place_of_the_runs() -> None:
    run = member(0.1, 64, 0)
    compared = table(experiment()).compare(run.id)
    assert compared is not None
    assert diagnose(run, siblings=compared).causes == beside(run, experiment()).causes


def test_a_run_among_its_siblings_is_not_its_own() -> None:
    run = member(0.1, 64, 0)
    others = [other for other in experiment() if other.id != run.id]
    assert diagnose(run, siblings=experiment()).to_dict() == diagnose(run, siblings=others).to_dict()


def test_an_iterator_of_siblings_is_read_once() -> None:
    run = member(0.1, 64, 0)
    assert diagnose(run, siblings=iter(experiment())).to_dict() == diagnose(run, siblings=experiment()).to_dict()


def test_the_lowest_gain_that_counts_and_the_verdict_of_a_high_training_loss() -> None:
    runs = [member(lr, 64, seed, end=end) for lr, end in ((0.1, 0.2), (0.01, 0.25)) for seed in (0, 1)]
    assert "learning-rate-too-low" not in ranked(beside(member(0.01, 64, 5, end=0.25), runs))
    assert beside(member(0.1, 64, 0), experiment()).verdict == "underfitting"


@pytest.mark.parametrize("n", [1, 2, 3])
def test_lost_siblings_are_no_model_to_follow(n: int) -> None:
    lost = [member(lr, end=math.nan) for lr in RATES[:n]]
    one, other = beside(member(1.0, end=0.3), lost), beside(member(1.0, end=0.3), [])
    assert told(one) == told(other)


STRANGE: list[Any] = [
    10**400, "9" * 5000, "[64, 32]", [1, 2, 3], {"a": [1]}, "/data/x.csv", "<script>", "\x1b[31m", "\u202e", "",
    math.nan, -math.inf, True, None, 1e308, "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", ["lr", "hidden_units", "strange", "seed", "x" * 400, "<b>\x1b[2J"])
def test_strange_values_of_parameters_do_no_harm(name: str) -> None:
    runs = [
        member(lr, width, seed, params={name: STRANGE[i % len(STRANGE)]})
        for i, (lr, width, seed) in enumerate(itertools.product(RATES, (4, 64), (0, 1)))
    ]
    for run in runs:
        report = beside(run, runs)
        assert not any("compared" in note or "heard" in note for note in report.notes)
        assert "\x1b" not in str(report.to_dict()).replace("\\x1b", "")


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_numbers_of_numpy_are_numbers(kind: Any) -> None:
    """Who calls `diagnose` from a notebook has them."""
    runs = [member(lr, seed=seed, params={"lr": kind(1000 * lr)}) for lr in RATES[1:] for seed in (0, 1)]
    assert ranked(beside(runs[-1], runs))[0] == "learning-rate-too-high"


def test_ten_thousand_parameters_do_not_hang() -> None:
    many = {f"p{i}": i % 7 for i in range(10_000)}
    runs = [member(lr, params={**many, "p3": i}) for i, lr in enumerate(RATES)]
    assert beside(runs[0], runs).verdict


def test_a_dozen_of_those_with_settings_of_their_own() -> None:
    own = parse_settings({"vocabulary": {"learning_rate": ["zeal"]}})
    names = {"lr": "zeal", "width": "hidden_units", "seed": "seed"}
    runs = experiment(names=names)
    run = next(r for r in runs if r.id == "0.1-64-0")
    assert ranked(diagnose(run, own, [r for r in runs if r.id != run.id]))[0] == "learning-rate-too-high"
