"""LC110 slow-convergence."""

from __future__ import annotations

import numpy as np

from tests.rules.runs import EPOCHS, found, healthy, judge, skipped, slow, undertrained
from tracker_diag.stats.trend import trend


def test_a_pace_that_would_need_many_times_the_epochs() -> None:
    report = judge(slow())
    finding = found(report, "LC110")
    assert report.verdict == "slow-convergence"
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["times"] >= 5
    assert "rate" in finding.advice


def test_a_run_still_going_is_told_and_not_warned() -> None:
    report = judge(slow(), status="RUNNING")
    assert report.severity in ("ok", "info")


def test_a_run_that_is_nearly_there_is_undertrained_and_not_slow() -> None:
    assert found(judge(undertrained()), "LC110") is None


def test_noise_without_a_trend_has_no_pace() -> None:
    rng = np.random.default_rng(0)
    curves = {
        "train_loss": 2.3 + 0.01 * rng.standard_normal(EPOCHS),
        "val_loss": 2.3 + 0.01 * rng.standard_normal(EPOCHS),
    }
    assert found(judge(curves), "LC110") is None


def test_an_annealed_rate_that_is_not_logged_says_nothing_of_the_pace() -> None:
    report = judge(slow(), {"lr_scheduler": "cosine"})
    assert found(report, "LC110") is None
    assert "annealed" in (skipped(report, "LC110") or "")


def test_a_run_that_goes_on_from_where_it_had_nearly_arrived_is_not_slow() -> None:
    """Nineteen twentieths of what ten classes allow are learned already; the rest comes slowly."""
    epochs = np.arange(EPOCHS)
    curves = {"train_loss": 0.15 - 0.0003 * epochs, "val_loss": 0.156 - 0.0003 * epochs}
    assert found(judge(curves), "LC110") is None
    assert found(judge(curves, {"num_classes": None}), "LC110") is not None
    report = judge(curves, {"num_classes": None, "pretrained": True})
    assert found(report, "LC110") is None
    assert skipped(report, "LC110") is not None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC110") is None


def test_a_fall_at_every_step_of_few_values_is_a_pace() -> None:
    """So smooth a curve tells the same ten times over, and the trend test does not believe it."""
    epochs = np.arange(10.0)
    val = 0.968 - 0.00025 * epochs + 4e-6 * np.array([0, 0, -1, -3, -1, 0, -1, 0, 0, 0])
    noise = 0.003 * np.array([1.6, 1.8, 1.2, 2.9, 0.4, 1.0, -0.2, 0.8, 2.0, 0.4])
    params = {"num_classes": None, "epochs": 10}
    assert trend(epochs, val).p > 0.008
    report = judge({"train_loss": 0.83 + noise, "val_loss": val}, params)
    assert report.verdict == "slow-convergence", report.summary
    val[4] = val[3] + 1e-6
    report = judge({"train_loss": 0.83 + noise, "val_loss": val}, params)
    assert report.verdict != "slow-convergence"
