"""What frameworks log by themselves: it is not the user's doing, and no curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tracker_diag.core.run import Series


def without_twins(metrics: Mapping[str, Series]) -> dict[str, Series]:
    """Leave out Keras 3's ``validation_*``, logged by MLflow at step 0 every epoch, where ``val_*`` exists.

    Parameters
    ----------
    metrics : mapping of str to Series
        By name.

    Returns
    -------
    dict of str to Series
        The others.
    """
    return {name: series for name, series in metrics.items() if not _is_twin(name, series, metrics)}


def _is_twin(name: str, series: Series, metrics: Mapping[str, Series]) -> bool:
    if not name.startswith("validation_") or f"val_{name.removeprefix('validation_')}" not in metrics:
        return False
    return not (series.steps if series.records is None else series.records.steps).any()


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
        The same, shortened where it was proved.

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
