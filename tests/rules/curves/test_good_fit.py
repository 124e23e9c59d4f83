"""LC101 good-fit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, SHAPES, Curves, found, gap, healthy, judge


def test_both_fall_to_a_point_of_stability() -> None:
    report = judge(healthy())
    finding = found(report, "LC101")
    assert report.verdict == "good-fit"
    assert report.severity in ("ok", "info")
    assert finding is not None
    assert finding.severity == "ok"
    assert finding.evidence["gap"] < 0.1
    assert "come to rest" in finding.message


def test_rest_is_claimed_only_where_it_is_shown() -> None:
    at = np.arange(EPOCHS)
    drift = {name: curve - 0.006 * at for name, curve in healthy(end=0.5).items() if name.endswith("loss")}
    finding = found(judge(drift), "LC101")
    assert finding is None or "come to rest" not in finding.message


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
