"""LC108 diverged."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, diverged, found, healthy, judge, skipped, spiked


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_lost(lost: float) -> None:
    curves = healthy()
    curves["train_loss"][25:] = lost
    report = judge(curves)
    finding = found(report, "LC108")
    assert report.verdict == "diverged"
    assert finding is not None
    assert finding.severity == "error"
    assert finding.evidence["first_step"] == 25
    assert finding.span == (25, EPOCHS - 1)


def test_validation_alone_may_be_lost() -> None:
    curves = healthy()
    curves["val_loss"][40:] = np.nan
    finding = found(judge(curves), "LC108")
    assert finding is not None
    assert finding.evidence["metric"] == "val_loss"


def test_a_blow_up_that_stays_up() -> None:
    curves = healthy()
    for name in ("train_loss", "val_loss"):
        curves[name][30:] = 40 + np.arange(EPOCHS - 30)
    report = judge(curves)
    assert report.verdict == "diverged"
    assert found(report, "LC108").evidence["first_step"] == 30


def test_nothing_else_is_said_of_a_run_that_is_lost() -> None:
    assert [f.code for f in judge(diverged()).findings if f.code.startswith("LC")] == ["LC108"]


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_hole_from_which_it_recovers_is_none(hole: float) -> None:
    curves = healthy()
    curves["train_loss"][20:22] = hole
    assert judge(curves).verdict == "good-fit"


def test_jumps_from_which_it_recovers_are_none() -> None:
    assert found(judge(spiked()), "LC108") is None


def test_a_quarter_more_than_at_the_start_is_no_blow_up() -> None:
    curves = healthy()
    start = curves["train_loss"][0]
    curves["train_loss"] = np.full(EPOCHS, 1.2 * start) + 0.001 * np.sin(np.arange(EPOCHS))
    curves["train_loss"][:2] = start, 0.95 * start
    assert found(judge(curves), "LC108") is None


def test_an_infinite_gradient_norm_is_the_loss_scaler_at_work() -> None:
    curves = healthy() | {"grad_norm": np.where(np.arange(EPOCHS) % 7 == 0, np.inf, 1.0)}
    assert judge(curves).verdict == "good-fit"


@pytest.mark.parametrize("names", [("generator_loss", "discriminator_loss"), ("train_kl_weight", "train_loss")])
def test_a_rise_that_is_by_design(names: tuple[str, str]) -> None:
    rising = np.concatenate((np.linspace(2, 1, 10), np.full(50, 30.0)))
    report = judge({"train_loss": rising, **dict.fromkeys(names, rising)})
    assert found(report, "LC108") is None
    assert skipped(report, "LC108") is not None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC108") is None
