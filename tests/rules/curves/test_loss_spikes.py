"""LC112 loss-spikes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import found, healthy, judge, skipped, spiked


def test_jumps_from_which_it_recovers() -> None:
    report = judge(spiked())
    finding = found(report, "LC112")
    assert finding is not None
    assert finding.severity == "info"
    assert finding.evidence["spikes"] == [20, 34, 47]
    assert report.verdict == "good-fit"


def test_the_jumps_of_a_score_are_its_falls() -> None:
    accuracy = 0.9 - 0.8 * np.exp(-np.arange(60) / 4) + 0.002 * np.random.default_rng(0).standard_normal(60)
    accuracy[30] = 0.3
    finding = found(judge({"train_accuracy": accuracy, "val_accuracy": accuracy - 0.01}), "LC112")
    assert finding is not None
    assert "to -" not in finding.message, "a level is shown in the metric's own sign"


def test_small_jumps_are_none() -> None:
    curves = healthy()
    curves["train_loss"][[20, 40]] += 0.06
    assert found(judge(curves), "LC112") is None


@pytest.mark.parametrize("name", ["discriminator_loss", "episode_reward", "kl_weight"])
def test_losses_that_jump_by_design(name: str) -> None:
    report = judge(spiked() | {name: np.linspace(1, 2, 60)})
    assert found(report, "LC112") is None
    assert skipped(report, "LC112") is not None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC112") is None
