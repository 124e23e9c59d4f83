"""Inputs that say how a run that is still going may end beside the comparable runs of its experiment."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tracker_diag.comparison.comparison import Comparison, Foretold
from tracker_diag.core.run import Run
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.ending import Progress, ending
from tracker_diag.evidence.optimiser import POINTS_TO_CARRY_ON, lowest_possible
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.resolve import Roles
from tracker_diag.stats.extrapolation import extrapolate
from tracker_diag.stats.forecast import Forecast, chance_below

#: Standard errors between the ends of a 90% interval.
NINETY = 3.29
#: Least deviation of a distance from the best: a curve that stands to the digit may still move.
LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class Chance:
    """The chance that a run ends among the best quarter of the comparable ones.

    Attributes
    ----------
    value : float
        From 0 to 1.
    progress : Progress
        How much of the planned length was seen.
    ends : float
        Where its curve leads, carried on to the planned length, turned so that lower is better.
    foretold : Foretold
        What its parameters foretell of its end.
    comparison : Comparison
        What is compared.
    """

    value: float
    progress: Progress
    ends: float
    foretold: Foretold
    comparison: Comparison


@rule_input(missing="the run has ended")
def going(active: bool) -> bool | None:
    """True for a run that may still log."""
    return active or None


@rule_input(missing="the run has ended, or its planned length is not known", log="epochs", evidence="CPX")
def seen_so_far(
    run: Run, roles: Roles, n_train: int | None, comparison: Comparison, val_loss: Curve | None, val_score: Curve | None
) -> Progress | None:
    """How much of the planned length the curve covers by which a run that is still going is compared."""
    role = comparison.measure.role
    curve = val_loss if role == "val_loss" else val_score
    if not run.active or curve is None:
        return None
    so_far = ending(replace(run, status="FINISHED"), roles, n_train)
    if so_far is None or so_far.progress is None:
        return None
    # Between the rungs of the ladder by which a growing curve is judged, the last values are not looked at.
    steps = roles.metrics[role].steps
    spacing = float(curve.steps[-1] - curve.steps[0]) / (curve.steps.size - 1)
    first = spacing if steps[0] < spacing / 2 else 0.0
    part = (float(curve.steps[-1]) + first) / (float(steps[-1]) + first)
    return replace(so_far.progress, reached=part * so_far.progress.reached)


@rule_input(missing="too few comparable runs have ended, or the curve is too short")
def chance(
    comparison: Comparison, seen_so_far: Progress, val_loss: Curve | None, val_score: Curve | None
) -> Chance | None:
    """The chance that the run ends among the best quarter of the comparable runs that have ended.

    From its parameters, by the surface through those runs, and from its own curve, carried on to the planned length.
    Missing with fewer than five finite values, and where the last is none.
    """
    foretold = comparison.foretold
    curve = val_loss if comparison.measure.role == "val_loss" else val_score
    if foretold is None or curve is None or not seen_so_far.reached > 0:
        return None
    if not math.isfinite(curve.raw[-1]) or curve.y.size < POINTS_TO_CARRY_ON:
        return None
    # To one digit: the shapes carried on to each horizon are kept.
    horizon = max(1.0, round(seen_so_far.planned / seen_so_far.reached, 1))
    further = extrapolate(curve.x, curve.y, floor=lowest_possible(curve), horizon=horizon)
    ends = curve.tail - further.gain
    # What the end is expected to be, and the noise of the value that is logged there and of the last ones now.
    error = math.hypot((further.high - further.low) / NINETY, math.sqrt(2) * curve.noise.sigma)
    distance = foretold.distance(ends)
    by_curve = Forecast(distance, max(LEAST, error / (foretold.unit * math.exp(distance))))
    value = chance_below(foretold.distance(foretold.among_best), foretold.end, by_curve)
    return Chance(value, seen_so_far, ends, foretold, comparison)
