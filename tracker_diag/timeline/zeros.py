"""Epochs that were never trained, but logged: zeros in every other record."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core.run import Series

#: Zeros, and values between them, from which on they are a pattern.
LEAST = 3


def zero_filled(metrics: Mapping[str, Series]) -> dict[str, int]:
    """Find metrics that are exactly 0 in every other record.

    Keras logs 0 for the loss and the metrics of an epoch for which its generator gave no batch: one that holds the
    batches of a single epoch runs out in every second.

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
        if min(zero.sum(), (~zero).sum()) >= LEAST and (zero[1:] != zero[:-1]).all():
            found[name] = int(zero.sum())
    return found
