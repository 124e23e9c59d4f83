"""LC106 unrepresentative-validation."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, Curves, found, healthy, judge


def jittery(sigma: float = 0.35) -> Curves:
    """Validation jumps around training."""
    curves = {name: curve for name, curve in healthy().items() if name.endswith("loss")}
    curves["val_loss"] = np.abs(curves["val_loss"] + sigma * np.random.default_rng(0).standard_normal(EPOCHS))
    return curves


def test_validation_that_jumps_around_training() -> None:
    report = judge(jittery())
    finding = found(report, "LC106")
    assert report.verdict == "unrepresentative-validation"
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["noise"] > 0.08


@pytest.mark.parametrize("n", [5, 20])
def test_few_examples_decide_where_their_number_is_known(n: int) -> None:
    finding = found(judge(healthy(), {"n_val": n}), "LC106")
    assert finding is not None
    assert str(n) in finding.message


def test_the_steps_of_an_accuracy_give_a_small_number_away() -> None:
    curves = healthy()
    curves["val_accuracy"] = np.round(np.clip(curves["val_accuracy"], 0, 1) * 12) / 12
    finding = found(judge(curves), "LC106")
    assert finding is not None
    assert finding.evidence["n_val"] == 12


@pytest.mark.parametrize("n", [500, 10_000])
def test_jitter_over_many_examples_comes_from_elsewhere(n: int) -> None:
    assert found(judge(jittery(0.2), {"n_val": n}), "LC106") is None


def test_jitter_that_training_shares_is_the_rates_doing() -> None:
    curves = jittery(0.3)
    curves["train_loss"] = 1 + curves["train_loss"] + 0.3 * np.random.default_rng(1).standard_normal(EPOCHS)
    curves["val_loss"] = 1 + curves["val_loss"]
    assert found(judge(curves), "LC106") is None


def test_jitter_that_is_small_beside_the_loss_itself_is_none_where_the_start_says_little() -> None:
    """Nearly all was learned in the first epoch."""
    rng = np.random.default_rng(5)
    level = np.exp(-np.arange(EPOCHS) / 6)
    curves = {"train_loss": 0.17 + 0.04 * level, "val_loss": 0.176 + 0.04 * level + 0.006 * rng.standard_normal(EPOCHS)}
    assert found(judge(curves, {"num_classes": None}), "LC106") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC106") is None
