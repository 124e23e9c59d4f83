"""LC101 good-fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests import siblings
from tests.rules.asked import curve, more, turned
from tests.rules.runs import (
    EPOCHS,
    NOTHING,
    SHAPES,
    Curves,
    both,
    falling,
    found,
    gap,
    healthy,
    high_level,
    judge,
    noise,
    skipped,
)
from tracker_diag.core.finding import Finding, Skip
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.ending import Ending, Progress
from tracker_diag.evidence.learned import Achieved
from tracker_diag.roles.metric import Metric
from tracker_diag.rules.curves.good_fit import good_fit as the_rule
from tracker_diag.settings.settings import Settings
from tracker_diag.stats.extrapolation import Extrapolation
from tracker_diag.stats.gap import Gap


def test_both_fall_to_a_point_of_stability() -> None:
    report = judge(healthy())
    finding = found(report, "LC101")
    assert report.verdict == "good-fit"
    assert report.severity in ("ok", "info")
    assert finding is not None
    assert finding.severity == "ok"
    assert finding.evidence["gap"] < 0.1
    assert "levels off" in finding.message


def test_rest_is_claimed_only_where_it_is_shown() -> None:
    at = np.arange(EPOCHS)
    drift = {name: curve - 0.006 * at for name, curve in healthy(end=0.5).items() if name.endswith("loss")}
    finding = found(judge(drift), "LC101")
    assert finding is None or "levels off" not in finding.message


def test_without_validation_it_is_less_sure() -> None:
    curves = healthy()
    alone = found(judge({"train_loss": curves["train_loss"]}), "LC101")
    both = found(judge(curves), "LC101")
    assert alone is not None
    assert both is not None
    assert alone.confidence < both.confidence


def test_a_large_gap_is_none() -> None:
    assert found(judge(gap()), "LC101") is None


@pytest.mark.parametrize("kind", ["frozen", "flat", "diverged", "overfitting", "swinging", "gap", "undertrained"])
def test_not_the_verdict_of_a_run_in_trouble(kind: str) -> None:
    assert judge(SHAPES[kind]()).verdict != "good-fit"


def annealed(curves: Curves) -> Curves:
    """The same run under a cosine that ends at zero."""
    return curves | {"lr": 0.05 * (1 + np.cos(np.pi * np.arange(EPOCHS) / EPOCHS))}


def test_sound_modern_training_is_green() -> None:
    params = {"dropout": 0.1, "weight_decay": 0.01, "optimizer": "adamw", "lr": 3e-4, "batch_size": 256}
    report = judge(annealed(healthy()), params)
    assert report.verdict == "good-fit"
    assert report.severity in ("ok", "info")


def lacks(curves: Curves, params: dict[str, object] | None = None, **more: object) -> str:
    """What the run lacks for a good fit; the verdict is none."""
    report = judge(curves, params, **more)
    assert report.verdict != "good-fit"
    assert report.severity in ("ok", "info")
    return skipped(report, "LC101") or ""


UNKNOWN: dict[str, object] = {"num_classes": None}


def test_a_score_that_still_rises_is_not_at_rest() -> None:
    accuracy = np.linspace(0.3, 0.75, EPOCHS)
    assert "validation accuracy was still rising when training ended (at 0.7" in lacks(
        {**healthy(), "val_accuracy": accuracy, "train_accuracy": accuracy}
    )


def test_too_few_values_to_have_come_to_rest() -> None:
    curves = {"train_loss": np.array([2.3, 1.2, 0.8, 0.6, 0.5]), "val_loss": np.array([2.3, 1.3, 0.9, 0.7, 0.6])}
    assert lacks(curves, UNKNOWN)


def test_a_score_that_never_moved_contradicts_a_loss_that_did() -> None:
    curves = {**healthy(end=1.4), "train_accuracy": None, "val_accuracy": np.full(EPOCHS, 0.36)}
    said = lacks({name: values for name, values in curves.items() if values is not None}, UNKNOWN)
    assert "stuck at 0.36" in said


def test_a_small_part_of_a_known_baseline_is_no_achievement() -> None:
    at = np.arange(EPOCHS)
    little = NOTHING * (0.93 + 0.07 * np.exp(-at / 4))
    said = lacks(both(little + noise(0.004, 1), little + 0.01 + noise(0.005, 2)))
    assert "% of the way" in said


def test_a_curve_that_ends_far_above_its_best_has_not_kept_what_it_gained() -> None:
    """Validation comes back by a fifth, too noisily to be told from noise."""
    at = np.arange(EPOCHS)
    val = falling(0.5, 4) + 0.35 * np.clip(at - 40, 0, 8) / 8 * np.where(at % 2, 1.6, 0.4)
    said = lacks(both(falling(0.3, 4) + noise(0.004, 1), val), {**UNKNOWN, "n_val": 2000})
    assert "above its best" in said or "gap" in said


def test_training_that_ends_no_better_than_it_began() -> None:
    train = np.array([1.49, 2.06, 2.17, 1.66, 1.6, 1.54, 1.41, 1.67, 2.0, 1.84, 1.83])
    val = np.array([3.08, 2.12, 1.18, 1.41, 1.21, 1.09, 1.42, 1.17, 1.14, 1.17, 1.19])
    report = judge(both(train, val), UNKNOWN)
    assert report.verdict != "good-fit"
    assert "training loss ends" in (skipped(report, "LC101") or "")


def test_a_wide_gap_of_the_losses_is_excused_by_near_scores_up_to_a_point() -> None:
    near = {
        "train_accuracy": np.full(EPOCHS, 0.93) + noise(0.002, 3),
        "val_accuracy": np.full(EPOCHS, 0.85) + noise(0.003, 4),
    }
    start = np.zeros(EPOCHS)
    start[0] = -0.5
    scores = {name: values + start for name, values in near.items()}
    wide, wider = (both(falling(0.2, 4) + noise(0.004, 1), falling(end, 4) + noise(0.006, 2)) for end in (0.9, 2.0))
    assert judge({**wide, **scores}).verdict == "good-fit"
    assert "gap" in lacks({**wider, **scores})


def test_patience_shows_rest() -> None:
    """Ended by early stopping: the best lies behind, and the run is sound."""
    val = np.r_[falling(0.4, 5, 30), 0.4 + noise(0.001, 2, 10) + 0.01]
    curves = both(falling(0.3, 9, 40), val)
    report = judge(curves, {"early_stopping_patience": 40 - 1 - int(np.argmin(val)), "epochs": 200})
    assert report.verdict == "good-fit"


def test_a_fine_tuning_that_has_hardly_moved_shows_nothing() -> None:
    falls = 5.6 - 0.013 * np.arange(10)
    params = {**UNKNOWN, "pretrained": True}
    assert "not moved since" in lacks(both(falls - 0.1, falls), params)
    assert "nothing else shows" in lacks(both(falls[:6] - 0.1, falls[:6]), params)
    shown = judge({**both(falls - 0.1, falls), "val_accuracy": np.full(10, 0.9) + noise(0.004, 3, 10)}, params)
    assert "shows" not in (skipped(shown, "LC101") or "")


def test_a_run_still_going_need_not_be_at_rest() -> None:
    report = judge({name: curve[:16] for name, curve in healthy(end=0.5).items()}, status="RUNNING")
    assert report.verdict == "good-fit"


def test_a_run_that_was_broken_off() -> None:
    for status in ("FAILED", "KILLED"):
        said = lacks(healthy(), {"epochs": 10 * EPOCHS}, status=status)
        assert said == f"run ended early at epoch {EPOCHS} of {10 * EPOCHS} (status {status})"
    assert judge(healthy(), {"epochs": EPOCHS}, status="FAILED").verdict == "good-fit"


def test_a_score_that_ends_at_chance_or_far_below_its_best() -> None:
    chance = {**healthy(), "val_accuracy": 0.1 + noise(0.004, 4), "train_accuracy": 0.1 + noise(0.004, 3)}
    assert "chance level for 10 classes" in lacks(chance)
    falls = np.r_[np.linspace(0.2, 0.85, 40), np.full(EPOCHS - 40, 0.5)] + noise(0.004, 4)
    alone = {name: curve for name, curve in healthy().items() if name != "train_accuracy"}
    assert "at its best" in lacks({**alone, "val_accuracy": falls}, UNKNOWN)


def test_validation_that_explains_nothing_of_the_variance() -> None:
    """Training learned its set by heart after a first value that exploded."""
    train = falling(0.06, 3, start=1.0)
    val = 1.04 + noise(0.004, 2)
    train[0], val[0] = 87.0, 52.0
    report = judge({"train_mse": train, "val_mse": val, "val_r2": 0.009 + noise(0.002, 3)}, UNKNOWN)
    assert report.verdict != "good-fit"
    calm = {"train_mse": np.maximum(val - 0.02, 0), "val_mse": val, "val_r2": 0.009 + noise(0.002, 3)}
    assert judge(calm, UNKNOWN).verdict in ("underfitting", "insufficient-evidence")


def test_the_summary_says_how_far_a_run_came() -> None:
    curves = {"train_loss": np.array([2.3, 2.0, 1.7, 1.4]), "val_loss": np.array([2.3, 2.05, 1.8, 1.55])}
    summary = judge(curves, {**UNKNOWN, "epochs": 50}).summary
    assert summary == (
        "insufficient evidence: validation loss was still falling when training ended (at 1.55); train longer "
        "(epoch 4 of 50)"
    )


def test_it_does_not_stand_beside_another_verdict() -> None:
    report = judge(high_level(), {"num_classes": 10, "optimizer": "adam", "lr": 1e-6, "batch_size": 64})
    assert report.verdict == "slow-convergence"
    assert found(report, "LC101") is None


def test_a_run_far_behind_comparable_ones_is_none() -> None:
    alone, behind = (siblings.beside(siblings.member(0.1, 4), runs) for runs in ([], siblings.experiment()))
    assert found(alone, "LC101") is not None
    assert found(behind, "LC101") is None
    reason = skipped(behind, "LC101")
    assert reason is not None
    assert all(part in reason for part in ("15 comparable runs", "0.01-64-0", "0.1958"))


@pytest.mark.parametrize(("far", "good"), [(0.15, False), (0.9, True)])
def test_how_far_behind_is_a_threshold(far: float, good: bool) -> None:
    report = siblings.beside(siblings.member(0.1, 4), siblings.experiment(), LC101={"far_behind": far})
    assert (found(report, "LC101") is not None or skipped(report, "LC101") is None) is good


@pytest.mark.parametrize("run_id", ["0.01-64-0", "0.01-64-1"])
def test_one_that_keeps_up_is_as_good_as_by_itself(run_id: str) -> None:
    run = next(r for r in siblings.experiment() if r.id == run_id)
    alone, beside = siblings.beside(run, []), siblings.beside(run, siblings.experiment())
    assert found(alone, "LC101") == found(beside, "LC101")


class Behind:
    """Stands for a comparison with siblings: so far behind the best."""

    def __init__(self, by: float) -> None:
        self.by = by
        self.in_words = f"behind by {by:g}"

    def far(self, share: float) -> bool:
        return self.by >= share


def course(role: str = "train_loss", end: float = 0.5, slope: float = 0.0, **known: Any) -> Curve:
    """Falls from 2 to its end, where it moves by so much in its last third, without noise."""
    values = np.r_[np.linspace(2.0, end, 40), end + slope * np.linspace(0, 1, 20)]
    return curve(values, role, **{"turning": turned(59, end, end, error=0.0), **known})


def told(**inputs: Any) -> Finding | Skip | None:
    """What is said of a run that gained 2 and rests, validation a tenth above training."""
    train, val = inputs.get("train", course()), inputs.get("val", course("val_loss", 0.6))
    absent = (
        "train_score val_score n_classes score_gap score_gap_at_most score_learned achieved explained "
        "standing_from_start further further_train restarts ending lost pretrained beside_siblings"
    )
    nothing = dict.fromkeys(absent.split())
    usual = {
        **nothing,
        "course": train or val,
        "train": train,
        "val": val,
        "held_out": val,
        "improvement": 2.0,
        "effect_unit": 2.0,
        "active": False,
        "traits": frozenset(),
        "end_gap": Gap(0.1, 0.05, 0.15, 0.6, 0.5),
        "schedule_ran_out": False,
    }
    return the_rule.check(**{**usual, **inputs})


def test_what_is_said_of_both_curves() -> None:
    finding = told()
    assert isinstance(finding, Finding)
    assert (finding.severity, finding.confidence) == ("ok", 0.9)
    assert finding.message == (
        "validation loss levels off at 0.6, training loss ends at 0.5; "
        "validation is worse by 5% of the way from 2.5 to the best training loss, 0.5"
    )
    assert finding.evidence == {"gap": pytest.approx(0.05), "level": pytest.approx(0.6), "p_rest": 0.0}


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (0.0099, "; there is no gap between them"),
        (-0.0099, "; there is no gap between them"),
        (0.012, "validation is worse by 1% of the way from 2.5 to the best training loss, 0.5"),
        (0.02, "validation is worse by 1% of the way from 2.5 to the best training loss, 0.5"),
        (-0.3, "validation is better by 15% of the way from 2.2 to the best validation loss, 0.2"),
    ],
)
def test_a_gap_in_words(gap: float, words: str) -> None:
    finding = told(val=course("val_loss", 0.5 + gap), end_gap=Gap(gap, gap, gap, 0.5 + gap, 0.5))
    assert isinstance(finding, Finding)
    assert finding.message.endswith(words)


def test_the_gap_that_is_said_is_that_of_the_levels_that_are_said() -> None:
    finding = told(end_gap=Gap(0.2, 0.15, 0.25, 0.7, 0.5))
    assert isinstance(finding, Finding)
    assert "levels off at 0.6, training loss ends at 0.5; validation is worse by 5%" in finding.message
    assert finding.evidence["gap"] == pytest.approx(0.1)


def test_what_is_said_of_one_curve() -> None:
    for inputs in ({"val": None}, {"train": None, "course": course("val_loss")}):
        finding = told(end_gap=None, **{**inputs, "course": course()})
        assert isinstance(finding, Finding)
        assert finding.confidence == 0.6
        assert finding.evidence["gap"] == 0.0
    assert isinstance(told(val=None, end_gap=None), Finding)
    assert told(val=None, end_gap=None).message == (
        "training loss levels off at 0.5; without a validation curve, overfitting cannot be ruled out"
    )


@pytest.mark.parametrize(("value", "seen"), [(0.5, True), (0.51, False), (1.5, False), (-9.0, True)])
def test_a_gap_of_a_quarter_is_small(value: float, seen: bool) -> None:
    gap = Gap(value, value, value, 0.5 + value, 0.5)
    assert isinstance(told(end_gap=gap), Finding) == seen
    # With boosted trees it is not asked for.
    assert isinstance(told(end_gap=gap, traits=frozenset({"boosting"})), Finding)
    # In units of effects, which may be larger than what was gained.
    assert isinstance(told(end_gap=gap, effect_unit=8.0), Finding)


@pytest.mark.parametrize(
    ("value", "scores", "seen"),
    [
        (1.5, {"score_gap": 0.19}, True),
        (1.5, {"score_gap": 0.2}, False),
        (1.51, {"score_gap": 0.19}, False),
        (1.5, {"score_gap_at_most": 0.19}, True),
        (1.5, {"score_gap_at_most": 0.2}, False),
        (1.5, {"score_gap": 0.3, "score_gap_at_most": 0.1}, False),
        (1.5, {"score_gap": 0.1, "score_gap_at_most": 0.3}, True),
    ],
)
def test_near_scores_excuse_a_wider_gap(value: float, scores: dict[str, float], seen: bool) -> None:
    assert isinstance(told(end_gap=Gap(value, value, value, 2.0, 0.5), **scores), Finding) == seen


@pytest.mark.parametrize(
    ("slope", "inputs", "seen"),
    [
        # By less than a twentieth of what was gained; of a pretrained model, of the unit of effects.
        (0.099, {}, True),
        (0.101, {}, False),
        (0.101, {"effect_unit": 4.0}, False),
        (0.199, {"effect_unit": 4.0, "pretrained": "bert"}, True),
        (0.201, {"effect_unit": 4.0, "pretrained": "bert"}, False),
        # Or where twice as long would bring less than .15 of it; of both, where the rate has run out.
        (0.101, {"further": more(0.1, 0.0, 0.299)}, True),
        (0.101, {"further": more(0.1, 0.0, 0.301)}, False),
        (0.101, {"further": more(0.1, 0.0, 0.599), "effect_unit": 4.0, "pretrained": "bert"}, True),
        (0.101, {"schedule_ran_out": True}, True),
        (0.101, {"restarts": True}, False),
        (0.101, {"restarts": True, "ending": Ending("FINISHED", Progress(10, 10, "epoch"), False, False, False)}, True),
        (0.101, {"restarts": True, "ending": Ending("FINISHED", Progress(5, 10, "epoch"), False, False, True)}, False),
        (0.101, {"restarts": False, "ending": Ending("FINISHED", Progress(9, 9, "epoch"), False, False, False)}, False),
        # A run that is going need not rest.
        (0.101, {"active": True}, True),
    ],
)
def test_rest_is_asked_of_validation(slope: float, inputs: dict[str, Any], seen: bool) -> None:
    kept = turned(59, 0.6, 0.6, error=0.0)
    val = course("val_loss", 0.6, slope, turning=kept)
    said = told(val=val, **inputs)
    assert isinstance(said, Finding) == seen, said


def test_where_both_end_without_being_at_rest() -> None:
    val = course("val_loss", 0.6, 0.101, turning=turned(59, 0.6, 0.6, error=0.0))
    ran_out, going = told(val=val, schedule_ran_out=True), told(val=val, active=True)
    one = {"val": None, "train": course(slope=0.101), "end_gap": None}
    alone, alone_going = told(**one, schedule_ran_out=True), told(**one, active=True)
    for said in (ran_out, going, alone, alone_going):
        assert isinstance(said, Finding)
    ended, so_far = ", and longer training would gain little", ": no problem so far, and the run is still going"
    assert ran_out.message.startswith(f"training loss ends at 0.5 and validation loss at about 0.688{ended}")
    assert going.message.startswith(f"training loss is at 0.5 and validation loss at about 0.688{so_far}")
    assert alone.message.startswith(f"training loss ends at about 0.588{ended}; without a validation curve")
    assert alone_going.message.startswith(f"training loss is at about 0.588{so_far}; without a validation curve")


@pytest.mark.parametrize(("share", "seen"), [(0.1, True), (0.099, False), (None, True)])
def test_a_tenth_of_a_known_baseline_was_achieved(share: float | None, seen: bool) -> None:
    assert isinstance(told(achieved=Achieved(share, "8% is learned")), Finding) == seen


@pytest.mark.parametrize(("end", "seen"), [(0.11, True), (0.09, False)])
def test_a_score_that_says_what_nothing_is_has_left_it_by_a_tenth(end: float, seen: bool) -> None:
    r_squared = Metric("explained variance", "max", best=1.0, baseline=0.0)
    score = Curve("val_r2", np.arange(60.0), -np.linspace(0.0, end, 60), r_squared, "val_score")
    score.__dict__["tail"] = -end
    assert isinstance(told(val_score=score), Finding) == seen


@pytest.mark.parametrize(("by", "seen"), [(0.149, True), (0.15, False)])
def test_not_far_behind_the_best_sibling(by: float, seen: bool) -> None:
    assert isinstance(told(beside_siblings=Behind(by)), Finding) == seen


def test_each_curve_has_to_keep_what_it_gained_and_each_score_to_agree() -> None:
    lost = {"turning": turned(30, 0.5, 0.9), "tail": 0.9, "start": 2.0}
    assert isinstance(told(train=course(**lost)), Skip)
    assert isinstance(told(val=course("val_loss", 0.6, **lost)), Skip)
    falls = curve(np.linspace(0.9, 0.5, 60), "train_score")
    assert isinstance(told(train_score=falls), Skip)
    assert isinstance(told(val_score=curve(np.linspace(0.9, 0.5, 60), "val_score")), Skip)


def test_a_validation_score_without_a_loss_is_asked_as_well() -> None:
    """The training loss alone looks like a good fit."""
    loss, at = falling(0.05, 5), np.arange(EPOCHS)
    assert judge({"train_loss": loss}).verdict == "good-fit"
    turned_back = 0.9 - 0.8 * np.exp(-at / 4) - 0.01 * np.clip(at - 20, 0, None)
    assert judge({"train_loss": loss, "val_accuracy": turned_back}).verdict != "good-fit"
    never = judge({"train_loss": loss, "val_score": 0.175 + noise(0.004, 1)}, {"num_classes": None})
    assert skipped(never, "LC101") is not None
    assert "validation score hardly rose" in str(skipped(never, "LC101"))
    rose = {"train_loss": loss, "val_accuracy": 0.9 - 0.8 * np.exp(-at / 4) + noise(0.004, 1)}
    assert judge(rose).verdict == "good-fit"


@pytest.mark.parametrize(("times", "sound"), [(900.0, True), (1100.0, False)])
def test_what_fell_is_a_bad_start(times: float, sound: bool) -> None:
    """Both losses stand from the second of 60 values on; a drift below the limit is left to keep other signs away."""
    level = 80.0 - 0.05 * np.arange(EPOCHS)
    curves = both(level + noise(0.3, 1), level + noise(0.3, 2))
    for values in curves.values():
        values[0], values[1], values[2] = times * np.median(values[15:]), 3000.0, 200.0
    report = judge(curves, {"num_classes": None, "loss": "mse"})
    assert (report.verdict == "good-fit") == sound
    if not sound:
        assert "that only repairs a bad start" in str(skipped(report, "LC101"))


def test_validation_a_million_times_above_training_is_no_unit() -> None:
    """It falls twentyfold, and ends where no loss of that network can lie."""
    at = np.arange(EPOCHS)
    curves = both(0.03 + 0.5 * np.exp(-at / 8) + noise(0.002, 1), 4e6 + 8e7 * np.exp(-at / 8) + 1e5 * noise(1.0, 2))
    report = judge(curves, {"num_classes": None, "loss": "mse"})
    assert report.verdict != "good-fit"
    assert report.severity == "warning"


def test_scores_of_both_sides_that_hardly_rose_show_nothing() -> None:
    at = np.arange(EPOCHS)
    scores = {"train_f1": 0.51 + 0.0003 * at + noise(0.01, 1), "val_f1": 0.5 + 0.0003 * at + noise(0.01, 2)}
    report = judge(scores, {"num_classes": None})
    assert report.verdict != "good-fit"
    rising = {name: values + 0.3 * (1 - np.exp(-at / 6)) for name, values in scores.items()}
    assert judge(rising, {"num_classes": None}).verdict == "good-fit"


@pytest.mark.parametrize(("values", "sound"), [(12, False), (11, True)])
def test_an_accuracy_that_stands_from_its_second_value_on(values: int, sound: bool) -> None:
    at = np.arange(values + 1)
    loss = {"loss": 0.007 + 0.6 * np.exp(-at / 1.5), "val_loss": 0.0072 + 0.6 * np.exp(-at / 1.5)}
    report = judge(loss | {"val_accuracy": np.r_[0.8943, np.full(values, 0.9543)]}, {"num_classes": None})
    said = str(skipped(report, "LC101"))
    assert ("stuck at 0.9543 since its second value" in said) != sound


def test_a_start_of_a_usual_size_is_no_bad_one() -> None:
    """From ln 2 to next to nothing within an epoch or two: the input was used, however soon."""
    fall = np.exp(-np.arange(EPOCHS) / 0.7)
    report = judge({"train_loss": 0.0003 + 0.69 * fall, "val_loss": 0.00032 + 0.69 * fall}, {"num_classes": None})
    assert "bad start" not in str(skipped(report, "LC101"))


@pytest.mark.parametrize("name", ["train_loss", "val_loss"])
def test_a_curve_that_is_lost_is_no_good_fit_even_where_no_rule_is_asked_that_says_so(name: str) -> None:
    curves = healthy()
    cut = curves[name].copy()
    cut[-4:] = np.nan
    report = judge({**curves, name: cut}, settings=Settings(select=("LC101",)))
    assert report.verdict == "insufficient-evidence"
    assert "is NaN or infinite from step" in report.summary


@pytest.mark.parametrize(("rise", "fits"), [(0.0, False), (0.3, True)])
def test_a_low_accuracy_that_stands_shows_no_fit_however_well_the_losses_fall(rise: float, fits: bool) -> None:
    risen = rise * (1 - np.exp(-np.arange(EPOCHS) / 6))
    losses = {
        name: 20 + falling(8.0, 6, start=40.0) + noise(0.02, i) for i, name in enumerate(("train_loss", "val_loss"))
    }
    scores = {name: 0.35 + risen + noise(0.003, i) for i, name in enumerate(("train_accuracy", "val_accuracy"))}
    report = judge({**losses, **scores}, {"num_classes": None})
    assert (report.verdict == "good-fit") == fits
    assert ("nothing shows that the model learned" in report.summary) != fits


@pytest.mark.parametrize("equal", [0.0, 0.003])
def test_an_accuracy_that_counts_equal_numbers_says_nothing(equal: float) -> None:
    losses = {name: falling(80.0, 6, start=400.0) + noise(0.2, i) for i, name in enumerate(("train_loss", "val_loss"))}
    scores = dict.fromkeys(("train_accuracy", "val_accuracy"), np.full(EPOCHS, equal))
    assert judge({**losses, **scores}, {"num_classes": None, "loss": "mse"}).verdict == "good-fit"


def test_where_training_longer_would_bring_something_it_does_not_say_that_the_curve_levels_off() -> None:
    goes_on = Extrapolation(0.2, 0.01, 0.25, 0.3, 3.0, "power")
    finding = told(further=goes_on)
    assert isinstance(finding, Finding)
    assert finding.message.startswith("training loss ends at 0.5 and validation loss at 0.6; ")
    of_training = told(further_train=goes_on)
    assert isinstance(of_training, Finding)
    assert "levels off" not in of_training.message
