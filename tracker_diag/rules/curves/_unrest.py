"""Ways not to settle: swings, a climb, a gain that is lost, values that wander where nothing was gained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tracker_diag.rules.api import Curve, GivenBack
from tracker_diag.rules.curves._share import of_improvement
from tracker_diag.rules.curves._worse import training_worse_since

#: Swing of the second half over that of the first (ratio) below which the run is calming down.
STILL_AS_WIDE = 0.5
#: Share of its first value by which a training loss that gained nothing has climbed above it.
CLIMBED = 0.15
#: Share of what was gained that is told as a share; less of it was lost only on the scale of the logarithm.
LEAST_TOLD = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Unrest:
    """A curve that does not settle: by how much of the improvement achieved, since which step, and in words."""

    curve: Curve
    size: float
    since: float
    message: str


def swinging(
    train: Curve | None, val: Curve | None, least: float, reversals: float, improvement: float
) -> Unrest | None:
    """The first of the curves whose second half swings by so much, turns so often, and has not calmed down."""
    for side, curve in (("training", train), ("validation", val)):
        found = curve.oscillation if curve is not None else None
        if curve is None or found is None or found.reversals < reversals:
            continue
        if found.amplitude >= max(least, STILL_AS_WIDE * found.early):
            swing = found.amplitude / improvement
            message = (
                f"in its second half the {side} loss swings by ±{of_improvement(swing)} "
                f"and turns at {found.reversals:.0%} of its steps"
            )
            return Unrest(curve, swing, float(curve.x[curve.x.size // 2]), message)
    return None


def losing(train: Curve, given_back: GivenBack, improvement: float) -> Unrest:
    """Training that has lost half of what it had gained, for good."""
    share = train.turning.rise / improvement
    lost = "all" if share > 1 else f"{share:.0%}" if share >= LEAST_TOLD else "half, in logarithms,"
    message = (
        f"the training loss had come down to {train.shown(train.best):.4g} at step {given_back.since:g}, and ends at "
        f"{train.shown(train.tail):.4g}: of what was gained {lost} is lost"
    )
    return Unrest(train, train.turning.rise / improvement, given_back.since, message)


def climbing(
    train: Curve, val: Curve | None, rises: Mapping[str, float], alpha: float, least: float, improvement: float
) -> Unrest | None:
    """The first of the curves that has climbed from its lowest stretch while training has got worse."""
    for side, curve in (("train", train), ("val", val)):
        if curve is None or not rises[side] < alpha or curve.turning.rise < least * improvement:
            continue
        # Validation that climbs while training improves is overfitting; where training gets worse, the run comes apart.
        if curve is train or training_worse_since(curve.turning.step, train, improvement):
            climb, since = curve.turning.rise / improvement, curve.turning.step
            message = (
                f"the loss climbs from its lowest stretch at step {since:g} by {climb:.0%} of the improvement "
                "achieved, and training has got worse since"
            )
            return Unrest(curve, climb, since, message)
    return None


def climbed(train: Curve, p: float, alpha: float) -> Unrest | None:
    """Training that gained nothing and has climbed well above where it began."""
    start = train.start
    above = (train.tail - start) / start if start > 0 else 0.0
    if train.flipped or above < CLIMBED or not p < alpha:
        return None
    since = train.turning.step
    message = (
        f"{train.said} climbs from {train.best:.4g} at step {since:g} to {train.tail:.4g}, {above:.0%} above where it "
        "began"
    )
    return Unrest(train, above, since, message)


def wandering(train: Curve, restless: float | None) -> Unrest | None:
    """Both curves swing by a large share of their own level."""
    if restless is None:
        return None
    message = (
        f"in the second half the training and the validation loss swing by a factor of {math.exp(restless):.2g} and "
        "more around their course"
    )
    return Unrest(train, restless, float(train.x[train.x.size // 2]), message)
