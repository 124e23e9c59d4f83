"""Values that are not finite, and losses that blow up and stay up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker_diag.stats.arrays import FloatArray

#: From here on the square of a value is not finite: it is as good as infinite.
LARGEST = 1e150


@dataclass(frozen=True, slots=True)
class Divergence:
    """What became of a curve.

    Attributes
    ----------
    lost : int or None
        Index since which no value is finite; None where the last value is finite.
    holes : int
        Values that are not finite before that.
    blown : int or None
        Index since which every value lies above all that went before the best one; None if the end is lower.
    factor : float
        How far the median of the last quarter lies above the best value, over how far the highest value before the
        best one does; 0 where not blown.
    """

    lost: int | None
    holes: int
    blown: int | None
    factor: float


def last_hole(good: NDArray[np.bool_]) -> int | None:
    """Find since when no value is good; None where the last is, or where as long a hole was recovered from before.

    Parameters
    ----------
    good : ndarray of bool, shape (n,)
        Whether each value is finite, in order.

    Returns
    -------
    int or None
        An index; 0 where no value is good.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.divergence import last_hole
    >>> last_hole(np.array([True, True, False, False]))
    2
    >>> last_hole(np.array([True, False, True, False])) is None
    True
    """
    if not good.size or good[-1]:
        return None
    kept = np.flatnonzero(good)
    if not kept.size:
        return 0
    since = int(kept[-1]) + 1
    longest = int(np.diff(kept).max(initial=1)) - 1
    return None if longest >= good.size - since else since


def divergence(y: FloatArray) -> Divergence:
    """Find where a loss diverged for good.

    No null hypothesis is tested: that a value is not finite is a fact. A value whose square is not finite counts as not
    finite, too. Such values at the end are only a hole, and not a lost run, if the run recovered from as many in a row
    before. A blow-up is measured from the best value b: the end counts as blown up when the median of the last quarter
    lies above everything before the best value. ``factor`` says by how much, as a multiple of the improvement until
    then. Needs no minimum number of points.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Values in order, lower being better; may hold NaN and ±Inf.

    Returns
    -------
    Divergence
        Nothing lost or blown up, for a curve without a point.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.divergence import divergence
    >>> divergence(np.array([2.0, 1.0, 0.5, np.nan, np.nan])).lost
    3
    >>> divergence(np.array([2.0, 1.0, 0.5, 1.0, 8.0, 9.0, 9.0, 9.0])).blown
    4
    """
    good = np.isfinite(y) & (np.abs(y) < LARGEST)
    n = y.size
    if n == 0:
        return Divergence(None, 0, None, 0.0)
    lost = last_hole(good)
    holes = int((~good[: lost if lost is not None else n]).sum())
    kept = np.flatnonzero(good)
    if kept.size < 4:
        return Divergence(lost, holes, None, 0.0)
    values = np.clip(y[kept], -1e300, 1e300)
    best = int(np.argmin(values))
    before = float(values[: best + 1].max())
    quarter = max(1, values.size // 4)
    end = float(np.median(values[-quarter:]))
    if end <= before or best >= values.size - 2:
        return Divergence(lost, holes, None, 0.0)
    low = float(values[best])
    above = np.flatnonzero(values[best:] <= before)
    blown = int(kept[min(best + int(above[-1]) + 1, kept.size - 1)])
    with np.errstate(over="ignore"):
        gained = before - low
        factor = (end - low) / gained if gained > 0 else np.inf
    return Divergence(lost, holes, blown, float(min(factor, 1e300)))
