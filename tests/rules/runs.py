"""Textbook runs, made by formula: ten classes, sixty epochs, cross-entropy and accuracy on both sides.

Each course is a function of its noise's seed alone, so a test says what it changes and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag import Run, Settings, diagnose
from tracker_diag.core.finding import Cause, Finding
from tracker_diag.core.report import Report

EPOCHS = 60
CLASSES = 10
#: Cross-entropy of knowing nothing about ten classes.
NOTHING = math.log(CLASSES)

Curves = dict[str, NDArray[np.float64]]


def noise(sigma: float, seed: int, n: int = EPOCHS) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, sigma, n)


def falling(end: float, pace: float, n: int = EPOCHS, start: float = NOTHING) -> NDArray[np.float64]:
    return end + (start - end) * np.exp(-np.arange(n) / pace)


def both(train: Any, val: Any, train_accuracy: Any = None, val_accuracy: Any = None) -> Curves:
    named = {
        "train_loss": train,
        "val_loss": val,
        "train_accuracy": train_accuracy,
        "val_accuracy": val_accuracy,
    }
    return {name: np.asarray(values) for name, values in named.items() if values is not None}


def healthy(end: float = 0.2) -> Curves:
    """Both fall and settle, validation just above training."""
    train, val = falling(end, 4) + noise(0.004, 1), falling(end * 1.15, 4) + noise(0.006, 2)
    accuracy = 0.95 - 0.85 * np.exp(-np.arange(EPOCHS) / 4)
    return both(train, val, accuracy + noise(0.002, 3), accuracy - 0.01 + noise(0.003, 4))


def high_level() -> Curves:
    """Training and validation come to rest together, three quarters of the way up."""
    train, val = falling(1.5, 4) + noise(0.008, 1), falling(1.52, 4) + noise(0.01, 2)
    accuracy = 0.45 - 0.35 * np.exp(-np.arange(EPOCHS) / 4)
    return both(train, val, accuracy + noise(0.003, 3), accuracy - 0.005 + noise(0.004, 4))


def one_class(seed: int) -> NDArray[np.float64]:
    """The accuracy of answering one class, now this one and now that: the share of each."""
    return np.random.default_rng(seed).choice([0.094, 0.1, 0.106], EPOCHS)


def flat() -> Curves:
    """The loss begins and stays at that of knowing nothing, and all get one class."""
    return both(NOTHING + noise(0.003, 1), NOTHING + noise(0.004, 2), 0.1 + noise(0.002, 3), one_class(4))


def guessing() -> Curves:
    """The loss begins and stays at that of knowing nothing, and the answers change all the time."""
    return {**flat(), "val_accuracy": 0.1 + noise(0.01, 4)}


def frozen() -> Curves:
    """Not one digit changes."""
    return both(np.full(EPOCHS, NOTHING), np.full(EPOCHS, NOTHING))


def fallen_to_nothing(first: float = 1.6) -> Curves:
    """The loss comes down to that of knowing nothing, and stays."""
    fall = NOTHING * (1 + (first - 1) * np.exp(-np.arange(EPOCHS) / 2))
    return both(fall + noise(0.004, 1), fall + noise(0.005, 2), 0.1 + noise(0.003, 3), one_class(4))


def overfitting(apart: float = 1.0) -> Curves:
    """Both fall together, then validation turns and rises while training goes to nothing."""
    train = falling(0.02, 7)
    rise = apart * np.clip((np.arange(EPOCHS) - 14) / EPOCHS, 0, None) * 1.6
    val = falling(0.75, 5) + rise
    accuracy = 0.995 - 0.895 * np.exp(-np.arange(EPOCHS) / 6)
    seen = 0.74 - 0.64 * np.exp(-np.arange(EPOCHS) / 5) - 0.06 * rise
    return both(
        np.abs(train + noise(0.004, 1)), val + noise(0.01, 2), accuracy + noise(0.001, 3), seen + noise(0.004, 4)
    )


def gap() -> Curves:
    """Both settle, validation far above."""
    return both(falling(0.2, 4) + noise(0.004, 1), falling(0.9, 4) + noise(0.008, 2))


def undertrained() -> Curves:
    """Still falling at the end."""
    return both(falling(0.3, 35) + noise(0.004, 1), falling(0.33, 35) + noise(0.006, 2))


def slow() -> Curves:
    """At this pace it would take many times the epochs."""
    line = NOTHING - 0.22 * np.arange(EPOCHS) / EPOCHS
    return both(line + noise(0.001, 1), line + 0.002 + noise(0.0012, 2))


def diverged(at: int = 25) -> Curves:
    """Learns, then is not a number any more."""
    curves = healthy()
    return {name: np.where(np.arange(EPOCHS) < at, values, math.nan) for name, values in curves.items()}


def swinging() -> Curves:
    """Swings instead of settling."""
    swing = 0.45 * np.where(np.arange(EPOCHS) % 2, 1, -1) * np.random.default_rng(9).uniform(0.5, 1.2, EPOCHS)
    return both(falling(1.0, 3) + swing, falling(1.05, 3) + 0.9 * swing)


def spiked() -> Curves:
    """Settles, but for isolated jumps from which it recovers."""
    curves = healthy()
    for name in ("train_loss", "val_loss"):
        curves[name][[20, 34, 47]] += 1.6
    return curves


def steep(first: float = 60.0) -> Curves:
    """The first loss is many times that of knowing nothing; then it learns."""
    curves = healthy()
    for name in ("train_loss", "val_loss"):
        curves[name][:3] = [first, first / 5, first / 20]
    return curves


def memorised_at_once() -> Curves:
    """Training is at nothing within two epochs; validation never follows."""
    train = falling(0.01, 0.6, start=1.2) + np.abs(noise(0.001, 1))
    return both(train, NOTHING * 1.02 + np.arange(EPOCHS) * 0.01 + noise(0.01, 2))


def by_heart() -> Curves:
    """Training slowly learns what never holds for validation."""
    train = falling(0.6, 25) + noise(0.005, 1)
    val = NOTHING + 0.012 * np.arange(EPOCHS) + noise(0.01, 2)
    return both(train, val, 0.85 - 0.75 * np.exp(-np.arange(EPOCHS) / 25), 0.1 + noise(0.004, 4))


def off_from_the_start() -> Curves:
    """Validation is judged by other numbers than training from the first epoch on."""
    return both(falling(0.2, 5) + noise(0.004, 1), 9 + 0.05 * np.arange(EPOCHS) + noise(0.05, 2))


def held_down() -> Curves:
    """Training, with its noise, ends far above validation; both high."""
    return both(falling(2.1, 6) + noise(0.01, 1), falling(0.6, 6) + noise(0.01, 2))


def twice_softmax() -> Curves:
    """Nearly all answers are right, and the loss rests just above ln(1 + 9/e)."""
    floor = math.log(1 + (CLASSES - 1) / math.e)
    accuracy = 0.97 - 0.87 * np.exp(-np.arange(EPOCHS) / 4)
    return both(
        falling(floor + 0.03, 4) + noise(0.002, 1),
        falling(floor + 0.04, 4) + noise(0.003, 2),
        accuracy + noise(0.001, 3),
        accuracy - 0.01 + noise(0.002, 4),
    )


SHAPES: Mapping[str, Callable[[], Curves]] = {
    f.__name__: f
    for f in (
        healthy, high_level, flat, guessing, frozen, fallen_to_nothing, overfitting, gap, undertrained, slow, diverged,
        swinging, spiked, steep, memorised_at_once, by_heart, off_from_the_start, held_down, twice_softmax,
    )
}  # fmt: skip

#: A configuration that nobody would object to.
SOUND: Mapping[str, Any] = {"num_classes": CLASSES, "optimizer": "adam", "lr": 1e-3, "batch_size": 64, "epochs": EPOCHS}


def a_run(curves: Curves, params: Mapping[str, Any] | None = None, **more: Any) -> Run:
    """A run of these curves, a point an epoch."""
    metrics = {name: [[i, float(v)] for i, v in enumerate(values)] for name, values in curves.items()}
    return Run.from_dict({"id": "r", "metrics": metrics, "params": {"num_classes": CLASSES, **(params or {})}, **more})


def judge(curves: Curves, params: Mapping[str, Any] | None = None, **more: Any) -> Report:
    """The report of a run, all rules asked; none of them failed."""
    settings: Settings | None = more.pop("settings", None)
    report = diagnose(a_run(curves, params, **more), settings)
    assert failures(report) == []
    return report


def failures(report: Report) -> list[str]:
    """The rules that failed."""
    return [f"{s.code}: {s.reason}" for s in report.skipped if s.reason.startswith("the rule failed")]


def ranked(report: Report) -> list[str]:
    """Names of the causes, most likely first."""
    return [c.name for c in report.causes]


def cause(report: Report, name: str) -> Cause | None:
    """The cause of this name, or None."""
    return next((c for c in report.causes if c.name == name), None)


def found(report: Report, code: str) -> Finding | None:
    """What the rule of this code found, or None."""
    return next((f for f in report.findings if f.code == code), None)


def skipped(report: Report, code: str) -> str | None:
    """Why the rule of this code was skipped, or None."""
    return next((s.reason for s in report.skipped if s.code == code), None)


def changes(report: Report, name: str) -> dict[str, tuple[Any, Any]]:
    """What the cause of this name prescribes: before and after by the run's own parameter name."""
    named = cause(report, name)
    assert named is not None, ranked(report)
    return {c.param: (c.before, c.after) for c in named.prescription.changes}
