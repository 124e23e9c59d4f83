"""LC109 unstable."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, NOTHING, found, healthy, judge, noise, skipped, swinging


def test_a_loss_that_swings_instead_of_settling() -> None:
    report = judge(swinging())
    finding = found(report, "LC109")
    assert report.verdict == "unstable"
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["swing"] > 0.12
    assert finding.evidence["metric"] == "train_loss"


def test_a_loss_that_climbs_again() -> None:
    rise = 0.03 * np.clip(np.arange(EPOCHS) - 20, 0, 99)
    curves = {name: curve + rise for name, curve in healthy().items() if name.endswith("loss")}
    assert judge(curves).verdict == "unstable"


def test_swings_that_die_away_are_none() -> None:
    curves = healthy()
    at = np.arange(EPOCHS)
    curves["train_loss"] = curves["train_loss"] + 0.8 * np.exp(-at / 8) * (-1.0) ** at
    assert found(judge(curves), "LC109") is None


def test_isolated_jumps_are_none() -> None:
    curves = healthy()
    curves["train_loss"][[35, 50]] += 3.0
    assert found(judge(curves), "LC109") is None


@pytest.mark.parametrize("name", ["discriminator_loss", "episode_reward", "kl_weight"])
def test_losses_that_swing_by_design(name: str) -> None:
    report = judge(swinging() | {name: np.linspace(1, 2, EPOCHS)})
    assert found(report, "LC109") is None
    assert skipped(report, "LC109") is not None


def test_swings_that_are_small_beside_the_loss_itself_are_none_where_the_start_says_little() -> None:
    """Nearly all was learned before the first value was logged: noise is a large share of the rest."""
    rng = np.random.default_rng(4)
    level = 0.3 + 0.09 * np.exp(-np.arange(EPOCHS) / 4)
    curves = {"train_loss": level + 0.012 * rng.standard_normal(EPOCHS), "val_loss": level + 0.01}
    assert found(judge(curves, {"num_classes": None}), "LC109") is None


@pytest.mark.parametrize("classes", [10, None])
def test_a_run_that_unlearns_all_it_had_learned(classes: int | None) -> None:
    """Weight decay that is far too strong pulls the network back to knowing nothing."""
    epochs = np.arange(EPOCHS)
    level = NOTHING - 0.25 * np.exp(-(((epochs - 5) / 6) ** 2))
    curves = {"train_loss": level + noise(0.003, 1), "val_loss": level + noise(0.003, 2)}
    assert judge(curves, {"num_classes": classes}).verdict in ("unstable", "underfitting")


def test_too_short_to_say() -> None:
    short = {name: curve[:6] for name, curve in swinging().items()}
    assert skipped(judge(short), "LC109") is not None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC109") is None
