"""LC109 unstable."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import CLASSES, EPOCHS, NOTHING, both, found, healthy, judge, noise, skipped, swinging
from tracker_diag import Run, diagnose


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


@pytest.mark.parametrize("classes", [None, CLASSES])
def test_a_loss_that_is_lost_and_not_regained(classes: int | None) -> None:
    lost = np.array([2.0, 0.8, 0.5, 0.4, 0.4, 0.5, 0.7, 1.0, *[1.5] * 20]) + noise(0.03, 1, 28)
    report = judge(both(lost, lost + 0.01 + noise(0.03, 2, 28)), {"num_classes": classes})
    assert report.verdict == "unstable"
    finding = found(report, "LC109")
    assert finding is not None
    assert "of what was gained" in finding.message


def test_losses_that_swing_by_factors_and_gain_nothing() -> None:
    train = np.array([0.63, 1.3, 2, 0.7, 1.1, 0.6, 1.5, 0.9, 2.2, 1.4, 2.9, 1.3, 0.8, 2.6, 2.4, 2.8])
    val = np.array([0.5, 1.9, 1.1, 0.9, 2.2, 0.7, 2.8, 1.4, 3.1, 1.9, 4.6, 2.0, 1.1, 4.1, 3.7, 4.9])
    report = judge(both(train, val), {"num_classes": None})
    assert report.verdict == "unstable"
    assert "by a factor of" in report.summary
    assert found(judge({"train_loss": train}, {"num_classes": None}), "LC109") is None


def test_single_batches_beside_few_calm_evaluations_are_none() -> None:
    """Fine-tuning: training by steps, five evaluations."""
    rng = np.random.default_rng(0)
    batches = np.abs(0.12 * np.exp(-np.arange(300) / 400) * (1 + 0.7 * rng.standard_normal(300))) + 0.01
    metrics = {
        "train_loss": [[i, float(v)] for i, v in enumerate(batches)],
        "eval_loss": [[60 * (i + 1), v] for i, v in enumerate([0.13, 0.118, 0.112, 0.109, 0.108])],
    }
    report = diagnose(Run.from_dict({"id": "r", "metrics": metrics}))
    assert found(report, "LC109") is None


@pytest.mark.parametrize(("params", "silent"), [({"scheduler": "CosineAnnealingWarmRestarts"}, True), ({}, False)])
def test_restarts_swing_by_design(params: dict[str, object], silent: bool) -> None:
    at = np.arange(48)
    saw = 0.02 * np.exp(1.2 * np.where(at % 3 == 0, 1.0, np.where(at % 3 == 1, 0.2, -0.4)))
    saw[0] = saw[1] = 0.03
    report = judge(both(saw, saw * 1.1), {"num_classes": None, **params})
    assert (found(report, "LC109") is None) == silent
