"""HY008 stopped-early."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.rules.runs import Curves, diverged, falling, found, healthy, judge, noise, overfitting
from tracker_diag.core.finding import Finding

#: Four epochs that fall in a straight line.
FOUR: Curves = {"train_loss": np.array([2.3, 2.0, 1.7, 1.4]), "val_loss": np.array([2.3, 2.05, 1.8, 1.55])}
FIVE: Curves = {name: np.append(curve, curve[-1] - 0.25) for name, curve in FOUR.items()}


def said(curves: Curves = FOUR, params: dict[str, Any] | None = None, status: str = "FAILED", **more: Any) -> Finding:
    finding = found(judge(curves, {"epochs": 50} if params is None else params, status=status, **more), "HY008")
    assert finding is not None
    return finding


@pytest.mark.parametrize("status", ["FAILED", "KILLED"])
def test_still_improving_well_short_of_the_planned_length(status: str) -> None:
    finding = said(FIVE, status=status)
    assert finding.severity == "warning"
    assert finding.message == f"stopped at epoch 5 of 50 ({status}) while validation loss was still falling"
    assert finding.evidence["share"] == pytest.approx(0.1)
    assert finding.advice


def test_four_values_are_told_and_not_warned_of() -> None:
    finding = said(FOUR)
    assert finding.severity == "info"
    assert finding.message == "stopped at epoch 4 of 50 (FAILED) while validation loss was still falling"


@pytest.mark.parametrize("n", [6, 12, 30, 300])
def test_longer_curves_with_their_noise(n: int) -> None:
    curve = np.linspace(2.3, 1.5, n) + noise(0.01, 1, n)
    finding = said({"train_loss": curve - 0.02, "val_loss": curve + noise(0.01, 2, n)}, {"epochs": 2 * n})
    assert finding.severity == "warning"


def test_a_score_rises() -> None:
    finding = said({"val_accuracy": np.linspace(0.1, 0.6, 12)})
    assert finding.message == "stopped at epoch 12 of 50 (FAILED) while validation score was still rising"


def test_training_decides_where_validation_is_too_short() -> None:
    curves = {"train_loss": np.linspace(2.3, 1.5, 12), "val_loss": np.array([2.3, 2.0])}
    assert said(curves).message.endswith("while training loss was still falling")


@pytest.mark.parametrize("n", [1, 2, 3])
def test_too_few_values_to_warn(n: int) -> None:
    finding = said({name: curve[:n] for name, curve in FOUR.items()})
    assert finding.severity == "info"


@pytest.mark.parametrize("val", [[2.3, 1.5, 1.4, 1.42], [2.3, 1.4, 1.5, 1.3]])
def test_few_values_have_to_improve_one_after_another(val: list[float]) -> None:
    assert said({**FOUR, "val_loss": np.array(val)}).message == "stopped at epoch 4 of 50 (FAILED)"


@pytest.mark.parametrize(
    "curves",
    [
        {name: curve[:40] for name, curve in healthy().items()},
        {name: curve[:40] for name, curve in overfitting().items()},
        {name: curve[:40] for name, curve in diverged(at=20).items()},
        {"val_loss": np.r_[np.linspace(2, 1, 20), 9 - np.linspace(0, 3, 20)]},
        {"val_loss": np.r_[2.3, np.full(39, 1.0) - np.arange(39) * 1e-4]},
    ],
    ids=["at rest", "overfits", "lost", "far above its best", "by too little"],
)
def test_not_improving(curves: Curves) -> None:
    finding = said(curves, {"epochs": 60})
    assert finding.severity == "info"
    assert finding.message == "stopped at epoch 40 of 60 (FAILED)"


def test_the_planned_length_was_reached() -> None:
    finding = said(FOUR, {"epochs": 4})
    assert finding.severity == "info"
    assert finding.message == "marked FAILED after reaching its planned length (epoch 4 of 4)"


def test_no_length_was_planned() -> None:
    finding = said(FOUR, {})
    assert finding.severity == "info"
    assert finding.message == (
        "ended as FAILED while validation loss was still falling; the planned length is not logged in the unit of the "
        "steps"
    )


def test_a_pruner_ended_it() -> None:
    finding = said(tags={"state": "PRUNED"}, status="KILLED")
    assert finding.severity == "info"
    assert finding.message == "stopped by a pruner at epoch 4 of 50 (KILLED)"


def test_early_stopping_ended_it() -> None:
    val = np.r_[falling(0.5, 3, 14), 0.5 + np.arange(6) / 10]
    finding = said({"train_loss": falling(0.2, 5, 20), "val_loss": val}, {"epochs": 60, "patience": 6})
    assert finding.severity == "info"
    assert finding.message == "marked FAILED, although early stopping ended it at epoch 20 of 60"


def test_a_run_without_a_curve_is_told_all_the_same() -> None:
    assert said({}, {}).severity == "info"


@pytest.mark.parametrize("status", ["FINISHED", "RUNNING", "SCHEDULED"])
def test_silent_on_others(status: str) -> None:
    assert found(judge(FOUR, {"epochs": 50}, status=status), "HY008") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "HY008") is None
