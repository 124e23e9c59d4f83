"""A training curve that never improved."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting
from tracker_diag.rules.curves._words import best, end, level, named
from tracker_diag.stats.trend import Trend

#: Standard deviations of its noise that a curve without a trend must have fallen by to have moved: the best of a few
#: dozen values of noise alone lies two or three below the first.
BEYOND_NOISE = 4.0
#: Times as much as training that noise may be, and validation move, and still be small: both rest on fewer examples.
TWICE = 2.0


def flat_line(
    train: Curve, val: Curve | None, drift: Trend, baseline_is_known: bool, moved: float, alpha: float
) -> Sighting | None:
    """Training improved by no more than its noise or a small share of its level, and so did validation.

    ``drift`` is the trend of the training curve.
    """
    if val is not None and val.start - val.best >= TWICE * moved * abs(val.start):
        return None
    fall = train.start - train.best
    no_trend = drift.p > alpha or drift.slope >= 0
    # Noise that is a large share of an unknown level hides whatever was learned before the first value.
    quiet = baseline_is_known or train.noise.sigma <= TWICE * moved * abs(train.tail)
    by_noise = no_trend and quiet and fall < BEYOND_NOISE * train.noise.sigma
    if not by_noise and relative_fall(train) >= moved:
        return None
    return Sighting(
        Severity.ERROR,
        0.8 if by_noise else 0.7,
        f"{named(train)} hardly improved: {level(train, train.start)} at first, {best(train)} at best, "
        f"{end(train)} at the end (noise {figure(train.noise.sigma, 2)})",
    )


def relative_fall(train: Curve) -> float:
    """From the first value to the best, as a share of the first."""
    return (train.start - train.best) / abs(train.start) if train.start else 0.0
