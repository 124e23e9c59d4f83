"""A loss that falls while the accuracy is stuck."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tracker_diag.evidence.guess import BOTH, Beside
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting
from tracker_diag.rules.curves._words import end
from tracker_diag.stats.trend import trend

#: Values of an accuracy from which on a trend test says anything.
VALUES = 12
#: Accuracy above which it is no low one: that of guessing between two classes, and a little.
LOW = 0.6
#: Share of its first errors that an accuracy may correct and still be stuck.
UNDONE = 0.05
#: Times -ln of the accuracy between which a loss goes with such guesses: far less or more is no cross-entropy.
COST = (0.9, 3.0)
#: Times what such guesses cost in squared error between which a loss is one; the accuracy has noise of its own.
SQUARED_COST = (0.8, 1.2)


def guessing(scores: Sequence[Beside], alone: Beside | None, alpha: float) -> Sighting | None:
    """The model only becomes less confident in its guesses: low accuracies are stuck, the loss falls to their cost.

    Of both sides; or of the training loss and the validation accuracy, where nothing else was logged (``alone``).
    """
    pairs = [alone] if alone is not None else scores if len(scores) == BOTH else []
    if not pairs or not all(_guesses(loss, score, alpha) for loss, score in pairs):
        return None
    sides = ("validation",) if alone is not None else ("training", "validation")
    stuck = [f"{end(score)} in {side}" for (_, score), side in zip(pairs, sides, strict=True)]
    return Sighting(
        Severity.WARNING,
        0.8,
        f"accuracy stuck at {' and '.join(stuck)} while the loss falls: the model only becomes less confident in its "
        "guesses",
    )


def _guesses(loss: Curve, score: Curve, alpha: float) -> bool:
    if not score.accuracy or not score.long_enough or score.y.size < VALUES:
        return False
    start, best, tail = (score.share(value) for value in (score.start, score.best, score.tail))
    if not 0 < tail <= LOW or best - start > UNDONE * (1 - start):
        return False
    # One guess in k is right, and costs ln k, or (k - 1) / k² in squared error. What costs anything else is neither: a
    # regression whose "accuracy" counts equal numbers, several labels at once.
    least, most = COST
    if not least <= loss.tail / -math.log(tail) <= most and not _costs_squares(loss.tail, tail):
        return False
    found = trend(score.x, score.y)
    return found.p > alpha or found.slope >= 0


def _costs_squares(loss: float, right: float) -> bool:
    """Whether a loss is the mean squared error of predicting 1/k for each of k classes."""
    least, most = SQUARED_COST
    return least <= loss / (right * (1 - right)) <= most
