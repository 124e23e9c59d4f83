"""What a loss is for answers that know nothing of the input: what the first loss of a training should be near."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

#: Examples of a batch that it takes to tell the variance of its targets.
FEWEST = 8


def baseline(loss: str, outputs: Any, targets: Any) -> float | None:
    """Tell the loss of knowing nothing.

    Parameters
    ----------
    loss : str
        Its name: ``CrossEntropyLoss``, ``sparse_categorical_crossentropy``, ``MSELoss`` and so on.
    outputs : array_like, shape (n, classes, …) or (n,)
        What the network gives.
    targets : array_like, shape (n, …)
        What it should give.

    Returns
    -------
    float or None
        For a cross-entropy the logarithm of the classes (of 2 for yes or no); for a squared error the mean square of
        the targets about their mean; for an absolute one their mean distance from their median. None for others.
    """
    word = loss.lower().replace("_", "")
    if "binary" in word or "bce" in word:
        return math.log(2)
    if "crossentropy" in word or "nllloss" in word:
        classes = np.shape(outputs)[-1 if "categorical" in word else 1] if len(np.shape(outputs)) > 1 else 0
        return math.log(classes) if classes > 1 else None
    values = np.asarray(targets, dtype=np.float64).ravel()
    if values.size < FEWEST or not np.isfinite(values).all():
        return None
    if "mse" in word or "squared" in word:
        return float(values.var())
    if "l1loss" in word or "absolute" in word or word == "mae":
        return float(np.abs(values - np.median(values)).mean())
    return None
