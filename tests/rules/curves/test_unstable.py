"""LC109 unstable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.rules.asked import curve, turned
from tests.rules.runs import CLASSES, EPOCHS, NOTHING, both, found, healthy, judge, noise, skipped, swinging
from tracker_diag import Run, diagnose
from tracker_diag.core.finding import Finding, Skip
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.effects import GivenBack
from tracker_diag.rules.curves._unrest import losing
from tracker_diag.rules.curves.unstable import unstable as the_rule
from tracker_diag.stats.oscillation import Oscillation
from tracker_diag.stats.sequential import ENDED, GOING


def test_a_loss_that_swings_instead_of_settling() -> None:
    report = judge(swinging())
    finding = found(report, "LC109")
    assert report.verdict == "unstable"
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["swing"] > 0.12
    assert finding.evidence["metric"] == "train_loss"


def test_a_loss_that_climbs_again() -> None:
    rise = 0.03 * np.clip(np.arange(EPOCHS) - 20, 0, 99)
    curves = {name: curve + rise for name, curve in healthy().items() if name.endswith("loss")}
    assert judge(curves).verdict == "unstable"


@pytest.mark.parametrize(
    ("lowest", "said"),
    [
        (0.0001, "from 0.0001 (step 30) to 0.05, 500 times its lowest level, and stayed there"),
        (0.0, "from 0 (step 30) to 0.05, undoing 2% of its fall from 2"),
    ],
)
def test_a_small_part_that_is_lost_is_a_multiple_of_the_lowest_level_unless_that_is_0(lowest: float, said: str) -> None:
    falls = np.maximum(2 * np.exp(-np.arange(30) / 3), lowest)
    train = curve(np.r_[falls, np.full(10, lowest), np.full(40, 0.05)])
    assert losing(train, train.start - train.best).message.endswith(said)


def test_swings_that_die_away_are_none() -> None:
    curves = healthy()
    at = np.arange(EPOCHS)
    curves["train_loss"] = curves["train_loss"] + 0.8 * np.exp(-at / 8) * (-1.0) ** at
    assert found(judge(curves), "LC109") is None


def test_isolated_jumps_are_none() -> None:
    curves = healthy()
    curves["train_loss"][[35, 50]] += 3.0
    assert found(judge(curves), "LC109") is None


@pytest.mark.parametrize("name", ["discriminator_loss", "episode_reward", "kl_weight"])
def test_losses_that_swing_by_design(name: str) -> None:
    report = judge(swinging() | {name: np.linspace(1, 2, EPOCHS)})
    assert found(report, "LC109") is None
    assert skipped(report, "LC109") is not None


def test_swings_that_are_small_beside_the_loss_itself_are_none_where_the_start_says_little() -> None:
    """Nearly all was learned before the first value was logged: noise is a large share of the rest."""
    rng = np.random.default_rng(4)
    level = 0.3 + 0.09 * np.exp(-np.arange(EPOCHS) / 4)
    curves = {"train_loss": level + 0.012 * rng.standard_normal(EPOCHS), "val_loss": level + 0.01}
    assert found(judge(curves, {"num_classes": None}), "LC109") is None


@pytest.mark.parametrize("classes", [10, None])
def test_a_run_that_unlearns_all_it_had_learned(classes: int | None) -> None:
    """Weight decay that is far too strong pulls the network back to knowing nothing."""
    epochs = np.arange(EPOCHS)
    level = NOTHING - 0.25 * np.exp(-(((epochs - 5) / 6) ** 2))
    curves = {"train_loss": level + noise(0.003, 1), "val_loss": level + noise(0.003, 2)}
    assert judge(curves, {"num_classes": classes}).verdict in ("unstable", "underfitting")


def test_too_short_to_say() -> None:
    short = {name: curve[:6] for name, curve in swinging().items()}
    assert skipped(judge(short), "LC109") is not None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC109") is None


@pytest.mark.parametrize("classes", [None, CLASSES])
def test_a_loss_that_is_lost_and_not_regained(classes: int | None) -> None:
    lost = np.array([2.0, 0.8, 0.5, 0.4, 0.4, 0.5, 0.7, 1.0, *[1.5] * 20]) + noise(0.03, 1, 28)
    report = judge(both(lost, lost + 0.01 + noise(0.03, 2, 28)), {"num_classes": classes})
    assert report.verdict == "unstable"
    finding = found(report, "LC109")
    assert finding is not None
    assert "of its fall from" in finding.message


def test_losses_that_swing_by_factors_and_gain_nothing() -> None:
    train = np.array([0.63, 1.3, 2, 0.7, 1.1, 0.6, 1.5, 0.9, 2.2, 1.4, 2.9, 1.3, 0.8, 2.6, 2.4, 2.8])
    val = np.array([0.5, 1.9, 1.1, 0.9, 2.2, 0.7, 2.8, 1.4, 3.1, 1.9, 4.6, 2.0, 1.1, 4.1, 3.7, 4.9])
    report = judge(both(train, val), {"num_classes": None})
    assert report.verdict == "unstable"
    assert "by a factor of" in report.summary
    assert found(judge({"train_loss": train}, {"num_classes": None}), "LC109") is None


def test_single_batches_beside_few_calm_evaluations_are_none() -> None:
    """Fine-tuning: training by steps, five evaluations."""
    rng = np.random.default_rng(0)
    batches = np.abs(0.12 * np.exp(-np.arange(300) / 400) * (1 + 0.7 * rng.standard_normal(300))) + 0.01
    metrics = {
        "train_loss": [[i, float(v)] for i, v in enumerate(batches)],
        "eval_loss": [[60 * (i + 1), v] for i, v in enumerate([0.13, 0.118, 0.112, 0.109, 0.108])],
    }
    report = diagnose(Run.from_dict({"id": "r", "metrics": metrics}))
    assert found(report, "LC109") is None


@pytest.mark.parametrize(("params", "silent"), [({"scheduler": "CosineAnnealingWarmRestarts"}, True), ({}, False)])
def test_restarts_swing_by_design(params: dict[str, object], silent: bool) -> None:
    at = np.arange(48)
    saw = 0.02 * np.exp(1.2 * np.where(at % 3 == 0, 1.0, np.where(at % 3 == 1, 0.2, -0.4)))
    saw[0] = saw[1] = 0.03
    report = judge(both(saw, saw * 1.1), {"num_classes": None, **params})
    assert (found(report, "LC109") is None) == silent


STILL = Oscillation(0.0, 0.0, 0.0)
FALLS = np.linspace(2, 0.5, 60)


def loss(role: str = "train_loss", swings: Oscillation = STILL, **known: Any) -> Curve:
    return curve(FALLS, role, **{"oscillation": swings, "turning": turned(59, 0.5, 0.5), **known})


def valley(best: float, end: float, **known: Any) -> Curve:
    """Training that falls from 2 to its best at step 20, rises, and stays at its end."""
    values = np.concatenate([np.linspace(2.0, best, 21), np.linspace(best, end, 31)[1:], np.full(9, end)])
    return curve(values, "train_loss", **{"oscillation": STILL, "turning": turned(20, best, end), **known})


def told(**inputs: Any) -> Finding | Skip | None:
    """What is said of a run that gained 2, and does not swing, unless asked otherwise."""
    usual = {
        "traits": frozenset(),
        "train": loss(),
        "improvement": 2.0,
        "effect_unit": 2.0,
        "rises": {"train": 0.5, "val": 0.5},
        "given_back": {"train": GivenBack(0.0, 10.0)},
        "error_share": ENDED,
        "active": False,
        "val": loss("val_loss"),
        "held_out": None,
        "n_val_seen": 1000,
        "restless": None,
        "of_single_batches": False,
        "restarts": False,
    }
    return the_rule.check(**{**usual, **inputs})


@pytest.mark.parametrize(
    ("amplitude", "early", "reversals", "seen"),
    [
        # By .12 of the unit, at three steps of ten, and half as wide as in the first half: each of them exactly.
        (0.24, 0.0, 0.3, True),
        (0.239, 0.0, 0.3, False),
        (0.24, 0.0, 0.29, False),
        (0.24, 0.48, 0.3, True),
        (0.24, 0.49, 0.3, False),
        (0.12, 0.0, 0.3, False),
    ],
)
@pytest.mark.parametrize("side", ["train", "val"])
def test_swings_that_are_wide_turn_often_and_go_on(
    side: str, amplitude: float, early: float, reversals: float, seen: bool
) -> None:
    swings = Oscillation(amplitude, early, reversals)
    finding = told(**{side: loss(f"{side}_loss", swings)})
    assert (finding is not None) == seen
    if isinstance(finding, Finding):
        assert (finding.severity, finding.confidence) == ("warning", pytest.approx(0.6 + 0.12))
        assert finding.evidence == {"swing": pytest.approx(0.12), "metric": f"{side}_loss"}
        assert finding.span == (30.0, 59.0)


def test_the_unit_may_be_another_than_the_improvement_and_confidence_has_an_end() -> None:
    swings = loss(swings=Oscillation(0.2, 0.0, 0.6))
    assert told(train=swings, effect_unit=2.0) is None
    finding = told(train=swings, effect_unit=1.6, improvement=0.25)
    assert isinstance(finding, Finding)
    assert (finding.evidence["swing"], finding.confidence) == (pytest.approx(0.8), 0.95)


@pytest.mark.parametrize(("examples", "seen"), [(100, True), (99, False), (None, False)])
def test_validation_has_to_rest_on_a_hundred_examples(examples: int | None, seen: bool) -> None:
    val = loss("val_loss", Oscillation(1.0, 0.0, 0.6))
    assert (told(val=val, n_val_seen=examples) is not None) == seen


def test_swings_of_single_batches_are_none() -> None:
    assert told(train=loss(swings=Oscillation(1.0, 0.0, 0.6)), of_single_batches=True) is None


@pytest.mark.parametrize(("active", "severity"), [(True, "info"), (False, "warning")])
def test_of_a_run_that_is_going_swings_are_an_info_and_a_climb_is_none(active: bool, severity: str) -> None:
    swinging = told(train=loss(swings=Oscillation(1.0, 0.0, 0.6)), active=active)
    assert isinstance(swinging, Finding)
    assert swinging.severity == severity
    climbing = told(train=loss(turning=turned(20, 0.5, 1.5)), rises={"train": 0.0, "val": 0.5}, active=active)
    assert isinstance(climbing, Finding)
    assert climbing.severity == "warning"


@pytest.mark.parametrize(
    ("rise", "p", "share", "seen"),
    [
        (0.3, 0.0079, ENDED, True),
        (0.3, 0.01 * ENDED, ENDED, False),
        (0.3, 0.0019, GOING, True),
        (0.3, 0.0021, GOING, False),
        (0.29, 0.0, ENDED, False),
    ],
)
def test_a_climb_of_so_much_at_the_level_that_is_left(rise: float, p: float, share: float, seen: bool) -> None:
    train = valley(0.5, 0.5 + rise, turning=turned(20, 0.5, 0.5 + rise, rise=rise))
    finding = told(train=train, rises={"train": p, "val": 0.5}, error_share=share)
    assert (finding is not None) == seen
    if isinstance(finding, Finding):
        assert "(step 20) to 0.8, undoing 20% of its fall from 2" in finding.message
        assert finding.span == (20.0, 59.0)


def test_what_was_lost_is_said_first_and_half_of_it_is_enough() -> None:
    train = valley(0.5, 1.7, oscillation=Oscillation(1.0, 0.0, 0.6))
    lost = told(train=train, given_back={"train": GivenBack(0.5, 20.0)})
    assert isinstance(lost, Finding)
    assert "rose from 0.5 (step 20)" in lost.message
    assert lost.evidence["swing"] == pytest.approx(0.6)
    kept = told(train=train, given_back={"train": GivenBack(0.49, 20.0)})
    assert isinstance(kept, Finding)
    assert "swings by" in kept.message


@pytest.mark.parametrize("missing", [{"improvement": None}, {"effect_unit": None}, {}])
def test_both_curves_that_wander_are_told_but_where_the_rate_is_raised_again(missing: dict[str, None]) -> None:
    finding = told(restless=0.25, **missing)
    assert isinstance(finding, Finding)
    assert "swing up and down by a factor of 1.3" in finding.message
    assert finding.confidence == pytest.approx(0.85)
    assert finding.severity == "warning"
    assert told(restless=0.25, restarts=True, **missing) is None
    assert told(restless=None, **missing) is None


@pytest.mark.parametrize("missing", ["improvement", "effect_unit"])
def test_without_a_unit_swings_have_no_size(missing: str) -> None:
    assert told(train=loss(swings=Oscillation(9.0, 0.0, 0.6)), **{missing: None}) is None
    going = told(restless=0.25, active=True, **{missing: None})
    assert isinstance(going, Finding)
    assert going.severity == "info"


def test_a_curve_too_short_to_swing_is_skipped() -> None:
    assert isinstance(told(train=loss(oscillation=None)), Skip)


@pytest.mark.parametrize(("end", "seen"), [(0.75, True), (0.68, False)])
def test_a_loss_that_gained_nothing_and_climbed(end: float, seen: bool) -> None:
    """From .62 it never came down, and R² falls with it."""
    at = np.arange(EPOCHS) / (EPOCHS - 1)
    curves = {"loss": 0.62 + (end - 0.62) * at + noise(0.01, 1), "val_r2": 0.27 - 0.5 * at + noise(0.02, 2)}
    finding = found(judge(curves, {"num_classes": None, "loss": "mse"}), "LC109")
    assert (finding is not None and "above its first value" in finding.message) == seen


def test_a_loss_that_climbs_by_design_while_validation_improves() -> None:
    at = np.arange(EPOCHS) / (EPOCHS - 1)
    curves = {"train_loss": 0.9 + 0.4 * at + noise(0.01, 1), "val_accuracy": 0.5 + 0.3 * at + noise(0.01, 2)}
    assert found(judge(curves, {"num_classes": None}), "LC109") is None
