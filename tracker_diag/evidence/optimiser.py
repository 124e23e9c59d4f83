"""Inputs that follow the optimiser: the learning rate, the gradient norm, and where both carry a curve."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tracker_diag.core.run import Series
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.resolve import Roles
from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.extrapolation import Extrapolation, extrapolate

#: A rate above this is none: a metric of another kind under its name.
HIGHEST_RATE = 1e6
#: A norm above this makes sums of its squares overflow.
HIGHEST_NORM = 1e150
#: Points of a logged rate that make a schedule.
POINTS_OF_SCHEDULE = 3
#: Share of its peak below which a rate has been annealed.
ANNEALED = 0.1
#: Share of its peak below which a rate moves nothing any more.
SETTLED = 0.01
#: Points that an extrapolation takes.
POINTS_TO_CARRY_ON = 5
_ANNEALING = ("cos", "linear", "poly", "onecycle", "one_cycle", "decay", "exp")


@rule_input(missing="no learning rate", log="learning_rate", evidence="C")
def rate_curve(roles: Roles) -> Series | None:
    """The learning rate as logged over steps; NaN where it is none."""
    series = roles.metrics.get("learning_rate")
    if series is None:
        return None
    is_rate = (series.values >= 0) & (series.values <= HIGHEST_RATE)
    return replace(series, values=np.where(is_rate, series.values, math.nan))


@rule_input(missing="no gradient norm", log="gradient_norm", evidence="G", unit="as logged")
def gradient_norm(roles: Roles) -> FloatArray | None:
    """The logged gradient norms that are finite and not so large that sums overflow, in order of steps, shape (n,)."""
    series = roles.metrics.get("gradient_norm")
    if series is None:
        return None
    norms: FloatArray = series.values[(series.values >= 0) & (series.values <= HIGHEST_NORM)]
    return norms if norms.size else None


@rule_input(missing="no schedule", evidence="CP")
def annealed(rate_curve: Series | None, params: Mapping[str, Any]) -> bool:
    """Whether the learning rate fell to less than a tenth of its peak, or a schedule that does so is configured."""
    if rate_curve is not None and len(rate_curve) >= POINTS_OF_SCHEDULE:
        good = rate_curve.values[np.isfinite(rate_curve.values)]
        return bool(good.size and good[-1] < ANNEALED * good.max())
    schedule = str(params.get("scheduler") or "").lower()
    return any(word in schedule for word in _ANNEALING)


@rule_input(missing="the rate never fell below a hundredth of its peak", evidence="C", unit="steps")
def settled_from(rate_curve: Series) -> float | None:
    """Last step with a learning rate of at least a hundredth of its peak; None if it stays above to the end."""
    if len(rate_curve) < POINTS_OF_SCHEDULE or np.isnan(rate_curve.values).all():
        return None
    low = np.flatnonzero(rate_curve.values >= SETTLED * np.nanmax(rate_curve.values))
    return float(rate_curve.steps[low[-1]]) if low.size and low[-1] < len(rate_curve) - 1 else None


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """How far the optimiser goes: the cumulative learning rate, or steps where it was constant.

    Attributes
    ----------
    steps, path : ndarray, shape (n,), or None
        The rate's path over its steps; None where steps count.
    """

    steps: FloatArray | None = None
    path: FloatArray | None = None

    def at(self, x: FloatArray) -> FloatArray:
        """How far it has gone at each of these steps, shape as theirs."""
        if self.steps is None or self.path is None or not self.path[-1] > 0:
            return x
        return np.interp(x, self.steps, self.path)


@rule_input(
    missing="the learning rate was annealed and not logged", log="log the learning rate at every epoch", evidence="C"
)
def clock(rate_curve: Series | None, annealed: bool) -> Clock | None:
    """How far the optimiser goes with the steps; None where the rate was annealed but not logged."""
    if rate_curve is None or len(rate_curve) < POINTS_OF_SCHEDULE or not np.isfinite(rate_curve.values).all():
        return None if annealed else Clock()
    return Clock(rate_curve.steps, np.cumsum(rate_curve.values * np.gradient(rate_curve.steps)))


def _carried_on(curve: Curve, clock: Clock) -> Extrapolation | None:
    if curve.x.size < POINTS_TO_CARRY_ON:
        return None
    return extrapolate(clock.at(curve.x), curve.y, floor=_floor(curve))


def _floor(curve: Curve) -> float:
    if curve.flipped:
        lowest = float(curve.y.min())
        return next((-most for most in (1.0, 100.0) if lowest >= -most), -math.inf)
    lowest, floor = float(curve.y.min()), curve.metric.best or 0.0
    if curve.metric.may_be_negative or lowest < 0:
        return -math.inf
    return floor if lowest >= floor else 0.0


_ANNEALED_OR_SHORT = "the learning rate was annealed and not logged, or the curve is too short to carry on"
_LOG_THE_RATE = "log the learning rate at every epoch"


@rule_input(missing=_ANNEALED_OR_SHORT, log=_LOG_THE_RATE, evidence="C")
def further(train: Curve | None, val: Curve | None, clock: Clock | None) -> Extrapolation | None:
    """What going on would bring to the validation curve (to training's, where there is none)."""
    curve = val or train
    return None if curve is None or clock is None else _carried_on(curve, clock)


@rule_input(missing=_ANNEALED_OR_SHORT, log=_LOG_THE_RATE, evidence="C")
def further_train(train: Curve, clock: Clock) -> Extrapolation | None:
    """What going on would bring to the training curve."""
    return _carried_on(train, clock)
