"""What an accuracy costs that a constant prediction has."""

from __future__ import annotations

import math

from tracker_diag.evidence.features import LOG_THOUSAND
from tracker_diag.rules.api import Curve

#: A loss and the score logged beside it, of one side of the data.
Beside = tuple[Curve, Curve]
#: Sides of the data: training and validation.
BOTH = 2

#: Accuracy from which on nothing is left to tell guessing by: the entropy of what is wrong is smaller than its noise.
NEARLY_PERFECT = 0.99
#: Part of the cost of guessing that a loss must reach: it and the accuracy are means over different examples.
SAMPLING = 0.97


def costs_as_much_as_guessing(loss: Curve, score: Curve) -> bool:
    """Whether the loss at the end is no smaller than a constant prediction pays that is right as often.

    Whoever always names the largest class is right with its share a, and pays the entropy of the classes: at least
    that of (a, 1 - a), and -ln a. A network that uses its input is as accurate for less.
    """
    if loss.flipped or not score.accuracy:
        return False
    accuracy = score.share(score.tail)
    if not 0 < accuracy < NEARLY_PERFECT:
        return False
    others = 1 - accuracy
    entropy = -accuracy * math.log(accuracy) - others * math.log(others)
    return SAMPLING * max(entropy, -math.log(accuracy)) <= loss.tail <= entropy + others * LOG_THOUSAND
