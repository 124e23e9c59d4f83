"""Runs of boosted trees, made by formula: what XGBoost logs of two classes, a value a round."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.rules.runs import judge
from tracker_diag.core.report import Report

#: Cross-entropy of knowing nothing about two classes.
NOTHING = math.log(2)
ROUNDS = 200

Losses = NDArray[np.float64]


def shrinking(end: float, rate: float = 0.1, fits: float = 1.0, rounds: int = ROUNDS) -> Losses:
    """Each tree takes away a share of what is left above the end: as much of it as it fits, times the rate."""
    return end + (NOTHING - end) * (1 - rate * fits) ** np.arange(1, rounds + 1)


def turned(low: float, at: int, rise: float, rounds: int = ROUNDS) -> Losses:
    """Falls to its best, then rises for good."""
    x = np.arange(rounds)
    return low + (NOTHING - low) * np.clip(1 - x / at, 0, None) ** 2 + rise * np.clip((x - at) / (rounds - at), 0, None)


def params(**more: Any) -> dict[str, Any]:
    """As `mlflow.xgboost.autolog` leaves them, switched off as text; None takes one away."""
    usual = {"objective": "binary:logistic", "eta": "0.1", "max_depth": "3", "num_boost_round": str(ROUNDS)}
    off = {"early_stopping_rounds": "None", "maximize": "None", "verbose_eval": "True", "custom_metric": "None"}
    named = usual | off | {name: value if value is None else str(value) for name, value in more.items()}
    return {name: value for name, value in named.items() if value is not None} | {"num_classes": 2}


def grown(train: Losses, val: Losses, more: Any = None, **params_: Any) -> Report:
    """The report of boosted trees with these losses."""
    curves = {"train-logloss": train, "validation-logloss": val}
    rounds = params_.pop("num_boost_round", train.size)
    return judge(curves, params(num_boost_round=rounds, **params_), **(more or {}))


def sound(rounds: int = ROUNDS) -> Report:
    """Both fall together and settle, and the training set is learned by heart in the end."""
    return grown(shrinking(0.01, fits=0.8, rounds=rounds), shrinking(0.1, fits=0.8, rounds=rounds))
