"""LC110 slow-convergence."""

from __future__ import annotations

import numpy as np

from tests.rules.runs import EPOCHS, found, healthy, judge, skipped, slow, undertrained


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
