"""Losses with the accuracy that was measured on the same data, at the same steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.metric_names import read_metric
from tracker_diag.stats.arrays import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class WithAccuracy:
    """A loss and the accuracy beside it.

    Attributes
    ----------
    loss : Curve
        The loss.
    steps, losses, wrong : ndarray, shape (n,)
        Steps at which both were logged and are finite; the loss there, and the share of wrong answers.
    """

    loss: Curve
    steps: FloatArray
    losses: FloatArray
    wrong: FloatArray


@rule_input(
    missing="no accuracy with a loss of the same data found",
    log="log the accuracy each epoch, e.g. as val_accuracy",
    evidence="C",
)
def accuracy_beside(
    train_loss: Curve | None, val_loss: Curve | None, train_score: Curve | None, val_score: Curve | None
) -> tuple[WithAccuracy, ...] | None:
    """Each loss with the plain accuracy of the same data, training's first.

    Of the same data where both names say which, or neither does: beside ``train_loss``, a bare ``accuracy`` is often
    that of validation. An accuracy that weighs classes is left out, since the loss does not weigh them so.
    """
    found = []
    for loss, score in ((train_loss, train_score), (val_loss, val_score)):
        if loss is None or score is None or not score.accuracy or score.metric.kind != "accuracy":
            continue
        if _split(loss.name) == _split(score.name) and (beside := _beside(loss, score)) is not None:
            found.append(beside)
    return tuple(found) or None


def _split(name: str) -> str | None:
    reading = read_metric(name)
    return None if reading is None else reading.split


def _beside(loss: Curve, score: Curve) -> WithAccuracy | None:
    both = np.intersect1d(loss.finite[0], score.finite[0])
    if not both.size:
        return None
    losses = loss.finite[1][np.isin(loss.finite[0], both)]
    accuracy = -score.finite[1][np.isin(score.finite[0], both)] / score.whole
    return WithAccuracy(loss, both, losses, 1 - accuracy)
