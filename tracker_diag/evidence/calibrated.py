"""What a cross-entropy is at most where the model is calibrated, and at least where softmax is applied twice."""

from __future__ import annotations

import math


def most_of_calibrated(accuracy: float, n_classes: int, smoothing: float = 0.0) -> float:
    """Give the most that a calibrated model loses: the entropy of its answers, the errors spread over all classes.

    Parameters
    ----------
    accuracy : float
        Share of right answers.
    n_classes : int
        Classes among which one is chosen.
    smoothing : float
        Share of each label that is spread over all classes.

    Returns
    -------
    float
        In nats.
    """
    spread = min(max(smoothing, 0.0), 1.0)
    top = (1 - spread) * accuracy + spread / n_classes
    if top >= 1:
        return 0.0
    return -top * math.log(top) - (1 - top) * math.log((1 - top) / max(n_classes - 1, 1))


def least_of_softmax_twice(n_classes: int) -> float:
    """Give the loss below which a softmax of probabilities cannot fall, every answer being right and certain.

    Parameters
    ----------
    n_classes : int
        Classes among which one is chosen.

    Returns
    -------
    float
        In nats: ln(1 + (n - 1) / e).
    """
    return math.log(1 + (n_classes - 1) / math.e)
