"""The level at which a cross-entropy ends if softmax is applied twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracker_diag.evidence.calibrated import least_of_softmax_twice, most_of_calibrated
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.with_accuracy import WithAccuracy
from tracker_diag.rules.curves._rest import ALPHA, last_third

#: Evaluations at which it must rest there.
EVALUATIONS = 3
#: Share of right predictions from which on a level shows anything.
MOSTLY_RIGHT = 0.6
#: Share from which on no honest network is as unsure, be it still learning; values that show rest below that.
NEARLY_ALL, ENOUGH = 0.95, 8


@dataclass(frozen=True, slots=True)
class OnFloor:
    """A loss at the level of softmax applied twice.

    Attributes
    ----------
    said : str
        Which loss: "the training loss".
    loss, accuracy : float
        At the end.
    allowed : float
        The largest loss of a calibrated model of that accuracy.
    floor : float
        The smallest loss with softmax applied twice, if every prediction is right.
    """

    said: str
    loss: float
    accuracy: float
    allowed: float
    floor: float


def on_floor_of_softmax_twice(
    pairs: Sequence[WithAccuracy], asks: Asked | None, n_classes: int, near: float, smoothing: float, *, sure: bool
) -> OnFloor | None:
    """The loss at the level of softmax applied twice, which no plain cross-entropy of that accuracy reaches.

    Parameters
    ----------
    pairs : sequence of WithAccuracy
        Losses of both sides; softmax twice bounds them both.
    asks : Asked or None
        What the loss function expects of the output.
    n_classes : int
        Classes among which one is chosen.
    near : float
        Share of the level by which the loss may lie off it.
    smoothing : float
        Share of the labels that may be spread over the classes.
    sure : bool
        Whether nearly all predictions must be right, and a plateau must be shown.
    """
    if asks is not None and asks.kind != "classes":
        return None
    floor = least_of_softmax_twice(n_classes)
    of_classes = [p for p in pairs if p.loss.metric.of_classes and p.loss.metric.unit != "bits"]
    if any(float(p.losses.min()) < (1 - near) * floor for p in of_classes):
        return None
    for pair in of_classes:
        losses, wrong = pair.losses[-EVALUATIONS:], pair.wrong[-EVALUATIONS:]
        accuracy, loss = 1 - float(wrong[-1]), float(losses[-1])
        if losses.size < EVALUATIONS or not MOSTLY_RIGHT < accuracy <= 1:
            continue
        if sure and accuracy < NEARLY_ALL:
            continue
        if (sure or accuracy < NEARLY_ALL) and not _rests(pair.loss, near * floor):
            continue
        on_floor = np.abs(losses - (floor + wrong)) <= near * floor
        if on_floor.all() and loss > (1 + near) * most_of_calibrated(accuracy, n_classes, smoothing):
            return OnFloor(pair.loss.said, loss, accuracy, most_of_calibrated(accuracy, n_classes), floor)
    return None


def _rests(loss: Curve, margin: float) -> bool:
    """Whether a loss has come to rest: a network that is still learning is less sure than it is right."""
    return loss.y.size >= ENOUGH and last_third(loss, margin).p_rest < ALPHA
