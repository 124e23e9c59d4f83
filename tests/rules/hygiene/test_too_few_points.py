"""HY002 too-few-points."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import diverged, found, healthy, judge


@pytest.mark.parametrize("n", [2, 3, 7])
def test_short_curves_are_named_with_their_length(n: int) -> None:
    finding = found(judge({name: curve[:n] for name, curve in healthy().items()}), "HY002")
    assert finding is not None
    assert finding.severity == "info"
    assert finding.evidence["points"] == {"train_loss": n, "val_loss": n}


def test_eight_are_enough() -> None:
    assert found(judge({name: curve[:8] for name, curve in healthy().items()}), "HY002") is None


def test_a_metric_logged_once_is_no_curve_and_no_complaint() -> None:
    report = judge({name: curve[:1] for name, curve in healthy().items()})
    assert found(report, "HY002") is None
    assert report.verdict == "insufficient-evidence"
    assert report.severity in ("ok", "info")


def test_a_loss_that_was_lost_early_is_another_matter() -> None:
    assert found(judge(diverged(at=4)), "HY002") is None


def test_holes_do_not_count() -> None:
    curves = {"train_loss": healthy()["train_loss"][:12].copy()}
    curves["train_loss"][:8] = np.nan
    assert found(judge(curves), "HY002") is not None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "HY002") is None
