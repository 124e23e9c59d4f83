"""LC111 frozen."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, Curves, found, frozen, healthy, judge


def pinned(level: float, after: int = 0) -> Curves:
    """The healthy run, standing still from some epoch on."""
    curves = healthy()
    for name in ("train_loss", "val_loss"):
        curves[name][after:] = level
    return {name: curves[name] for name in ("train_loss", "val_loss")}


def test_a_loss_that_does_not_move() -> None:
    report = judge(frozen())
    finding = found(report, "LC111")
    assert report.verdict == "frozen"
    assert finding is not None
    assert finding.severity == "error"
    assert finding.evidence["share"] == 1


def test_it_may_freeze_on_the_way() -> None:
    finding = found(judge(pinned(1.9, after=10)), "LC111")
    assert finding is not None
    assert finding.evidence["first_step"] == 10


def test_rounding_is_not_movement() -> None:
    curves = pinned(2.302585)
    curves["train_loss"] += 1e-7 * np.sin(np.arange(EPOCHS))
    assert found(judge(curves), "LC111") is not None


def test_a_late_standstill_is_none() -> None:
    assert found(judge(pinned(0.2, after=45)), "LC111") is None


def test_a_loss_at_zero_has_nowhere_to_go() -> None:
    assert found(judge(pinned(0.0, after=5)), "LC111") is None


@pytest.mark.parametrize(
    ("first", "end", "stands"),
    [
        ([0.4, 0.7], 1.0, False),
        ([40, 70], 100.0, False),
        ([0.3, 1.7, 1.4], 1.0, True),
        ([0.03, 0.08], 0.1, True),
    ],
)
def test_a_perfect_score_has_nowhere_to_go(first: list[float], end: float, stands: bool) -> None:
    """One is perfect among shares, and one per cent elsewhere."""
    score = np.full(EPOCHS, end)
    score[: len(first)] = first
    report = judge({"train_accuracy": score, "val_accuracy": score}, {"num_classes": None})
    assert (found(report, "LC111") is not None) == stands


def test_a_rate_annealed_to_zero_stands_still() -> None:
    curves = pinned(0.4, after=20)
    rate = np.where(np.arange(EPOCHS) < 20, 0.1, 0.0)
    assert found(judge(curves | {"lr": rate}), "LC111") is None


def test_fine_tuning_that_starts_low_and_flat_moves_a_little() -> None:
    flat = 0.31 + 1e-3 * np.random.default_rng(0).standard_normal(EPOCHS)
    report = judge({"train_loss": flat, "val_loss": flat + 0.01}, {"pretrained": True, "num_classes": None})
    assert found(report, "LC111") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC111") is None
