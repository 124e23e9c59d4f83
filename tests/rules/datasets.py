"""Runs with a dataset profile of real arrays, for the tests of the rules that read it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag import Run, Settings, diagnose, profile_data
from tracker_diag.core.finding import Finding
from tracker_diag.core.report import Report

EPOCHS = 40


def learned(start: float = 0.69) -> dict[str, list[list[float]]]:
    """Both losses fall to a small value and settle."""
    rng = np.random.default_rng(3)
    fall = start * (0.12 + 0.88 * np.exp(-np.arange(EPOCHS) / 4))
    return {
        "train_loss": [[i, float(v + rng.normal(0, 0.003))] for i, v in enumerate(fall)],
        "val_loss": [[i, float(1.05 * v + rng.normal(0, 0.004))] for i, v in enumerate(fall)],
    }


def lost() -> dict[str, list[list[float]]]:
    """Not a number from the first epoch on."""
    return {name: [[i, math.nan] for i in range(EPOCHS)] for name in ("train_loss", "val_loss")}


def steep() -> dict[str, list[list[float]]]:
    """The first loss is fifty times that of a model that knows nothing; then it learns."""
    curves = learned()
    return {name: [[0, 35.0], [1, 9.0], *points[2:]] for name, points in curves.items()}


def accuracy(level: float) -> dict[str, list[list[float]]]:
    """A validation accuracy that stays at a level."""
    rng = np.random.default_rng(4)
    return {"val_accuracy": [[i, float(level + rng.normal(0, 0.0005))] for i in range(EPOCHS)]}


def table(n: int = 600, d: int = 4) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Standardised features of which the first says what class it is."""
    X = np.random.default_rng(1).normal(size=(n, d))
    return X, (X[:, 0] + 0.3 * X[:, 1] > 0).astype(int)


def report(
    code: str,
    profile: Mapping[str, Any] | None = None,
    curves: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    **more: Any,
) -> Report:
    """Diagnose a run by this rule and those of learning curves."""
    run = Run.from_dict({"id": "r", "profile": profile, "metrics": curves or {}, "params": params or {}, **more})
    return diagnose(run, Settings(select=(code, "LC")))


def finding(code: str, *args: Any, **kwargs: Any) -> Finding | None:
    """What this rule found, or None."""
    made = report(code, *args, **kwargs)
    assert not [s for s in made.skipped if s.code == code and "failed" in s.reason], made.skipped
    return next((f for f in made.findings if f.code == code), None)


def skipped(code: str, *args: Any, **kwargs: Any) -> str | None:
    """Why this rule was skipped, or None."""
    return next((s.reason for s in report(code, *args, **kwargs).skipped if s.code == code), None)


def healthy() -> dict[str, Any]:
    """The profile of a sound dataset."""
    X, y = table()
    return profile_data(X[:400], y[:400], X[400:], y[400:])


#: p-values of a relation that is beyond doubt, and of none.
RELATED, UNRELATED = 0.005, 0.6


def related(train: float, validation: float | None = None, across: float | None = None, **facts: Any) -> dict[str, Any]:
    """A profile of how inputs and targets hang together: p of no relation on each side, and across.

    ``agreement`` is that within training, ``held_out`` that of validation with training, ``chance`` that of labels
    dealt out at random.
    """
    usual = {"agreement": 0.8, "held_out": 0.8, "chance": 0.1, "noise": None, "rows": 1000, **facts}
    rows, chance = usual["rows"], usual["chance"]
    side = {"rows": rows, "rows_read": rows}
    own = {"rows": rows, "agreement": usual["agreement"], "chance": chance, "noise": usual["noise"]}
    return {
        "train": {**side, "relation": {**own, "p": train}},
        "validation": {**side, "relation": {**own, "p": validation}},
        "across": {"rows": rows, "agreement": usual["held_out"], "chance": chance, "p": across},
    }
