"""A healthy run stays green, whatever its configuration says: configuration alone is at most info."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.rules.runs import SOUND, both, falling, healthy, judge, noise
from tracker_diag import Severity
from tracker_diag.rules.registry import all_rules

RISKY: dict[str, dict[str, Any]] = {
    "learning-rate-too-high": {"optimizer": "sgd", "lr": 1000.0},
    "learning-rate-too-low": {"lr": 1e-12},
    "gradient-clipping-masks-rate": {"optimizer": "sgd", "clip_norm": 1e-9},
    "batch-too-large": {"batch_size": 100_000, "n_train": 100_000},
    "batch-too-small-for-rate": {"batch_size": 1, "optimizer": "sgd", "lr": 100.0},
    "too-few-updates": {"epochs": 1, "batch_size": 512, "n_train": 512},
    "unscaled-initialisation": {"init": "zeros"},
    "initial-loss-off": {"num_classes": 10},
    "dead-relu": {"activation": "relu", "lr": 100.0},
    "exploding-gradients": {"layers": 500, "norm": "none"},
    "vanishing-gradients": {"activation": "sigmoid", "layers": 500},
    "too-deep": {"layers": 1000},
    "too-few-hidden-units": {"hidden_units": 1},
    "too-many-hidden-units": {"hidden_units": 10**6, "n_train": 500},
    "network-too-big-for-data": {"n_parameters": 10**12, "n_train": 200},
    "network-too-small-for-data": {"n_parameters": 1, "n_train": 10**9},
    "output-loss-mismatch": {"output_activation": "softmax", "loss": "CrossEntropyLoss"},
    "missing-nonlinearity": {"activation": "linear", "layers": 30},
    "no-regularisation": {"dropout": 0.0, "weight_decay": 0.0, "augmentation": False, "early_stopping": False},
    "regularisation-too-strong": {"dropout": 0.99, "weight_decay": 1000.0},
    "no-early-stopping": {"epochs": 10**6, "early_stopping": False},
    "constant-input": {"n_features": 1},
    "repeated-batch": {"n_train": 10**6},
    "label-mismatch": {"n_train": 50},
    "unshuffled": {"shuffle": False},
    "too-few-examples": {"n_train": 3},
    "random-relation": {"task": "classification"},
    "label-noise": {"n_train": 10**6, "dropout": 0.0},
    "unscaled-inputs": {"scaler": "none"},
    "preprocessing-mismatch": {"scaler": "none"},
}


def noisy(seed: int) -> dict[str, Any]:
    """A healthy run of another pace, level and noise."""
    rng = np.random.default_rng(seed)
    end, pace = rng.uniform(0.05, 0.6), rng.uniform(2, 6)
    sigma = rng.uniform(0.001, 0.01)
    return both(
        np.abs(falling(end, pace) + noise(sigma, seed)),
        np.abs(falling(end * 1.1, pace) + noise(1.5 * sigma, seed + 100)),
    )


@pytest.mark.parametrize("name", sorted(RISKY))
def test_configuration_alone_is_at_most_info(name: str) -> None:
    for curves in (healthy(), healthy(0.05), noisy(1), noisy(2)):
        report = judge(curves, {**SOUND, **RISKY[name]})
        assert report.verdict == "good-fit"
        assert report.severity.rank <= Severity.INFO.rank, report.findings


def test_everything_risky_at_once_is_at_most_info() -> None:
    everything = {key: value for params in RISKY.values() for key, value in params.items()}
    report = judge(healthy(), {**SOUND, **everything})
    assert report.severity.rank <= Severity.INFO.rank, report.findings


def test_every_rule_on_configuration_is_asked() -> None:
    """The size of the validation set is a fact of the data: it warns by itself (validation-too-small)."""
    folders = ("optimisation", "initialisation", "gradients", "architecture", "regularisation")
    assert {r.name for r in all_rules().values() if r.folder in folders} <= set(RISKY)


@pytest.mark.parametrize("seed", range(20))
def test_healthy_runs_of_many_paces_are_green(seed: int) -> None:
    assert judge(noisy(seed), SOUND).severity.rank <= Severity.INFO.rank
