"""What a cross-entropy can be beside an accuracy, and what it cannot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tracker_diag.evidence.calibrated import least_of_softmax_twice, most_of_calibrated
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.saturation import Saturation
from tracker_diag.evidence.with_accuracy import WithAccuracy
from tracker_diag.roles.words import read
from tracker_diag.rules.curves._rest import ALPHA, last_third

#: Evaluations at which a contradiction must stand; two, where there are no more.
EVALUATIONS, FEWEST = 3, 2
#: Share of wrong answers below which rounding and running means decide.
WRONG = 0.05
#: Share of right answers from which on a model knows what it says.
MOSTLY_RIGHT = 0.6
#: Share from which on no honest network is as unsure, be it still learning; values that show rest below that.
NEARLY_ALL, ENOUGH = 0.95, 8
_BINARY = frozenset({"binary", "bce"})


@dataclass(frozen=True, slots=True)
class OnFloor:
    """A loss that rests on what softmax twice leaves.

    Attributes
    ----------
    said : str
        Which loss: "the training loss".
    loss, accuracy : float
        At the end.
    allowed : float
        The most that a calibrated model of that accuracy loses.
    floor : float
        What softmax twice leaves where every answer is right.
    """

    said: str
    loss: float
    accuracy: float
    allowed: float
    floor: float


def where_known(
    pairs: Sequence[WithAccuracy], asks: Asked | None, saturation: Saturation | None
) -> Iterator[WithAccuracy]:
    """Those whose loss is known to be a plain cross-entropy: by its name, its function, or the clip that one shows."""
    if asks is not None and asks.kind not in ("classes", "yes or no"):
        return
    for pair in pairs:
        known = asks is not None or (saturation is not None and pair.loss.metric.of_classes)
        if pair.loss.metric.plain_cross_entropy or (known and pair.loss.metric.of_classes):
            yield pair


def cheaper_than_its_errors(
    pair: WithAccuracy, loss_function: str | None, asks: Asked | None, n_classes: int | None
) -> tuple[float, float] | None:
    """The loss over the least that its wrong answers cost, the highest of the last evaluations; and that least.

    Parameters
    ----------
    pair : WithAccuracy
        A plain cross-entropy in nats or bits, and the share of wrong answers.
    loss_function, asks : str, Asked or None
        A binary cross-entropy is averaged over its outputs, so that an answer costs a k-th.
    n_classes : int or None
        How many outputs those may be.

    Returns
    -------
    tuple of float or None
        A share, of which below 1 is impossible, and what the wrong answers cost at the end, in the loss's unit. None
        where there are fewer than two evaluations, hardly an answer is wrong, or the outputs of a binary cross-entropy
        are not known.
    """
    losses, wrong = pair.losses[-EVALUATIONS:], pair.wrong[-EVALUATIONS:]
    if losses.size < FEWEST or float(wrong.min()) < WRONG or float(losses.min()) < 0:
        return None
    binary = loss_function == "binary_cross_entropy" or (asks is not None and asks.kind == "yes or no")
    outputs: int | None = 1
    if binary or read(pair.loss.name).words & _BINARY:
        outputs = n_classes
    if not outputs:
        return None
    nats = math.log(2) if pair.loss.metric.unit == "bits" else 1.0
    least = wrong * math.log(2) / outputs / nats
    return float((losses / least).max()), float(least[-1])


def on_floor_of_softmax_twice(
    pairs: Sequence[WithAccuracy], asks: Asked | None, n_classes: int, near: float, smoothing: float
) -> OnFloor | None:
    """The loss that rests on what softmax twice leaves, where no honest loss of that accuracy lies.

    Parameters
    ----------
    pairs : sequence of WithAccuracy
        Losses of both sides; softmax twice bounds them both.
    asks : Asked or None
        What the loss function asks of the output.
    n_classes : int
        Classes among which one is chosen.
    near : float
        Share of the level by which the loss may lie off it.
    smoothing : float
        Share of the labels that may be spread over the classes.
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
        if accuracy < NEARLY_ALL and not _rests(pair.loss, near * floor):
            continue
        on_floor = np.abs(losses - (floor + wrong)) <= near * floor
        if on_floor.all() and loss > (1 + near) * most_of_calibrated(accuracy, n_classes, smoothing):
            return OnFloor(pair.loss.said, loss, accuracy, most_of_calibrated(accuracy, n_classes), floor)
    return None


def _rests(loss: Curve, margin: float) -> bool:
    """Whether a loss has come to rest: a network that is still learning is less sure than it is right."""
    return loss.y.size >= ENOUGH and last_third(loss, margin).p_rest < ALPHA
