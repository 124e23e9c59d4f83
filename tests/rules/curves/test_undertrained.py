"""LC103 undertrained."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, Curves, found, healthy, judge, skipped, undertrained


def rate(shape: str) -> Curves:
    """A learning rate over the epochs."""
    at = np.arange(EPOCHS)
    shapes = {"constant": np.full(EPOCHS, 0.1), "cosine": 0.05 * (1 + np.cos(np.pi * at / EPOCHS))}
    return {"lr": shapes[shape]}


@pytest.mark.parametrize(("pretrained", "warned"), [(False, True), (True, False)])
def test_what_fine_tuning_adds_is_no_unit(pretrained: bool, warned: bool) -> None:
    """The loss goes on from where it had nearly arrived, and falls by a tenth."""
    epochs = np.arange(EPOCHS)
    curves = {"train_loss": 0.16 - 0.0003 * epochs, "val_loss": 0.165 - 0.0003 * epochs}
    finding = found(judge(curves, {"num_classes": None, "pretrained": pretrained}), "LC103")
    assert (finding is not None) == warned


def test_still_falling_at_the_end() -> None:
    report = judge(undertrained())
    finding = found(report, "LC103")
    assert report.verdict == "undertrained"
    assert finding is not None
    assert finding.severity == "warning"
    seen = finding.evidence
    truth = 2 * (np.exp(-60 / 35) - np.exp(-120 / 35)) / (2 * (1 - np.exp(-60 / 35)))
    assert seen["gain_low"] - 0.03 <= truth <= seen["gain_high"] + 0.03
    assert "train on" in finding.advice


def test_a_run_still_going_is_told_and_not_warned() -> None:
    report = judge(undertrained(), status="RUNNING")
    finding = found(report, "LC103")
    assert finding is not None
    assert finding.severity == "info"
    assert report.severity in ("ok", "info")


def test_a_constant_rate_changes_nothing() -> None:
    assert judge(undertrained() | rate("constant")).verdict == "undertrained"


def test_a_tail_flattened_by_annealing_is_extrapolated_over_the_rate() -> None:
    clock = np.cumsum(rate("cosine")["lr"])
    course = 0.3 + 2 * np.exp(-clock / clock[-1] / 0.6)
    rng = np.random.default_rng(0)
    curves = {name: course + 0.004 * rng.standard_normal(EPOCHS) for name in ("train_loss", "val_loss")}
    assert found(judge(curves), "LC103") is None
    assert found(judge(curves | rate("cosine")), "LC103") is not None


@pytest.mark.parametrize("scheduler", ["cosine", "linear", "CosineAnnealingLR", "OneCycleLR"])
def test_an_annealed_rate_that_is_not_logged_lets_it_abstain(scheduler: str) -> None:
    report = judge(undertrained(), {"lr_scheduler": scheduler})
    assert found(report, "LC103") is None
    assert "annealed" in (skipped(report, "LC103") or "")


def test_large_scale_pretraining_never_settles() -> None:
    curves = {"train_loss": undertrained()["train_loss"], "val_loss": undertrained()["val_loss"]}
    finding = found(judge(curves, {"max_steps": 600_000, "epochs": None, "num_classes": None}), "LC103")
    assert finding is not None
    assert finding.severity == "info"


def test_training_that_falls_for_ever_while_validation_rests_is_none() -> None:
    curves = healthy()
    curves["train_loss"] = undertrained()["train_loss"] * 0.6
    del curves["train_accuracy"], curves["val_accuracy"]
    assert found(judge(curves), "LC103") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC103") is None
