"""LC107 validation-easier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, Curves, found, healthy, judge, skipped


def below(train_end: float = 0.9, val_end: float = 0.3) -> Curves:
    """Validation settles below training."""
    at = np.arange(EPOCHS)
    rng = np.random.default_rng(0)
    fall = np.exp(-at / 4)
    return {
        "train_loss": train_end + (2.3 - train_end) * fall + 0.004 * rng.standard_normal(EPOCHS),
        "val_loss": val_end + (2.3 - val_end) * fall + 0.004 * rng.standard_normal(EPOCHS),
    }


def test_validation_below_training_with_nothing_to_explain_it() -> None:
    report = judge(below(), {"dropout": 0.0})
    finding = found(report, "LC107")
    assert report.verdict == "validation-easier"
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["gap"] < -0.2


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"dropout": 0.3},
        {"dropout": 0, "augmentation": "randaugment"},
        {"dropout": 0, "mixup": 0.2},
        {"dropout": 0, "label_smoothing": 0.1},
    ],
)
def test_what_is_switched_off_in_validation_explains_it(params: dict[str, Any]) -> None:
    report = judge(below(), params)
    assert found(report, "LC107") is None
    assert "dropout or augmentation" in (skipped(report, "LC107") or "")


def test_a_factor_that_no_dropout_brings_about() -> None:
    assert judge(below(1.2, 0.02), {"dropout": 0.3}).verdict == "validation-easier"


def test_half_an_epoch_behind_is_none() -> None:
    fine = 0.2 + 2.1 * np.exp(-np.arange(EPOCHS * 50) / 50 / 8)
    averaged = fine.reshape(EPOCHS, 50).mean(axis=1)
    at_the_end = fine.reshape(EPOCHS, 50)[:, -1]
    assert found(judge({"train_loss": averaged, "val_loss": at_the_end}, {"dropout": 0.0}), "LC107") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy(), {"dropout": 0.0}), "LC107") is None
