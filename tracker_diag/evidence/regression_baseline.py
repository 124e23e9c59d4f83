"""The level of a regression that knows nothing: the variance of its target, where the loss is a squared error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.dataset import Dataset
from tracker_diag.core.run import Run, Series
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

#: Values that show a variance, by how much they may differ, and by how much R² must move for that to tell a squared
#: error from another: nine tenths of the variances lie as near together.
VALUES, ALIKE, MOVES = 4, 0.05, 0.05
#: R² above which rounding makes its distance from 1 too coarse.
COARSE = 0.99
NEARLY_ALL = 0.9

#: Values of a squared error that show where it rests; where it begins at most: the targets' variance and that of first
#: answers; how far off 1 the median of its last tenth may lie, and all of its last third.
VALUES_AT_ONE, AT_MOST, AT_ONE, NEAR_ONE = 8, 3.0, 0.004, 0.05
#: Share of 1 below which one of the losses has learned something, and by how much a score has left knowing nothing.
UNLEARNED, LEFT_NOTHING = 0.8, 0.05
#: Absolute error between which always answering the mean of standardised targets lies, .8 where they are normal; times
#: its last value that the first is at most.
ABSOLUTE, AT_MOST_ABSOLUTE = (0.4, 1.0), 1.25

_SQUARES, _ROOT = "squared error", "root of the squared error"
_ERRORS = (_SQUARES, _ROOT, "absolute error")


@rule_input(missing="variance of the target not found", unit="same as the loss")
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


@rule_input(missing="no squared error with a plateau at 1", evidence="C", unit="same as the loss")
def variance_of_standardised(
    train_loss: Curve, val_loss: Curve | None, run: Run, pretrained: object | None, active: bool
) -> float | None:
    """1, where the squared error of the training examples rests at that: standardised targets vary by it.

    A network that uses nothing of its input answers their mean, which is 0, and rests exactly there, having begun
    little above. A loss that nothing names a squared error is one where an absolute error beside it is that of the
    mean, too. None where a score was logged that is no error and does not say itself that nothing was learned, and
    while the run is going, which may be at its beginning.
    """
    y = train_loss.finite[1]
    if pretrained or active or y.size < VALUES_AT_ONE or not y[0] <= AT_MOST:
        return None
    if not (train_loss.metric.kind == _SQUARES or _beside_absolute(train_loss, run)) or _scored(run):
        return None
    if abs(float(np.median(y[-max(3, y.size // 10) :])) - 1) > AT_ONE:
        return None
    lowest = min(float(c.finite[1].min(initial=1.0)) for c in (train_loss, val_loss) if c is not None)
    rests = float(np.abs(y[-(y.size // 3) :] - 1).max()) <= NEAR_ONE
    return 1.0 if rests and lowest >= UNLEARNED else None


@rule_input(missing="no R² with a squared error of the same data found", evidence="C", unit="same as the loss")
def variance_shown(
    main_curve: Curve, run: Run, params: Mapping[str, Any], train_loss: Curve | None, val_loss: Curve | None
) -> float | None:
    """The target's variance that a squared error and R² beside it show: the error over 1 - R²; its root, for roots.

    Of validation, where both are logged there. R² is how much of the variance is explained, so the ratio is the same at
    every step, whatever the network has learned. Of a loss whose name and parameters say nothing it must be, while R²
    moves.
    """
    kind = main_curve.metric.kind
    for loss in (val_loss, train_loss):
        if loss is None or loss.metric.kind != kind or kind not in (_SQUARES, _ROOT, "loss"):
            continue
        power = 2.0 if kind == _ROOT else 1.0
        sure = _said(loss.name, params)
        found = next((v for r2 in _explained_variances(loss, run) if (v := _variance(loss, r2, power, sure))), None)
        if found is not None:
            return float(found ** (1 / power))
    return None


@rule_input(missing="no R² with a squared error of the same data found", evidence="C", unit="share of the variance")
def variance_explained(
    variance_shown: float, main_curve: Curve, train: Curve | None, val: Curve | None
) -> float | None:
    """Share of the target's variance that the better of both curves explains at its best: its R²."""
    best = min((c.best for c in (train, val) if c is not None), default=None)
    power = 2.0 if main_curve.metric.kind == _ROOT else 1.0
    return None if best is None else float(1 - (max(best, 0.0) / variance_shown) ** power)


def _explained_variances(loss: Curve, run: Run) -> list[Series]:
    split = loss.role.partition("_")[0]
    names = sorted(run.metrics)
    readings = [(name, read_metric(name)) for name in names]
    return [run.metrics[n] for n, r in readings if r and r.split == split and r.facts.kind == "explained variance"]


def _variance(loss: Curve, r2: Series, power: float, sure: bool) -> float | None:
    steps, ours, theirs = np.intersect1d(loss.steps, r2.steps, return_indices=True)
    if steps.size < VALUES:
        return None
    unexplained, errors = 1 - r2.values[theirs], loss.raw[ours]
    kept = np.isfinite(errors) & np.isfinite(unexplained) & (unexplained > 1 - COARSE) & (errors > 0)
    if kept.sum() < VALUES:
        return None
    ratios = errors[kept] ** power / unexplained[kept]
    middle = float(np.median(ratios))
    alike = np.mean(np.abs(ratios / middle - 1) <= ALIKE) >= NEARLY_ALL
    return middle if alike and (sure or np.ptp(unexplained[kept]) >= MOVES) else None


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


def _beside_absolute(loss: Curve, run: Run) -> bool:
    """Whether a loss that nothing names has an absolute error beside it that stays where the mean of the targets is."""
    readings = [(s, read_metric(name)) for name, s in run.metrics.items()]
    errors = [s.values for s, r in readings if r and r.facts.kind == "absolute error" and len(s)]
    low, high = ABSOLUTE
    stay = all(low < v[-1] < high and v[0] <= AT_MOST_ABSOLUTE * v[-1] for v in errors)
    return loss.metric.kind == "loss" and bool(errors) and stay


def _scored(run: Run) -> bool:
    """Whether a score, or the perplexity, was logged that has left what knowing nothing gives, or does not say that."""
    for name, series in run.metrics.items():
        reading = read_metric(name)
        if reading is None or reading.facts.kind in _ERRORS or reading.kind not in ("score", "proxy"):
            continue
        nothing, finite = reading.facts.baseline, series.values[np.isfinite(series.values)]
        if nothing is None or (finite.size and float(finite.max()) > nothing + LEFT_NOTHING):
            return True
    return False


def _as_squares_go(loss: Curve, variance: float) -> bool:
    """Whether a loss runs as a squared error does: from the variance down, or along it."""
    if not loss.long_enough:
        return False
    begins, stands = float(loss.y[0]) / variance, loss.tail / variance
    if not BEGINS[0] <= begins <= BEGINS[1]:
        return False
    return loss.tail < LEARNED * loss.y[0] or STANDS[0] <= stands <= STANDS[1]
