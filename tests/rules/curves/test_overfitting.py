"""LC104 overfitting."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, Curves, both, falling, found, healthy, judge, noise, overfitting
from tracker_diag import Run, diagnose
from tracker_diag.core.finding import Finding


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
    assert "patience ended the run" in stopped.message


def test_a_rise_of_less_than_a_fiftieth_of_a_loss_that_hardly_moved_is_none() -> None:
    at = np.arange(EPOCHS)
    curves = both(0.70 - 0.0003 * at + noise(0.001, 1), 0.695 + 0.0002 * at + noise(0.0005, 2))
    assert found(judge(curves, {"num_classes": None}), "LC104") is None
