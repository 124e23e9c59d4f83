"""HY007 metric-stands-or-vanishes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, SHAPES, Curves, found, healthy, judge
from tracker_diag import Finding, Report


def said(report: Report, severity: str) -> Finding:
    finding = found(report, "HY007")
    assert finding is not None
    assert finding.severity == severity
    return finding


def with_zeros(curves: Curves) -> Curves:
    """As Keras logs them where the generator holds one epoch: training alone, for validation has its own."""
    empty = np.arange(EPOCHS) % 2 == 1
    return {name: np.where(empty, 0, x) if name.startswith("train") else x for name, x in curves.items()}


def test_epochs_of_zeros_are_left_out_and_said() -> None:
    report = judge(with_zeros(healthy()))
    finding = said(report, "info")
    assert finding.message == (
        "30 of 60 values of train_accuracy, train_loss are exactly 0, at regular intervals: nothing was trained or "
        "measured in these records, so they were left out"
    )
    assert finding.evidence["zeros"] == {"train_accuracy": 30, "train_loss": 30}
    assert "generator" in finding.advice
    assert report.verdict == judge(healthy()).verdict
    assert report.severity == "info"


@pytest.mark.parametrize("shape", ["healthy", "high_level", "undertrained", "gap"])
def test_zeros_make_no_run_diverge_or_swing(shape: str) -> None:
    whole, filled = judge(SHAPES[shape]()), judge(with_zeros(SHAPES[shape]()))
    assert filled.verdict in (whole.verdict, "insufficient-evidence")


def test_a_training_loss_of_0_is_a_warning() -> None:
    curves = healthy()
    curves["train_loss"][:] = 0
    finding = said(judge(curves), "warning")
    assert finding.message == "same value in every record: train_loss (0)"
    assert finding.evidence["standing"] == {"train_loss": 0}


def test_so_it_is_alone() -> None:
    assert said(judge({"loss": np.zeros(EPOCHS)}), "warning")


def test_another_loss_of_0_is_not_lost_training() -> None:
    assert said(judge({**healthy(), "test_loss": np.zeros(EPOCHS)}), "info")


@pytest.mark.parametrize(("name", "value"), [("test_accuracy", 0.1), ("test_loss", 2.303), ("val_f1", 0.0)])
def test_what_stands_beside_a_loss_that_moves(name: str, value: float) -> None:
    curves = {"train_loss": healthy()["train_loss"], name: np.full(EPOCHS, value)}
    assert said(judge(curves), "info").message == f"same value in every record: {name} ({value:.4g})"


def test_more_than_three_are_counted() -> None:
    stands = {f"test_accuracy_{x}": np.full(EPOCHS, 0.1) for x in "abcde"}
    message = said(judge({"train_loss": healthy()["train_loss"], **stands}), "info").message
    assert message.endswith("and 2 more")


@pytest.mark.parametrize(("name", "value"), [("accuracy", 1.0), ("val_accuracy", 100.0), ("test_f1", 1.0)])
def test_a_perfect_score_may_stand(name: str, value: float) -> None:
    curves = {"train_loss": healthy()["train_loss"], "val_loss": healthy()["val_loss"], name: np.full(EPOCHS, value)}
    assert found(judge(curves), "HY007") is None


def test_a_run_that_stands_as_a_whole_is_frozen_and_not_more() -> None:
    report = judge(SHAPES["frozen"]())
    assert found(report, "HY007") is None
    assert report.verdict == "frozen"


def test_four_values_are_too_few_to_stand() -> None:
    curves = {"train_loss": healthy()["train_loss"], "test_accuracy": np.full(4, 0.1)}
    assert found(judge(curves), "HY007") is None


def test_a_score_that_is_sometimes_0_is_none() -> None:
    curves = healthy()
    curves["val_accuracy"][:7] = 0
    assert found(judge(curves), "HY007") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "HY007") is None
