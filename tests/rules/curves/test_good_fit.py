"""LC101 good-fit."""

from __future__ import annotations

import numpy as np
import pytest

from tests import siblings
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


def test_both_fall_to_a_point_of_stability() -> None:
    report = judge(healthy())
    finding = found(report, "LC101")
    assert report.verdict == "good-fit"
    assert report.severity in ("ok", "info")
    assert finding is not None
    assert finding.severity == "ok"
    assert finding.evidence["gap"] < 0.1
    assert "comes to rest" in finding.message


def test_rest_is_claimed_only_where_it_is_shown() -> None:
    at = np.arange(EPOCHS)
    drift = {name: curve - 0.006 * at for name, curve in healthy(end=0.5).items() if name.endswith("loss")}
    finding = found(judge(drift), "LC101")
    assert finding is None or "comes to rest" not in finding.message


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
    assert "score was still rising" in lacks({**healthy(), "val_accuracy": accuracy, "train_accuracy": accuracy})


def test_too_few_values_to_have_come_to_rest() -> None:
    curves = {"train_loss": np.array([2.3, 1.2, 0.8, 0.6, 0.5]), "val_loss": np.array([2.3, 1.3, 0.9, 0.7, 0.6])}
    assert lacks(curves, UNKNOWN)


def test_a_score_that_never_moved_contradicts_a_loss_that_did() -> None:
    curves = {**healthy(end=1.4), "train_accuracy": None, "val_accuracy": np.full(EPOCHS, 0.36)}
    said = lacks({name: values for name, values in curves.items() if values is not None}, UNKNOWN)
    assert "stood at 0.36" in said


def test_a_small_part_of_a_known_baseline_is_no_achievement() -> None:
    at = np.arange(EPOCHS)
    little = NOTHING * (0.93 + 0.07 * np.exp(-at / 4))
    said = lacks(both(little + noise(0.004, 1), little + 0.01 + noise(0.005, 2)))
    assert "of the way is learned" in said


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
    assert "stood since" in lacks(both(falls - 0.1, falls), params)
    assert "nothing else shows" in lacks(both(falls[:6] - 0.1, falls[:6]), params)
    shown = judge({**both(falls - 0.1, falls), "val_accuracy": np.full(10, 0.9) + noise(0.004, 3, 10)}, params)
    assert "shows" not in (skipped(shown, "LC101") or "")


def test_a_run_still_going_need_not_be_at_rest() -> None:
    report = judge({name: curve[:16] for name, curve in healthy(end=0.5).items()}, status="RUNNING")
    assert report.verdict == "good-fit"


def test_a_run_that_was_broken_off() -> None:
    for status in ("FAILED", "KILLED"):
        said = lacks(healthy(), {"epochs": 10 * EPOCHS}, status=status)
        assert said == f"the run was broken off at epoch {EPOCHS} of {10 * EPOCHS} ({status})"
    assert judge(healthy(), {"epochs": EPOCHS}, status="FAILED").verdict == "good-fit"


def test_a_score_that_ends_at_chance_or_far_below_its_best() -> None:
    chance = {**healthy(), "val_accuracy": 0.1 + noise(0.004, 4), "train_accuracy": 0.1 + noise(0.004, 3)}
    assert "as guessing between 10 classes does" in lacks(chance)
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
        "insufficient evidence: the validation loss was still falling when the run stopped: train on (epoch 4 of 50)"
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
    assert "the best of 15 comparable runs, 0.01-64-0, ends at 0.1958" in reason


@pytest.mark.parametrize(("far", "good"), [(0.15, False), (0.9, True)])
def test_how_far_behind_is_a_threshold(far: float, good: bool) -> None:
    report = siblings.beside(siblings.member(0.1, 4), siblings.experiment(), LC101={"far_behind": far})
    assert (found(report, "LC101") is not None or skipped(report, "LC101") is None) is good


@pytest.mark.parametrize("run_id", ["0.01-64-0", "0.01-64-1"])
def test_one_that_keeps_up_is_as_good_as_by_itself(run_id: str) -> None:
    run = next(r for r in siblings.experiment() if r.id == run_id)
    alone, beside = siblings.beside(run, []), siblings.beside(run, siblings.experiment())
    assert found(alone, "LC101") == found(beside, "LC101")
