"""Losses of a network with hidden layers that reach a plateau at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tracker_diag.evidence.guess import Beside, costs_as_much_as_guessing
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._pace import has_downward_trend
from tracker_diag.rules.curves._underfitting.sighting import ADVICE, Sighting
from tracker_diag.rules.curves._words import end

#: Values of a curve from which on it shows when it came to rest.
VALUES = 20
#: Part of the run, as one over it (a fifth), within which a curve has come to rest at once.
FIRST = 5
#: Share of the values that lie at the level of the end from then on: the others are noise.
STAYING = 0.9
#: Level (p-value) of the test that a loss still falls; lenient, since a fall clears the run.
FALLS_ON = 0.05


def early_rest(
    train: Curve, val: Curve | None, scores: Sequence[Beside], n_updates: int | None, few_updates: int, rest: float
) -> Sighting | None:
    """Both losses reach their final level within a few updates: only a bias is learned that quickly.

    The accuracies beside them, where there are some, must be those of a constant prediction.
    """
    if val is None or n_updates is None:
        return None
    settled = max(_rests_from(train, rest), _rests_from(val, rest))
    if not settled * n_updates <= few_updates or _falls_on(val):
        return None
    if not all(costs_as_much_as_guessing(loss, score) for loss, score in scores):
        return None
    return Sighting(
        Severity.WARNING,
        0.7,
        f"both losses stopped falling after {settled * n_updates:,.0f} of {n_updates:,} updates (training "
        f"{end(train)}, validation {end(val)}), as with a constant prediction",
        f"compare the final loss with that of a constant prediction; if they are equal, {ADVICE}",
    )


def _rests_from(curve: Curve, rest: float) -> float:
    """Share of the run from which on nine tenths of the values are at the final level; inf beyond a fifth."""
    n = curve.y.size
    if n < VALUES or curve.flipped:
        return math.inf
    middle = float(np.median(curve.y[n // FIRST :]))
    near = np.abs(curve.y - middle) <= rest * abs(middle)
    staying = np.cumsum(near[::-1])[::-1] >= STAYING * np.arange(n, 0, -1)
    first = np.flatnonzero(near & staying)
    return float(first[0]) / n if first.size and first[0] <= n // FIRST else math.inf


def _falls_on(curve: Curve) -> bool:
    begin = curve.y.size // FIRST
    return has_downward_trend(curve.x[begin:], curve.y[begin:], FALLS_ON)
