"""The stretch of steps over which curves are compared at their end."""

from __future__ import annotations

from tracker_diag.rules.api import Curve
from tracker_diag.rules.curves._words import averaged

#: Share of a curve that counts as its end where a gap is measured (``tracker_diag.stats.gap``).
END = 0.2
#: Values that an end has at least.
FEWEST = 2


def compared_steps(curve: Curve) -> tuple[float, float]:
    """First and last step of the end of a curve."""
    return float(curve.x[-max(FEWEST, round(END * curve.y.size))]), float(curve.x[-1])


def end_level(curve: Curve, mean: float) -> str:
    """Write the mean level of a curve over that stretch."""
    return averaged(curve, mean, max(FEWEST, round(END * curve.finite[1].size)))
