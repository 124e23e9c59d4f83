"""Ways to be unstable: swings, a rise, an improvement that is lost, values that wander where nothing improved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tracker_diag.core.numbers import figure, share, times
from tracker_diag.rules.api import Curve
from tracker_diag.rules.curves._words import at, end, level, named, undoes
from tracker_diag.rules.curves._worse import training_worse_since

#: Swing of the second half over that of the first (ratio) below which the run is calming down.
STILL_AS_WIDE = 0.5
#: Share of its first value by which a training loss that gained nothing has climbed above it.
CLIMBED = 0.15
#: Share of the improvement that is told as a share; less of it was lost only on a logarithmic scale.
LEAST_TOLD = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Unrest:
    """A curve that is unstable: by which share of the total improvement, since which step, and in words."""

    curve: Curve
    size: float
    since: float
    message: str


def swinging(
    train: Curve | None, val: Curve | None, least: float, reversals: float, improvement: float
) -> Unrest | None:
    """The first of the curves whose second half swings by so much, turns so often, and has not calmed down."""
    for curve in (train, val):
        found = curve.oscillation if curve is not None else None
        if curve is None or found is None or found.reversals < reversals:
            continue
        if found.amplitude >= max(least, STILL_AS_WIDE * found.early):
            swing = found.amplitude / improvement
            middle = level(curve, float(np.median(curve.y[curve.y.size // 2 :])), 3)
            message = (
                f"{named(curve)} swings by ±{figure(found.amplitude)} around {middle} in its second half and changes "
                f"direction at {share(found.reversals)} of the steps"
            )
            return Unrest(curve, swing, float(curve.x[curve.x.size // 2]), message)
    return None


def losing(train: Curve, improvement: float) -> Unrest:
    """Training that has lost half of what it had gained, for good."""
    part = train.turning.rise / improvement
    # A level of 0 or below has no multiples.
    if part >= LEAST_TOLD or train.best <= 0:
        told = undoes(train)
    else:
        told = f"{times(train.tail / train.best)} its lowest level, and stayed there"
    message = f"{_turned(train)}, {told}"
    return Unrest(train, part, train.best_logged[0], message)


def climbing(
    train: Curve, val: Curve | None, rises: Mapping[str, float], alpha: float, least: float, improvement: float
) -> Unrest | None:
    """The first of the curves that has climbed from its lowest stretch while training has got worse."""
    for side, curve in (("train", train), ("val", val)):
        if curve is None or not rises[side] < alpha or curve.turning.rise < least * improvement:
            continue
        # Validation that climbs while training improves is overfitting; where training gets worse, the run comes apart.
        if curve is train or training_worse_since(curve.turning.step, train, improvement):
            climb, since = curve.turning.rise / improvement, curve.best_logged[0]
            too = "" if curve is train else f"; {named(train)} got worse as well"
            message = f"{_turned(curve)}, {undoes(curve)}{too}"
            return Unrest(curve, climb, since, message)
    return None


def climbed(train: Curve, p: float, alpha: float) -> Unrest | None:
    """Training that gained nothing and has climbed well above where it began."""
    start = train.start
    above = (train.tail - start) / start if start > 0 else 0.0
    if train.flipped or above < CLIMBED or not p < alpha:
        return None
    since = train.best_logged[0]
    message = f"{_turned(train)}, {share(above)} above its first value ({level(train, start)})"
    return Unrest(train, above, since, message)


def _turned(curve: Curve) -> str:
    way, (step, lowest) = "fell" if curve.flipped else "rose", curve.best_logged
    return f"{named(curve)} {way} from {level(curve, lowest)} (step {at(step)}) to {end(curve)}"


def wandering(train: Curve, restless: float | None) -> Unrest | None:
    """Both curves swing by a large share of their own level."""
    if restless is None:
        return None
    message = (
        f"training and validation loss swing up and down by a factor of {figure(math.exp(restless), 2)} or more "
        "in the second half"
    )
    return Unrest(train, restless, float(train.x[train.x.size // 2]), message)
