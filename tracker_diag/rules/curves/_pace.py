"""Whether a curve is shown to fall, and whether it does so too slowly."""

from __future__ import annotations

import numpy as np

from tracker_diag.rules.api import Curve, FloatArray
from tracker_diag.stats.extrapolation import Extrapolation
from tracker_diag.stats.trend import trend

#: Times its length that a run needs to be slow.
MANY_TIMES = 5.0
#: What twice the length surely brings to a slow run, as a share of its improvement so far.
GOES_ON = 0.25


def has_downward_trend(x: FloatArray, y: FloatArray, alpha: float) -> bool:
    """Whether values fall significantly by the trend test."""
    found = trend(x, y)
    return found.p < alpha and found.slope < 0


def falls(curve: Curve, alpha: float) -> bool:
    """Whether a curve falls significantly, by the trend test or the sign test of a fall at every step.

    The sign test also holds for a random walk, each step of which falls with probability one half. The trend test lacks
    power for a smooth curve of few values, because neighbouring values are nearly the same.
    """
    steps = np.diff(curve.y)
    at_every_step = bool((steps < 0).all()) and 0.5**steps.size < alpha
    return at_every_step or has_downward_trend(curve.x, curve.y, alpha)


def slow_but_steady(val: Curve | None, further: Extrapolation | None, alpha: float) -> bool:
    """Whether validation falls significantly and without slowing down: slow-convergence, and not underfitting."""
    if val is None or further is None or further.enough < MANY_TIMES:
        return False
    return falls(val, alpha) and further.low > GOES_ON * (val.start - val.best)
