"""Two or three evaluations that are exactly those of random guessing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.classes_given_away import ACCURACY_OF_GUESSING, AT_LOG, TWO_CLASSES
from tracker_diag.evidence.nats import in_unit
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting
from tracker_diag.rules.curves._words import level, named

#: Values that a loss and its accuracy must have: the first may lie before the first update, the others do not.
VALUES = 3
#: Share of ln k below which the other loss has learned something.
LEARNED = 0.97
MOST_CLASSES = 1000
#: Share of itself by which a loss that is on its way down falls within its first values.
FALLS = 0.02


def few_values(sides: Sequence[tuple[Curve | None, Curve | None]], n_classes: int | None) -> Sighting | None:
    """From the second value on a loss is at ln k, and the accuracy beside it at 1/k; the other loss is no lower.

    Either alone may be chance. But no network that uses its input stays at a cross-entropy within 0.3% of ln k with the
    accuracy of guessing among k classes. Or k is known, every loss lies above ln k, and none of them falls.
    """
    losses = [loss for loss, _ in sides if loss is not None]
    for loss, score in sides:
        if loss is None or score is None:
            continue
        k = _guesses(loss, score, n_classes)
        if k is None or any(_lowest(other) < LEARNED * in_unit(math.log(k), other) for other in losses):
            continue
        return Sighting(
            Severity.ERROR,
            0.9,
            f"{named(loss)} {level(loss, float(loss.finite[1][-1]))} and accuracy "
            f"{level(score, float(score.finite[1][-1]), 3)} are those of random guessing ({_log(k, loss)})",
        )
    stuck = next((loss for loss in losses if n_classes and _stuck_above(loss, n_classes)), None)
    if stuck is None or not all(_stuck_above(loss, n_classes or 0) for loss in losses):
        return None
    return Sighting(
        Severity.ERROR,
        0.85,
        f"{named(stuck)} stays at {level(stuck, float(stuck.finite[1][-1]))}, above the loss of random guessing "
        f"({_log(n_classes or 1, stuck)})",
    )


def _lowest(loss: Curve) -> float:
    return float(loss.finite[1].min(initial=math.inf))


def _log(n_classes: int, loss: Curve) -> str:
    """The logarithm of the classes in the unit of a loss, in words."""
    base = "log2" if loss.metric.unit == "bits" else "ln"
    return f"{base} {n_classes} = {figure(in_unit(math.log(n_classes), loss), 4)}"


def _stuck_above(loss: Curve, n_classes: int) -> bool:
    """Whether a loss is above the logarithm of the known number of classes at each value, and hardly falls."""
    values = loss.finite[1]
    if values.size < VALUES or not loss.metric.of_classes or n_classes < TWO_CLASSES:
        return False
    nats = values / in_unit(1.0, loss)
    return float(nats.min()) > math.log(n_classes) and float(values[-1]) > (1 - FALLS) * float(values[0])


def _guesses(loss: Curve, score: Curve, n_classes: int | None) -> int | None:
    """The number of classes between which it guesses."""
    nats, accuracies = loss.finite[1][1:], score.finite[1][1:]
    if min(nats.size, accuracies.size) < VALUES - 1 or not loss.metric.of_classes or not score.accuracy:
        return None
    nats = nats / in_unit(1.0, loss)
    last = float(nats[-1])
    k = n_classes or (round(math.exp(last)) if last < math.log(2 * MOST_CLASSES) else 0)
    if not TWO_CLASSES <= k <= MOST_CLASSES:
        return None
    at_log = np.abs(nats / math.log(k) - 1) <= AT_LOG
    lowest, highest = (k * score.share(float(pick(accuracies))) for pick in (np.max, np.min))
    return k if bool(at_log.all()) and ACCURACY_OF_GUESSING[0] < lowest and highest < ACCURACY_OF_GUESSING[1] else None
