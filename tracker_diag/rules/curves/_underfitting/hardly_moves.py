"""A validation loss that stops early and stays so constant that the weights hardly move."""

from __future__ import annotations

import numpy as np

from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting
from tracker_diag.rules.curves._words import level, named
from tracker_diag.stats.trend import trend

#: Values from which on a share of the run says when a curve became constant.
VALUES = 12
#: Share of its last value within which it stays: weights that move at a usual rate make a loss fluctuate by more.
STILL = 1e-3
#: Share of the run, to its end, over which it is constant. Of 310 sound runs, annealed ones among them, none comes to
#: seven tenths, and one to six; of 375 faulty ones 61 do.
LONG = 0.7
#: Share of its first value by which validation has fallen that may have converged, as a convex model does.
FALLEN = 0.25
#: Level (p-value) of the test that training falls on; lenient, since a fall clears the run.
FALLS_ON = 0.05


def hardly_moves(train: Curve | None, val: Curve | None) -> Sighting | None:
    """Validation changes by no more than a thousandth over seven tenths of the run, and training no longer falls.

    A training loss that still falls shows that the weights move, though validation does not change.
    """
    if val is None or val.flipped or val.finite[1].size < VALUES or val.tail < (1 - FALLEN) * val.start:
        return None
    y = val.finite[1]
    away = np.flatnonzero(np.abs(y - y[-1]) > STILL * abs(float(y[-1])))
    stood = y.size - (int(away[-1]) + 1 if away.size else 0)
    if stood < LONG * y.size or (train is not None and _falls_from(float(val.finite[0][-stood]), train)):
        return None
    return Sighting(
        Severity.WARNING,
        0.7,
        f"{named(val)} stayed within {100 * STILL:g}% of {level(val, float(y[-1]))} for the last {stood} of {y.size} "
        "values: the weights hardly move",
        "check for a learning rate that decays too early, clipping or weight decay that is too strong, and dead units",
    )


def _falls_from(step: float, train: Curve) -> bool:
    later = train.x >= step
    if later.sum() < MINIMUM:
        return False
    x, y = train.x[later], train.y[later]
    found = trend(x, y)
    return -found.slope * float(x[-1] - x[0]) > STILL * abs(float(y[-1])) and found.p < FALLS_ON
