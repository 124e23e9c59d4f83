"""Inputs that follow the optimiser: the learning rate, the gradient norm, and where both carry a curve."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tracker_diag.core.run import Series
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.ending import Ending, Progress
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.layer_signals import LayerSignals
from tracker_diag.roles.resolve import Roles
from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.extrapolation import DOUBT, Extrapolation, extrapolate

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
#: Times its lowest so far that a rate is raised to by a restart: less is a schedule that wavers.
RAISED_AGAIN = 1.5
#: The doubt of an extrapolation where the rate was annealed: going on means another run over a longer schedule, and
#: part of the last fall came from the rate's, not from the way gone. Of networks trained over a schedule and over twice
#: that with a high rate (``scripts/stretched``), 0.3 put ``low`` above the truth in 17%, 0.45 in 9%; with a low rate
#: in 4 and 2%. Carried on over steps instead, 14 and 69% of the intervals hold the truth, over the rate 97 and 86%.
DOUBT_OF_A_SCHEDULE = 0.45
#: Share of its peak at which an annealed rate has come to its end: schedules end at 0, or at a hundredth, and their
#: last records come a little before.
RAN_OUT = 0.05
#: Part of the run that warming up takes, as one over it, before the peak: a tenth.
WARM_UP = 10
#: Share by which rates may differ that are meant to be the same.
ROUNDING = 1e-6
_CONSTANT = re.compile(r"(?:schedulertype)?constant")
_TO_NOTHING = re.compile(r"cosine|onecycle|poly|linear(?:decay|schedule|withwarmup)|^(?:schedulertype)?linear$")
#: Parameters that say how long a schedule takes.
_PERIOD = re.compile(r"(?:tmax|decaysteps)$")
_ANNEALING = ("cos", "linear", "poly", "onecycle", "one_cycle", "decay", "exp")


@rule_input(missing="no learning rate curve found", log="learning_rate", evidence="C")
def rate_curve(roles: Roles) -> Series | None:
    """The learning rate as logged over steps; NaN where it is none."""
    series = roles.metrics.get("learning_rate")
    if series is None:
        return None
    is_rate = (series.values >= 0) & (series.values <= HIGHEST_RATE)
    return replace(series, values=np.where(is_rate, series.values, math.nan))


@rule_input(missing="no gradient norm found", log="gradient_norm", evidence="G", unit="as logged")
def gradient_norm(roles: Roles, layer_figures: LayerSignals | None) -> FloatArray | None:
    """The logged gradient norms that are finite and not so large that sums overflow, in order of steps, shape (n,).

    Of all weights together; where no metric of the run is that, what a callback logged, or the root of the sum of
    squares of what was logged by layer.
    """
    series = roles.metrics.get("gradient_norm")
    if series is None and layer_figures is not None:
        series = layer_figures.gradient_norm
    if series is None:
        return None
    norms: FloatArray = series.values[(series.values >= 0) & (series.values <= HIGHEST_NORM)]
    return norms if norms.size else None


@rule_input(missing="no learning rate schedule found", evidence="CP")
def annealed(rate_curve: Series | None, params: Mapping[str, Any]) -> bool:
    """Whether the learning rate fell to less than a tenth of its peak, or a schedule that does so is configured."""
    if rate_curve is not None and len(rate_curve) >= POINTS_OF_SCHEDULE:
        good = rate_curve.values[np.isfinite(rate_curve.values)]
        return bool(good.size and good[-1] < ANNEALED * good.max())
    schedule = str(params.get("scheduler") or "").lower()
    return any(word in schedule for word in _ANNEALING)


@rule_input(missing="the learning rate never fell below 1% of its peak", evidence="C", unit="steps")
def settled_from(rate_curve: Series) -> float | None:
    """Last step with a learning rate of at least a hundredth of its peak; None if it stays above to the end."""
    if len(rate_curve) < POINTS_OF_SCHEDULE or np.isnan(rate_curve.values).all():
        return None
    low = np.flatnonzero(rate_curve.values >= SETTLED * np.nanmax(rate_curve.values))
    return float(rate_curve.steps[low[-1]]) if low.size and low[-1] < len(rate_curve) - 1 else None


@rule_input(missing="neither the logged learning rate nor a schedule shows that it decayed to almost 0", evidence="CP")
def schedule_ran_out(
    rate_curve: Series | None, params: Mapping[str, Any], logged_params: Mapping[str, Any], ending: Ending | None
) -> bool | None:
    """Whether the rate was annealed over the run and is at its end, as logged or configured; None where neither tells.

    A logged rate has run out where it ends, or would at one record more, at no more than a twentieth of its peak, and
    was at a tenth of it or more for half of the run: one that was gone before moved nothing since. A configured
    schedule has where it goes to nothing over the run, and the planned length was reached.
    """
    if rate_curve is not None and np.isfinite(rate_curve.values).sum() >= POINTS_OF_SCHEDULE:
        return _ran_out(rate_curve)
    if _CONSTANT.match(_schedule(params)):
        return False
    if ending is None or ending.progress is None or not _goes_to_nothing(params, logged_params, ending.progress):
        return None
    return ending.complete


def _ran_out(rate_curve: Series) -> bool:
    good = np.isfinite(rate_curve.values)
    steps, values = rate_curve.steps[good], rate_curve.values[good]
    # The rate of the biases may begin far above the others', and come down to them as these warm up.
    peak, low = float(values[values.size // WARM_UP + 1 :].max()), float(values[-1])
    falls = -np.diff(values[-3:])
    if falls[0] >= (1 - ROUNDING) * falls[1]:
        # A fall that does not quicken goes on: logged at the start of each of n epochs, a rate that falls to zero in a
        # straight line ends at an nth of its peak.
        low -= max(0.0, float(falls[1]))
    lasts = np.gradient(steps)
    at_work = float(lasts[values >= (1 - ROUNDING) * ANNEALED * peak].sum())
    return peak > 0 and low <= RAN_OUT * peak and at_work >= float(lasts.sum()) / 2


def _schedule(params: Mapping[str, Any]) -> str:
    """The letters of the schedule's name."""
    return re.sub(r"[^a-z]", "", str(params.get("scheduler") or "").lower())


def _goes_to_nothing(params: Mapping[str, Any], logged_params: Mapping[str, Any], progress: Progress) -> bool:
    """Whether a schedule is configured that goes gradually to nothing, once over the planned length."""
    name = _schedule(params)
    if not _TO_NOTHING.search(name) or "restart" in name:
        return False
    floor, peak = params.get("min_learning_rate") or 0.0, params.get("learning_rate")
    if floor and (not isinstance(peak, int | float) or floor > RAN_OUT * peak):
        return False
    periods = [value for key, value in logged_params.items() if _PERIOD.search(re.sub(r"[^a-z]", "", key.lower()))]
    return all(str(value).strip() in (f"{progress.planned:g}", f"{progress.planned:.1f}") for value in periods)


@rule_input(missing="no learning rate schedule found", evidence="CP")
def restarts(params: Mapping[str, Any], rate_curve: Series | None) -> bool:
    """Whether the schedule raises the rate again on its way, as warm restarts and cycles do."""
    schedule = str(params.get("scheduler") or "").lower()
    if any(word in schedule for word in ("restart", "cycl", "sgdr")):
        return True
    if rate_curve is None or len(rate_curve) < POINTS_OF_SCHEDULE:
        return False
    rates = rate_curve.values[np.isfinite(rate_curve.values)]
    if not rates.size:
        return False
    since_peak = rates[int(np.argmax(rates)) :]
    return bool((since_peak > RAISED_AGAIN * np.minimum.accumulate(since_peak)).any())


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
    missing="the learning rate was annealed but not logged",
    log="log the learning rate each epoch, e.g. as learning_rate",
    evidence="C",
)
def clock(rate_curve: Series | None, annealed: bool) -> Clock | None:
    """How far the optimiser goes with the steps; None where the rate was annealed but not logged."""
    if rate_curve is None or len(rate_curve) < POINTS_OF_SCHEDULE or not np.isfinite(rate_curve.values).all():
        return None if annealed else Clock()
    return Clock(rate_curve.steps, np.cumsum(rate_curve.values * np.gradient(rate_curve.steps)))


def _carried_on(curve: Curve, clock: Clock, annealed: bool) -> Extrapolation | None:
    if curve.x.size < POINTS_TO_CARRY_ON:
        return None
    doubt = DOUBT_OF_A_SCHEDULE if annealed else DOUBT
    return extrapolate(clock.at(curve.x), curve.y, floor=lowest_possible(curve), doubt=doubt)


def lowest_possible(curve: Curve) -> float:
    """Give what the curve cannot fall below, turned so that lower is better; minus infinity where nothing is known."""
    if curve.flipped:
        lowest = float(curve.y.min())
        return next((-most for most in (1.0, 100.0) if lowest >= -most), -math.inf)
    lowest, floor = float(curve.y.min()), curve.metric.best or 0.0
    if curve.metric.may_be_negative or lowest < 0:
        return -math.inf
    return floor if lowest >= floor else 0.0


_ANNEALED_OR_SHORT = "the learning rate was annealed but not logged, or the curve is too short to extrapolate"
_LOG_THE_RATE = "log the learning rate each epoch, e.g. as learning_rate"


@rule_input(missing=_ANNEALED_OR_SHORT, log=_LOG_THE_RATE, evidence="C")
def further(train: Curve | None, val: Curve | None, clock: Clock | None, annealed: bool) -> Extrapolation | None:
    """What going on would bring to the validation curve (to training's, where there is none).

    Where the rate was annealed, the same schedule over twice the length: what is left of the rate itself would bring
    nothing.
    """
    curve = val or train
    return None if curve is None or clock is None else _carried_on(curve, clock, annealed)


@rule_input(missing=_ANNEALED_OR_SHORT, log=_LOG_THE_RATE, evidence="C")
def further_train(train: Curve, clock: Clock, annealed: bool) -> Extrapolation | None:
    """What going on would bring to the training curve."""
    return _carried_on(train, clock, annealed)
