"""A term that is phased in, and what is judged after its ramp."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.rules.runs import falling, judge, noise
from tracker_diag import Run
from tracker_diag.engine.values import Values
from tracker_diag.roles.resolve import resolve
from tracker_diag.settings.settings import Settings

EPOCHS = 60
RAMP = 20


def vae(ramp: int = RAMP, turn: float = 0.0) -> dict[str, list[list[float]]]:
    """A loss that rises while the weight of its KL term does, and then falls and rests, or turns."""
    at = np.arange(EPOCHS)
    beta = np.minimum(1.0, at / ramp) if ramp else np.ones(EPOCHS)
    after = np.maximum(at - ramp, 0)
    loss = 90 + 30 * beta * np.exp(-after / 4) + noise(0.1, 1)
    val = 92 + 30 * beta * np.exp(-after / 4) + turn * np.maximum(after - 15, 0) + noise(0.15, 2)
    named = {"train_loss": loss, "val_loss": val, "kl_loss": 5 * beta, "kl_weight": beta}
    return {name: [[float(i), float(v)] for i, v in zip(at, values, strict=True)] for name, values in named.items()}


def ramp_end(metrics: dict[str, list[list[float]]], params: dict[str, object] | None = None) -> float | None:
    run = Run.from_dict({"id": "v", "metrics": metrics, "params": params or {}})
    given = {"run": run, "roles": resolve(run, Settings(), None), "timeline": None, "network": None, "siblings": None}
    found: float | None = Values(given).get("ramp_end")
    return found


def test_the_ramp_ends_where_the_weight_is_full() -> None:
    assert ramp_end(vae()) == RAMP


def test_a_run_is_judged_after_the_ramp() -> None:
    sound, turned = (judge({k: np.array(v)[:, 1] for k, v in vae(turn=t).items()}) for t in (0.0, 1.0))
    assert sound.verdict == "good-fit"
    assert turned.verdict == "overfitting"


def test_nothing_is_judged_where_the_weight_starts_again() -> None:
    metrics = vae()
    cycle = np.abs(np.sin(np.arange(EPOCHS)))
    metrics["kl_weight"] = [[float(i), float(v)] for i, v in enumerate(cycle)]
    assert ramp_end(metrics) is None


@pytest.mark.parametrize("ramp", [EPOCHS - 4, EPOCHS * 2])
def test_nor_where_too_little_is_left_of_the_run(ramp: int) -> None:
    assert ramp_end(vae(ramp)) is None


def test_epochs_of_the_ramp_as_configured() -> None:
    metrics = {name: points for name, points in vae().items() if name != "kl_weight"}
    assert ramp_end(metrics, {"kl_anneal_epochs": RAMP, "epochs": EPOCHS}) == RAMP
    assert ramp_end(metrics, {"kl_anneal_epochs": RAMP}) is None
    assert ramp_end(metrics, {"kl_anneal_steps": RAMP, "epochs": EPOCHS}) is None


def test_a_weight_that_never_rises_says_nothing() -> None:
    metrics = vae()
    metrics["kl_weight"] = [[float(i), math.nan] for i in range(EPOCHS)]
    assert ramp_end(metrics) is None


def test_other_losses_have_no_ramp() -> None:
    assert ramp_end({"train_loss": [[i, v] for i, v in enumerate(falling(0.2, 4))]}) is None
