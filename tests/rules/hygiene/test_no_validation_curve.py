"""HY001 no-validation-curve."""

from __future__ import annotations

import pytest

from tests.rules.runs import found, healthy, judge


def test_training_alone() -> None:
    report = judge({"train_loss": healthy()["train_loss"]})
    finding = found(report, "HY001")
    assert finding is not None
    assert finding.severity == "info"
    assert "val_loss" in finding.advice
    assert report.verdict == "good-fit"


@pytest.mark.parametrize("name", ["val_loss", "eval/loss", "validation_accuracy", "test_loss"])
def test_any_held_out_curve_will_do(name: str) -> None:
    report = judge({"train_loss": healthy()["train_loss"], name: healthy()["val_loss"]})
    assert found(report, "HY001") is None


def test_reinforcement_learning_has_none() -> None:
    curves = {"train_loss": healthy()["train_loss"], "episode_reward": healthy()["val_accuracy"]}
    assert found(judge(curves), "HY001") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "HY001") is None
