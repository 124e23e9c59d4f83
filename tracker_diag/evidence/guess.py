"""What an accuracy costs that a constant prediction has."""

from __future__ import annotations

import math

from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.features import LOG_THOUSAND
from tracker_diag.evidence.nats import in_unit

#: A loss and the score logged beside it, of one side of the data.
Beside = tuple[Curve, Curve]
#: Sides of the data: training and validation.
BOTH = 2

#: Accuracy from which on nothing is left to tell guessing by: the entropy of what is wrong is smaller than its noise.
NEARLY_PERFECT = 0.99
#: Part of the cost of guessing that a loss must reach: it and the accuracy are means over different examples.
SAMPLING = 0.97


def entropy_of_share(share: float) -> float:
    """Give the entropy of two classes of which one has this share.

    Parameters
    ----------
    share : float
        Between 0 and 1, both excluded.

    Returns
    -------
    float
        In nats: what predicting the shares costs.
    """
    return -share * math.log(share) - (1 - share) * math.log(1 - share)


def costs_as_much_as_guessing(loss: Curve, score: Curve) -> bool:
    """Say whether the loss at the end is no smaller than a constant prediction pays that is right as often.

    Whoever always names the largest class is right with its share a, and pays the entropy of the classes: at least
    that of (a, 1 - a), and -ln a. A network that uses its input is as accurate for less.

    Parameters
    ----------
    loss, score : Curve
        Of one side of the data.

    Returns
    -------
    bool
        False where the score is no accuracy, or too near a perfect one to tell.
    """
    accuracy = _telling(loss, score)
    if accuracy is None:
        return False
    most = entropy_of_share(accuracy) + (1 - accuracy) * LOG_THOUSAND
    return in_unit(_guess(accuracy), loss) <= loss.tail <= in_unit(most, loss)


def costs_less_than_guessing(loss: Curve, score: Curve) -> bool:
    """Say whether a cross-entropy ends below what a constant prediction pays that is right as often.

    The right class of a wrong answer has a probability of at most a half, so a cross-entropy beside the accuracy a is
    at least (1 - a) ln 2: what lies below is another loss, and says nothing.

    Parameters
    ----------
    loss, score : Curve
        Of one side of the data.

    Returns
    -------
    bool
        False where the score is no accuracy, or too near a perfect one to tell.
    """
    accuracy = _telling(loss, score)
    if accuracy is None or not loss.metric.of_classes:
        return False
    least = SAMPLING * (1 - accuracy) * math.log(2)
    return in_unit(least, loss) <= loss.tail < in_unit(_guess(accuracy), loss)


def _telling(loss: Curve, score: Curve) -> float | None:
    if loss.flipped or not score.accuracy:
        return None
    accuracy = score.share(score.tail)
    return accuracy if 0 < accuracy < NEARLY_PERFECT else None


def _guess(accuracy: float) -> float:
    return SAMPLING * max(entropy_of_share(accuracy), -math.log(accuracy))
