"""LC104 overfitting."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, Curves, found, healthy, judge, overfitting


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
    assert "overconfidence" in finding.message


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
