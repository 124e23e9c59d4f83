"""Whether a curve falls at all, as a claim."""

from __future__ import annotations

import numpy as np

from tracker_diag.rules.api import Curve
from tracker_diag.stats.trend import trend


def falls(curve: Curve, alpha: float) -> bool:
    """Whether a curve falls significantly, by the trend test or the sign test of a fall at every step.

    The sign test holds for a random walk too, where each step falls with one half; the trend test doubts so smooth a
    curve of few values, as its neighbours tell the same.
    """
    steps = np.diff(curve.y)
    if bool((steps < 0).all()) and 0.5**steps.size < alpha:
        return True
    found = trend(curve.x, curve.y)
    return found.p < alpha and found.slope < 0
