"""Epochs that were never trained, but logged: zeros in every other record."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.run import Series

#: Zeros, and values between them, from which on they are a pattern.
LEAST = 3


def zero_filled(metrics: Mapping[str, Series]) -> dict[str, int]:
    """Find metrics that are exactly 0 in every other record, or in all but every third, fourth and so on.

    Keras logs 0 for the loss and the metrics of an epoch for which its generator gave no batch: one that holds the
    batches of a single epoch runs out in every second. Others log 0 for epochs that they do not evaluate.

    Parameters
    ----------
    metrics : mapping of str to Series
        Losses and scores, in order.

    Returns
    -------
    dict of str to int
        How many zeros there are in each.
    """
    found = {}
    for name, series in metrics.items():
        zero = series.values == 0
        if min(zero.sum(), (~zero).sum()) >= LEAST and (_every_other(zero) or _every_other(~zero)):
            found[name] = int(zero.sum())
    return found


def _every_other(marked: NDArray[np.bool_]) -> bool:
    """Whether marks stand alone and evenly spaced, from the beginning to the end."""
    at = np.flatnonzero(marked)
    apart = np.diff(np.concatenate([[-1], at, [marked.size]]))
    inner = apart[1:-1]
    return bool(inner.size and inner[0] > 1 and (inner == inner[0]).all() and (apart <= inner[0]).all())
