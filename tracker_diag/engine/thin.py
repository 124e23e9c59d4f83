"""Thin a curve for drawing without losing what the eye looks for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tracker_diag.core.report import DrawnCurve

#: Points below which a curve cannot keep its extremes.
FEWEST = 8


def thin_curve(name: str, role: str, steps: ArrayLike, values: ArrayLike, n: int = 400) -> DrawnCurve:
    """Keep the lowest and the highest value of each bucket of neighbouring points, and where values stop being finite.

    The buckets hold equally many points, so that a curve logged densely at first keeps its beginning. A spike of one
    point survives, which no averaging or striding promises (compare the M4 aggregation of Jugel et al., 2014, of which
    this is the part that matters where a bucket is narrower than a pixel).

    Parameters
    ----------
    name, role : str
        The metric's name and what it was taken for.
    steps, values : array_like, shape (m,)
        As logged. Steps that are not finite are left out; of a repeated step the last value counts.
    n : int
        At most so many points come back; at least 8.

    Returns
    -------
    DrawnCurve
        Steps strictly increasing; ``n`` is m.

    Raises
    ------
    ValueError
        If steps and values differ in length, or n is below 8.
    """
    step = np.asarray(steps, dtype=np.float64).ravel()
    value = np.asarray(values, dtype=np.float64).ravel()
    if step.size != value.size:
        raise ValueError(f"{name}: {step.size} steps but {value.size} values: give as many of both")
    if n < FEWEST:
        raise ValueError(f"n is {n}: give at least {FEWEST} points")
    logged = value.size
    known = np.isfinite(step)
    order = np.argsort(step[known], kind="stable")
    step, value = step[known][order], value[known][order]
    last = np.append(np.diff(step) > 0, True)[: step.size]
    step, value = step[last], value[last]
    if step.size > n:
        kept = _extremes(value, n)
        step, value = step[kept], value[kept]
    return DrawnCurve(name, role, tuple(step.tolist()), tuple(value.tolist()), logged)


def _extremes(value: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    """Find the first and last point and of each bucket's extremes, by index."""
    finite = np.isfinite(value)
    buckets = (n - 2) // (2 if finite.all() else 4)
    kept = [0, value.size - 1]
    for bucket in np.array_split(np.arange(value.size), buckets):
        good, bad = bucket[finite[bucket]], bucket[~finite[bucket]]
        if good.size:
            kept += [good[np.argmin(value[good])], good[np.argmax(value[good])]]
        if bad.size:
            kept += [bad[0], bad[-1]]
    return np.unique(np.asarray(kept, dtype=np.intp))
