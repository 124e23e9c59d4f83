"""The level of a regression that knows nothing: the variance of its target, where the loss is a squared error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.dataset import Dataset
from tracker_diag.core.run import Run
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.metric_names import read_metric

#: Shares of the variance between which a loss begins that may be the squared error of a network that has not learned.
#: Standardised targets have an absolute error of .8, a Huber loss of .4, a Gaussian likelihood of .5 or 1.42.
BEGINS = (2 / 3, 5 / 4)
#: Share of its beginning below which a loss has been learned.
LEARNED = 0.9
#: Shares of the variance between which a loss stands that learned nothing.
STANDS = (0.97, 1.05)
#: Largest share by which two metrics differ that are one, but for how an average is rounded.
SAME = 1e-3

_SQUARES, _ROOT = "squared error", "root of the squared error"
_ERRORS = (_SQUARES, _ROOT, "absolute error")


@rule_input(missing="no variance of the target", unit="that of the loss")
def target_variance(
    main_curve: Curve,
    dataset: Dataset,
    run: Run,
    params: Mapping[str, Any],
    train_score: Curve | None,
    val_score: Curve | None,
) -> float | None:
    """The target's variance, where the curves are squared errors; its deviation, where they are roots of them.

    Of a loss whose name and parameters say nothing, beside a target of the profile that is a number: where a metric
    with the same values says what it is, or where the loss begins near the variance and falls, or stands at it.
    """
    variance, kind = dataset.target.variance, main_curve.metric.kind
    if not variance:
        return None
    if kind == _ROOT:
        return math.sqrt(variance)
    if kind not in (_SQUARES, "loss"):
        return None
    if not _said(main_curve.name, params):
        twin = _twin(main_curve.name, run)
        if twin is not None:
            return {_SQUARES: variance, _ROOT: math.sqrt(variance)}.get(twin)
    if kind == _SQUARES:
        return variance
    accuracies = any(s is not None and s.accuracy for s in (train_score, val_score))
    number = dataset.target.kind == "regression" and not accuracies
    return variance if number and _as_squares_go(main_curve, variance) else None


def _said(name: str, params: Mapping[str, Any]) -> bool:
    """Whether the name of a loss, or the loss function, says what it is."""
    reading = read_metric(name)
    return bool(params.get("loss_function")) or (reading is not None and reading.facts.kind != "loss")


def _twin(name: str, run: Run) -> str | None:
    """The kind of the error that has the same values as this loss, under a name that says more."""
    loss = run.metrics[name].values
    for other in sorted(set(run.metrics) - {name}):
        reading, values = read_metric(other), run.metrics[other].values
        kind = reading.facts.kind if reading is not None else ""
        if kind in _ERRORS and values.shape == loss.shape and np.allclose(values, loss, rtol=SAME, equal_nan=True):
            return kind
    return None


def _as_squares_go(loss: Curve, variance: float) -> bool:
    """Whether a loss runs as a squared error does: from the variance down, or along it."""
    if not loss.long_enough:
        return False
    begins, stands = float(loss.y[0]) / variance, loss.tail / variance
    if not BEGINS[0] <= begins <= BEGINS[1]:
        return False
    return loss.tail < LEARNED * loss.y[0] or STANDS[0] <= stands <= STANDS[1]
