"""Logged points to curves: the same from every kind of store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tracker_diag.core.run import Series
from tracker_diag.stats.arrays import FloatArray

SYSTEM = "system/"
# SQL stores clamp ±Inf to the largest double; databases print it with more or fewer digits.
_CLAMPED = 1.797e308


@dataclass(frozen=True, slots=True)
class Points:
    """The points of one metric, in any order.

    Attributes
    ----------
    steps, values, milliseconds : ndarray of float64, shape (n,)
        ``milliseconds`` since the epoch.
    """

    steps: FloatArray
    values: FloatArray
    milliseconds: FloatArray


def unclamped(value: float) -> float:
    """Give back an infinity that a SQL store clamped to the largest double."""
    return math.copysign(math.inf, value) if abs(value) >= _CLAMPED else value


def in_order(points: Points) -> Points:
    """Sort points by time, step and value, the one order that every kind of store can give, and drop duplicates.

    That is by time, then step, then value, as MLflow's servers answer. Folders keep the order of writing as well,
    PostgreSQL keeps none, and tables hold a point that was logged twice only once: what is found out about a run must
    not depend on where it is kept. Steps that were logged out of order stay so, unless it was within a millisecond.
    """
    if (np.diff(points.milliseconds) > 0).all():
        return points
    # Tables hold NaN as a 0 with a mark.
    is_nan = np.isnan(points.values)
    order = np.lexsort((is_nan, np.where(is_nan, 0.0, points.values), points.steps, points.milliseconds))
    logged = np.stack([points.steps, points.values, points.milliseconds])[:, order]
    nan = np.isnan(logged)
    again = ((logged[:, 1:] == logged[:, :-1]) | (nan[:, 1:] & nan[:, :-1])).all(axis=0)
    return Points(*logged[:, np.append(True, ~again)])


def curves(points: Mapping[str, Points]) -> dict[str, Series]:
    """Turn the points of a run into curves.

    They are put in order (:func:`in_order`). System metrics are left out.

    Parameters
    ----------
    points : mapping of str to Points
        By metric.

    Returns
    -------
    dict of str to Series
        By name.
    """
    series: dict[str, Series] = {}
    for name in sorted(points):
        if name.startswith(SYSTEM):
            continue
        logged = in_order(points[name])
        series[name] = Series.from_points(
            name,
            logged.steps,
            np.where(np.abs(logged.values) >= _CLAMPED, np.copysign(np.inf, logged.values), logged.values),
            logged.milliseconds / 1000.0,
        )
    return series
