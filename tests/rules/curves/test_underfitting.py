"""LC102 underfitting."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, fallen_to_nothing, flat, found, healthy, judge, undertrained


def test_a_flat_line_at_the_uninformed_level() -> None:
    report = judge(flat())
    finding = found(report, "LC102")
    assert report.verdict == "underfitting"
    assert finding is not None
    assert finding.severity == "error"
    assert finding.evidence["uninformed"] == pytest.approx(math.log(10))


def test_a_fall_to_the_uninformed_level_is_nothing_learned() -> None:
    assert judge(fallen_to_nothing()).verdict == "underfitting"


def test_where_the_level_is_unknown_a_curve_that_never_moves_beyond_its_noise() -> None:
    rng = np.random.default_rng(0)
    curves = {"train_loss": 5 + 0.1 * rng.standard_normal(EPOCHS), "val_loss": 5.1 + 0.1 * rng.standard_normal(EPOCHS)}
    report = judge(curves, {"num_classes": None})
    assert report.verdict == "underfitting"


def test_chance_accuracy() -> None:
    rng = np.random.default_rng(1)
    curves = {"train_accuracy": 0.1 + 0.004 * rng.standard_normal(EPOCHS), "val_accuracy": np.full(EPOCHS, 0.1)}
    curves["val_accuracy"] = curves["val_accuracy"] + 0.004 * rng.standard_normal(EPOCHS)
    assert judge(curves).verdict == "underfitting"


def test_fine_tuning_starts_low_and_flat() -> None:
    rng = np.random.default_rng(2)
    flat_and_low = 0.4 + 0.01 * rng.standard_normal(EPOCHS)
    curves = {"train_loss": flat_and_low, "val_loss": flat_and_low + 0.02}
    for params in (
        {"pretrained": True},
        {"num_classes": None, "pretrained": "imagenet"},
        {"lora_r": 8, "pretrained": 1},
    ):
        assert found(judge(curves, params), "LC102") is None


def test_a_run_that_learned_a_quarter_is_not_unable_to_learn() -> None:
    assert found(judge(undertrained()), "LC102") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC102") is None
    assert found(judge(healthy(), {"num_classes": None}), "LC102") is None
