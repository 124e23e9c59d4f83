"""LC104 overfitting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.rules.asked import curve, turned
from tests.rules.runs import EPOCHS, Curves, both, falling, found, healthy, judge, noise, overfitting, ranked
from tracker_diag import Run, diagnose
from tracker_diag.core.finding import Finding
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.effects import GivenBack
from tracker_diag.evidence.ending import Ending
from tracker_diag.rules.curves.overfitting import overfitting as the_rule
from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.gap import Gap
from tracker_diag.stats.sequential import ENDED, GOING


def losses(curves: Curves) -> Curves:
    return {name: curve for name, curve in curves.items() if name.endswith("loss")}


def test_validation_turns_while_training_goes_on() -> None:
    report = judge(overfitting())
    finding = found(report, "LC104")
    assert report.verdict == "overfitting"
    assert finding is not None
    assert finding.severity == "warning"
    assert 8 <= finding.evidence["best_step"] <= 25
    assert finding.evidence["best_step_low"] <= finding.evidence["best_step"] <= finding.evidence["best_step_high"]
    assert finding.evidence["rise"] > 0.2
    assert f"step {finding.evidence['best_step']:g}" in finding.advice


def test_a_short_and_smooth_turn() -> None:
    at = np.arange(12)
    curves = {
        "train_loss": 2.3 * np.exp(-at / 3),
        "val_loss": 0.5 + 1.8 * np.exp(-at / 2) + 0.08 * np.clip(at - 5, 0, 9),
    }
    assert judge(curves).verdict == "overfitting"


def test_a_score_that_falls() -> None:
    at = np.arange(EPOCHS)
    rng = np.random.default_rng(0)
    train = 0.99 - 0.89 * np.exp(-at / 6) + 0.002 * rng.standard_normal(EPOCHS)
    val = 0.8 - 0.7 * np.exp(-at / 5) - 0.004 * np.clip(at - 20, 0, 99) + 0.004 * rng.standard_normal(EPOCHS)
    finding = found(judge({"train_accuracy": train, "val_accuracy": val}), "LC104")
    assert finding is not None
    assert finding.evidence["best"] > finding.evidence["last"] > 0


def test_a_score_that_still_improves_makes_it_overconfidence() -> None:
    curves = losses(overfitting(apart=0.4))
    accuracy = 0.5 + 0.006 * np.arange(EPOCHS) + 0.003 * np.random.default_rng(5).standard_normal(EPOCHS)
    report = judge(curves | {"train_accuracy": accuracy + 0.05, "val_accuracy": accuracy})
    finding = found(report, "LC104")
    assert finding is not None
    assert finding.severity == "info"
    assert "overconfident" in finding.message


def test_the_lowest_point_of_a_plateau_is_noise() -> None:
    curves = losses(healthy())
    for seed in range(20):
        noisy = curves["val_loss"] + 0.05 * np.random.default_rng(seed).standard_normal(EPOCHS)
        assert found(judge(curves | {"val_loss": noisy}, {"n_val": 5000}), "LC104") is None


def test_a_rise_that_training_shares_is_another_trouble() -> None:
    at = np.arange(EPOCHS)
    rise = 0.02 * np.clip(at - 20, 0, 99)
    curves = losses(healthy())
    assert found(judge({name: curve + rise for name, curve in curves.items()}), "LC104") is None


def test_a_rise_too_small_to_matter() -> None:
    curves = losses(healthy())
    curves["val_loss"] = curves["val_loss"] + 0.0015 * np.clip(np.arange(EPOCHS) - 20, 0, 99)
    assert found(judge(curves), "LC104") is None


@pytest.mark.parametrize("n", [8, 20, 40])
def test_a_run_still_going_is_judged_more_carefully(n: int) -> None:
    curves = {name: curve[:n] for name, curve in losses(healthy()).items()}
    assert found(judge(curves, status="RUNNING"), "LC104") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC104") is None


def test_a_validation_that_explodes_is_evidence_and_no_noise() -> None:
    """From 1.1 to 30 with noise in proportion, while training falls by two thirds."""
    at = np.arange(EPOCHS)
    jitter = np.random.default_rng(0).standard_normal(EPOCHS)
    curves = both(1.05 * 0.28 ** (at / EPOCHS), 1.1 * 27 ** (at / EPOCHS) * np.exp(0.25 * jitter))
    report = judge(curves, {"num_classes": None})
    assert report.verdict == "overfitting"
    assert report.severity == "warning"


@pytest.mark.parametrize("n", [5, 8])
def test_a_handful_of_evaluations_that_rise_from_the_first(n: int) -> None:
    """Fine-tuning: training, logged by steps, goes to nothing."""
    curves = {"train_loss": 0.3 * np.exp(-np.arange(75) / 12), "eval_loss": np.linspace(0.32, 0.42, n)}
    metrics = {
        "train_loss": [[i, float(v)] for i, v in enumerate(curves["train_loss"])],
        "eval_loss": [[round(75 * (i + 1) / n), float(v)] for i, v in enumerate(curves["eval_loss"])],
    }
    finding = found_in_run(metrics)
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.advice.startswith("no checkpoint is better than the first;")


def found_in_run(metrics: dict[str, list[list[float]]]) -> Finding | None:
    report = diagnose(Run.from_dict({"id": "r", "metrics": metrics, "params": {"model_name_or_path": "bert"}}))
    return found(report, "LC104")


def test_patience_at_work_is_no_warning() -> None:
    at = np.arange(50)
    val = falling(0.4, 8, 50) + 0.015 * np.maximum(at - 29, 0)
    curves = both(falling(0.2, 10, 50), val)
    params = {"epochs": 200}
    finding = found(judge(curves, params), "LC104")
    assert finding is not None
    assert finding.severity == "warning"
    stopped = found(judge(curves, {**params, "early_stopping_patience": 50 - 1 - int(np.argmin(val))}), "LC104")
    assert stopped is not None
    assert stopped.severity == "info"
    assert "early stopping ended the run" in stopped.message


def test_a_rise_of_less_than_a_fiftieth_of_a_loss_that_hardly_moved_is_none() -> None:
    at = np.arange(EPOCHS)
    curves = both(0.70 - 0.0003 * at + noise(0.001, 1), 0.695 + 0.0002 * at + noise(0.0005, 2))
    assert found(judge(curves, {"num_classes": None}), "LC104") is None


FALLS = curve(np.linspace(2, 0.5, 60))


def risen(by: float, **known: Any) -> Curve:
    """Validation that is lowest at step 10 of 59, at 1, and rises by so much."""
    values = np.concatenate([np.linspace(3.0, 1.0, 11), np.linspace(1.0, 1 + by, 45)[1:], np.full(5, 1 + by)])
    return curve(values, "val_loss", turning=turned(10, 1.0, 1 + by, **known))


def told(**inputs: Any) -> Finding | None:
    """What is said of a validation that rises by .5, where 2 was gained; a finding or None, never skipped."""
    val = inputs.setdefault("val", risen(0.5))
    usual = {
        "traits": frozenset(),
        "held_out": val,
        "held_out_unit": inputs.get("improvement", 2.0),
        "improvement": 2.0,
        "effect_unit": 2.0,
        "rises": {"val": 1e-9},
        "given_back": {"val": GivenBack(0.0, 10.0)},
        "error_share": ENDED,
        "train": FALLS,
        "val_score": None,
        "other_scores": (),
        "end_gap": None,
        "ending": None,
    }
    said = the_rule.check(**{**usual, **inputs})
    assert said is None or isinstance(said, Finding)
    return said


def test_what_is_said_of_a_rise_of_a_quarter() -> None:
    finding = told()
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.confidence == pytest.approx(0.7 + 0.25 / 2)
    assert finding.message == ("validation loss rose from 1 (step 10) to 1.5, undoing 25% of its fall from 3")
    assert finding.advice == "use the checkpoint of step 10 (early stopping), then regularise or add training examples"
    assert finding.span == (10, 59)
    assert finding.evidence == {
        "best_step": 10, "best_step_low": 8, "best_step_high": 12, "best": 1.0, "last": 1.5, "rise": 0.25, "p": 1e-9,
    }  # fmt: skip


def test_the_step_is_the_best_logged_one_of_the_lowest_stretch() -> None:
    values = risen(0.5).raw.copy()
    values[12], values[40] = 0.95, 0.9
    finding = told(val=curve(values, "val_loss", turning=turned(10, 1.0, 1.5)))
    assert finding is not None
    assert "rose from 0.95 (around step 12) to 1.5" in finding.message
    assert "checkpoint of step 12 " in finding.advice
    assert finding.evidence["best_step"] == finding.span[0] == 12  # type: ignore[index]


def test_of_a_score_it_is_said_as_it_was_logged() -> None:
    values = np.concatenate([np.linspace(0.1, 0.9, 11), np.linspace(0.9, 0.4, 45)[1:], np.full(5, 0.4)])
    score = curve(values, "val_score", turning=turned(10, -0.9, -0.4))
    finding = told(val=score)
    assert finding is not None
    assert "fell from 0.9 (step 10) to 0.4" in finding.message
    assert (finding.evidence["best"], finding.evidence["last"]) == (0.9, 0.4)


@pytest.mark.parametrize(
    ("p", "share", "gap", "seen"),
    [
        (0.01 * ENDED, ENDED, None, True),
        (0.0081, ENDED, None, False),
        (0.01 * GOING, GOING, None, True),
        (0.0021, GOING, None, False),
        # A rise beside a wide gap, whose lower end lies above a quarter of the unit, at five per cent.
        (0.05 * ENDED, ENDED, 0.51, True),
        (0.0401, ENDED, 0.51, False),
        (0.0101, GOING, 0.51, False),
        (0.05 * ENDED, ENDED, 0.5, False),
    ],
)
def test_significant_at_the_level_that_is_left(p: float, share: float, gap: float | None, seen: bool) -> None:
    wide = None if gap is None else Gap(1.0, gap, 1.5, 1.5, 0.5)
    assert (told(rises={"val": p}, error_share=share, end_gap=wide) is not None) == seen


@pytest.mark.parametrize(
    ("rise", "improvement", "effect_unit", "lost", "seen"),
    [
        # At least .06 of the improvement, unless half of it is lost in every value.
        (0.12, 2.0, 2.0, 0.0, True),
        (0.119, 2.0, 2.0, 0.0, False),
        (0.119, 2.0, 2.0, 0.49, False),
        (0.119, 2.0, 2.0, 0.5, True),
        # And at least .02 of the unit of effects, whatever is lost.
        (0.04, 0.05, 2.0, 0.9, True),
        (0.039, 0.05, 2.0, 0.9, False),
    ],
)
def test_large_enough(rise: float, improvement: float, effect_unit: float, lost: float, seen: bool) -> None:
    val = curve(np.ones(60), "val_loss", turning=turned(10, 1.0, 1 + rise, rise=rise))
    back = {"val": GivenBack(lost, 10.0)}
    assert (told(val=val, improvement=improvement, effect_unit=effect_unit, given_back=back) is not None) == seen


@pytest.mark.parametrize(
    ("p", "lost", "improvement", "confidence"),
    [
        (0.1 * 0.01, 0.0, 2.0, 0.7),
        (0.00099, 0.0, 2.0, 0.825),
        (0.5, 0.6, 2.0, 0.825),
        (1e-9, 0.0, 0.5, 0.99),
        (1e-9, 0.0, 1.0, 0.95),
    ],
)
def test_surer_where_the_rise_is_beyond_doubt(p: float, lost: float, improvement: float, confidence: float) -> None:
    finding = told(rises={"val": p}, given_back={"val": GivenBack(lost, 10.0)}, improvement=improvement)
    assert finding is not None
    assert finding.confidence == pytest.approx(confidence)


RISES = {n: curve(np.linspace(1, 1.5, n), "val_loss", turning=turned(0, 1.0, 1.5)) for n in (4, 5, 10, 11)}


@pytest.mark.parametrize(
    ("inputs", "seen"),
    [
        # One order of 24, of 120, of ten factorial; more than ten values are left to the other test.
        ({"val": RISES[4]}, False),
        ({"val": RISES[5]}, True),
        ({"val": RISES[10]}, True),
        ({"val": RISES[11]}, False),
        ({"val": RISES[5], "alpha": 1 / 120}, True),
        ({"val": RISES[5], "alpha": 1 / 121}, False),
        ({"val": RISES[5], "train": None}, False),
        ({"val": RISES[5], "train": curve(np.ones(60))}, False),
        ({"val": RISES[5], "error_share": GOING}, False),
        ({"val": curve(np.linspace(1, 1.5, 5), "val_loss", turning=turned(1, 1.0, 1.5))}, False),
    ],
)
def test_a_handful_that_rises_from_the_first_while_training_falls(inputs: dict[str, Any], seen: bool) -> None:
    assert (told(rises={"val": 0.5}, **inputs) is not None) == seen


def test_where_training_has_got_worse_since_it_is_another_trouble_and_without_training_nobody_knows() -> None:
    worse = np.linspace(2, 0.5, 60)
    worse[40:] = 1.9
    assert told(train=curve(worse)) is None
    assert told(train=None) is not None


@pytest.mark.parametrize("patience", [True, False])
def test_patience_that_ended_the_run_makes_it_an_info(patience: bool) -> None:
    finding = told(ending=Ending("FINISHED", None, patience, pruned=False, cut_short=None))
    assert finding is not None
    assert finding.severity == ("info" if patience else "warning")
    assert ("early stopping ended the run" in finding.message) == patience


#: Half of what follows a turn at step 11 of 59 begins at step 35.
HALFWAY = [35.0, 39.8, 44.6, 49.4, 54.2, 59.0]


@pytest.mark.parametrize(
    ("steps", "score", "info"),
    [
        (range(60), np.linspace(0.5, 0.8, 60), True),
        (range(60), np.linspace(0.8, 0.5, 60), False),
        # Up to the middle of what follows the turn alone.
        (range(60), np.r_[np.linspace(0.5, 0.8, 35), np.full(25, 0.8)], False),
        (range(60), np.r_[np.full(35, 0.5), np.linspace(0.5, 0.8, 25)], True),
        # Six values are enough, the first of them in the middle; five are not.
        (HALFWAY, np.linspace(0.7, 0.8, 6), True),
        ([34.0, *HALFWAY[1:]], np.linspace(0.7, 0.8, 6), False),
        # By more than a hundredth of the highest value, from the first of them to the last.
        ([0.0, *HALFWAY], [0.5, *(1 - 0.0105 * (1 - np.arange(6) / 5))], True),
        ([0.0, *HALFWAY], [0.5, *(1 - 0.0095 * (1 - np.arange(6) / 5))], False),
    ],
)
def test_a_score_that_still_improves_since_makes_it_overconfidence(steps: Any, score: Any, info: bool) -> None:
    val = curve(np.ones(60), "val_loss", turning=turned(11, 1.0, 1.5))
    finding = told(val=val, val_score=curve(score, "val_score", steps))
    assert finding is not None
    assert finding.severity == ("info" if info else "warning")
    assert ("overconfident" in finding.message) == info


def test_a_score_that_is_judged_itself_excuses_nothing() -> None:
    score = curve(np.linspace(0.5, 0.8, 60), "val_score", turning=turned(11, -0.9, -0.4))
    finding = told(val=score, val_score=score)
    assert finding is not None
    assert finding.severity == "warning"


def rising_then_falling(best: float, end: float, seed: int = 1) -> FloatArray:
    """An accuracy of a tenth that has come to ``best`` by epoch 20, and falls to ``end``."""
    at = np.arange(EPOCHS)
    fall = (best - end) / (EPOCHS - 1 - 20)
    values: FloatArray = best - (best - 0.1) * np.exp(-at / 4) - fall * np.clip(at - 20, 0, None) + noise(0.004, seed)
    return values


def only_score(score: FloatArray) -> Curves:
    """A hand-written loop that logs the training loss and the validation accuracy."""
    return {"train_loss": falling(0.02, 10), "val_accuracy": score}


def test_a_validation_score_that_turned_beside_a_training_loss() -> None:
    report = judge(only_score(rising_then_falling(0.8, 0.6)), {"num_classes": 10, "epochs": EPOCHS})
    finding = found(report, "LC104")
    assert report.verdict == "overfitting"
    assert finding is not None
    assert finding.severity == "warning"
    # In units of what the score itself had gained.
    assert finding.evidence["rise"] == pytest.approx(0.2 / 0.7, rel=0.15)
    assert "no-early-stopping" in ranked(report)


def test_noise_of_a_validation_score_is_no_turn() -> None:
    """Accuracies of 200 examples that depend on each other: at one per cent, of forty runs none."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        at, kept = np.arange(EPOCHS), rng.uniform(0, 0.9)
        right = 0.1 + rng.uniform(0.3, 0.85) * (1 - np.exp(-at / 6))
        swing = rng.standard_normal(EPOCHS)
        for i in range(1, EPOCHS):
            swing[i] = kept * swing[i - 1] + np.sqrt(1 - kept**2) * swing[i]
        score = np.round(200 * np.clip(right + swing * np.sqrt(right * (1 - right) / 200), 0, 1)) / 200
        assert found(judge(only_score(score)), "LC104") is None


def test_the_best_value_of_a_score_that_never_rose_is_chance() -> None:
    score = np.r_[0.17, 0.175, 0.205, 0.2, np.full(EPOCHS - 4, 0.18)]
    assert found(judge(only_score(score), {"num_classes": None}), "LC104") is None


def test_one_score_at_the_cost_of_another_is_an_info() -> None:
    """Classes are weighted: accuracy falls for the sake of what is rare."""
    at = np.arange(EPOCHS)
    curves = only_score(rising_then_falling(0.8, 0.6)) | {
        "val_auc": 0.5 + 0.4 * (1 - np.exp(-at / 20)) + noise(0.003, 2)
    }
    finding = found(judge(curves, {"num_classes": 10}), "LC104")
    assert finding is None or finding.severity == "info"
    assert finding is None or "val_auc improves in the same steps" in finding.message


@pytest.mark.parametrize("name", ["val_precision", "val_recall", "val_specificity"])
def test_one_side_of_a_trade_off_is_not_judged_alone(name: str) -> None:
    curves = {"train_loss": falling(0.02, 10), name: rising_then_falling(0.8, 0.6)}
    assert found(judge(curves, {"num_classes": None}), "LC104") is None


@pytest.mark.parametrize("name", ["val_error", "val_wer", "val_mae"])
def test_an_error_of_nothing_throughout_has_no_unit(name: str) -> None:
    report = judge({"train_loss": falling(0.05, 8), name: np.zeros(EPOCHS)}, {"num_classes": None})
    assert found(report, "LC104") is None
    assert not [s for s in report.skipped if "failed" in s.reason]


def test_what_a_score_lost_is_told_in_its_own_unit() -> None:
    hardly = 0.55 + 0.02 * (1 - np.exp(-np.arange(EPOCHS) / 3)) - 0.004 * np.clip(np.arange(EPOCHS) - 15, 0, None)
    finding = found(judge(only_score(hardly + noise(0.002, 1)), {"num_classes": 10}), "LC104")
    assert finding is not None
    assert "lower than where it started" in finding.message
    assert finding.message.startswith("validation accuracy (val_accuracy) fell from")


def test_a_score_that_turned_is_no_reason_to_train_on() -> None:
    at = np.arange(EPOCHS)
    curves = {
        "train_loss": 1 + 0.6 * np.exp(-at / 45) + noise(0.003, 1),
        "val_accuracy": 0.4 + 0.3 * (1 - np.exp(-at / 4)) - 0.06 * np.clip((at - 15) / 45, 0, 1) + noise(0.004, 2),
    }
    report = judge(curves, {"num_classes": None})
    assert found(report, "LC104") is not None
    assert found(report, "LC103") is None


def test_accuracies_of_both_sides_are_measured_as_losses_are() -> None:
    at = np.arange(EPOCHS)
    curves = {"train_accuracy": 0.98 - 0.85 * np.exp(-at / 6), "val_accuracy": rising_then_falling(0.8, 0.6)}
    finding = found(judge(curves, {"num_classes": 10}), "LC104")
    assert finding is not None
    assert finding.message.startswith("validation accuracy fell from")
    assert "of its rise from" in finding.message


def test_an_error_that_never_fell_and_rises_a_little_is_no_turn() -> None:
    """Fine-tuning without a word of it: .30 at first, .312 at the end."""
    rises = 0.3 + 0.0002 * np.arange(EPOCHS) + noise(0.0015, 1)
    curves = {"train_loss": falling(0.3, 5, start=0.9), "val_mae": rises}
    assert found(judge(curves, {"num_classes": None}), "LC104") is None


def test_a_ranking_that_is_low_by_nature_and_halves_has_turned() -> None:
    at = np.arange(EPOCHS)
    score = 0.01 + 0.05 * (1 - np.exp(-at / 4)) - 0.03 * np.clip((at - 10) / 50, 0, 1) + noise(0.0004, 1)
    report = judge({"train_loss": falling(0.05, 8), "val_ndcg": score}, {"num_classes": None})
    assert found(report, "LC104") is not None
    assert report.verdict == "overfitting"
