"""Logged points to curves: the same from every kind of store, and without what MLflow's autologging adds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

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

    They are put in order (:func:`in_order`). Left out are system metrics; Keras 3's ``validation_*``, logged at step 0
    every epoch, where ``val_*`` exists; and the extra last point by which early stopping repeats the best or restored
    value (:func:`without_restored_point`).

    Parameters
    ----------
    points : mapping of str to Points
        By metric.

    Returns
    -------
    dict of str to Series
        What was left out of a metric is said in the notes of the series it would have misled.
    """
    stuck = {
        name: twin
        for name, logged in points.items()
        if name.startswith("validation_")
        and (twin := f"val_{name.removeprefix('validation_')}") in points
        and not logged.steps.any()
    }
    series: dict[str, Series] = {}
    for name in sorted(points):
        if name.startswith(SYSTEM) or name in stuck:
            continue
        logged = in_order(points[name])
        series[name] = Series.from_points(
            name,
            logged.steps,
            np.where(np.abs(logged.values) >= _CLAMPED, np.copysign(np.inf, logged.values), logged.values),
            logged.milliseconds / 1000.0,
        )
    for name, twin in stuck.items():
        note = f"{name}, logged at step 0 every time, was left out"
        series[twin] = replace(series[twin], notes=(*series[twin].notes, note))
    return without_restored_point(series)


def without_restored_point(series: Mapping[str, Series]) -> dict[str, Series]:
    """Drop the last point by which early stopping repeats an earlier value.

    MLflow's autologging of XGBoost, LightGBM and Keras logs the value of the best iteration, or the restored epoch,
    once more, one step after the last. A curve would seem to recover at its end. The point is dropped only where it is
    proved to be the repetition: it lies at that step, and equals the value at the step it repeats.

    Parameters
    ----------
    series : mapping of str to Series
        All metrics of the run; ``stopped_iteration`` and ``best_iteration``, or ``stopped_epoch`` and
        ``restored_epoch``, say where to look.

    Returns
    -------
    dict of str to Series
        With a note on each curve that was shortened.

    References
    ----------
    ``mlflow.xgboost``, ``mlflow.lightgbm`` and ``mlflow.tensorflow`` autologging, MLflow 3.17.
    """
    cleaned = dict(series)
    for extra, repeated in _restorations(series):
        for name, curve in cleaned.items():
            if len(curve) < 3 or curve.steps[-1] != extra:
                continue
            at = int(np.searchsorted(curve.steps, repeated))
            if at < len(curve) - 1 and curve.steps[at] == repeated and curve.values[at] == curve.values[-1]:
                cleaned[name] = replace(
                    curve,
                    steps=curve.steps[:-1],
                    values=curve.values[:-1],
                    seconds=None if curve.seconds is None else curve.seconds[:-1],
                    notes=(
                        *curve.notes,
                        f"the last point repeated the value restored from step {repeated:g}: left out",
                    ),
                )
    return cleaned


def _restorations(series: Mapping[str, Series]) -> list[tuple[float, float]]:
    """(step of the extra point, step it repeats), for each way of logging it."""

    def last(name: str) -> float | None:
        curve = series.get(name)
        return float(curve.values[-1]) if curve is not None and len(curve) else None

    found: list[tuple[float, float]] = []
    iteration, best = last("stopped_iteration"), last("best_iteration")
    if iteration is not None and best is not None:
        # XGBoost counts iterations from 0, LightGBM from 1 while its steps start at 0.
        found += [(iteration + 1, best), (iteration, best - 1)]
    epoch, restored = last("stopped_epoch"), last("restored_epoch")
    if epoch is not None and restored is not None:
        found.append((epoch + 1, restored))
    return found
