"""HY008 stopped-early."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tracker_diag.evidence.ending import Ending
from tracker_diag.evidence.lost import Lost
from tracker_diag.rules.api import Curve, Outcome, Severity, rule
from tracker_diag.stats.arrays import FloatArray

#: Stretches of the second half of a curve, each of which must lie below the one before: a curve at rest does so by
#: chance once in 24 times.
STRETCHES = 4
#: Values from which on the second half alone is asked; of fewer, all are.
POINTS_OF_HALVES = 8


@rule("HY008", "stopped-early", seen_as=("My loss still falls when training ends",))
def stopped_early(
    ending: Ending,
    traits: frozenset[str],
    any_train: Curve | None,
    any_val: Curve | None,
    lost: Lost | None,
    *,
    worth: float = 0.05,
    fewest: int = 4,
    warned_from: int = 5,
) -> Outcome:
    """The run ended as FAILED or KILLED; the message says how far it had come.

    What it measures
    ----------------
    For a run that the tracker marks as FAILED or KILLED, the rule reports how many of the planned epochs, updates or
    rounds were done. It also checks whether the validation curve was still improving. (If there is none, or it is too
    short, the training curve is used.) A curve is still improving if its end is its best value, and each of its last
    four values is better than the one before. With eight values or more, the means of the four quarters of its second
    half are compared instead.

    The finding is a warning only if the curve was improving and less than 90% of the planned length was done. Otherwise
    its severity is `info`. That includes runs that reached their planned length (MLflow marks some of them FAILED),
    runs without a logged length, and runs that early stopping or a pruner ended.

    Why it matters
    --------------
    The parameters of an interrupted run do not describe it. Its last values are not the best it could reach, and
    comparing them with those of finished runs is unfair.

    What to do
    ----------
    Resume the run from the last checkpoint, or run it again. Log the planned length.

    Thresholds
    ----------
    worth : how much the last four values, or the second half, must have improved, as a share of the range of the curve.
        Less would not justify going on.
    fewest : number of finite values that a curve needs to show that it was still improving. Three values fall one after
        another by chance once in six times.
    warned_from : number of finite values that a warning needs. The last four of five values fall one after another to
        the lowest by chance once in 30 times. Autocorrelated values do so more often; ``worth`` then decides.

    References
    ----------
    Seminar: "Underfitting" (halted prematurely), "Learning Curves".
    """
    if not ending.failed:
        return None
    long = [c for c in (any_val, any_train) if c is not None and c.finite[1].size >= fewest]
    curve = long[0] if long else None
    improving = curve is not None and _improves(curve, worth)
    progress = ending.progress
    far = "" if progress is None else f"{progress.unit} {progress.reached:g} of {progress.planned:g}"
    said = f" while {curve.said} was still {'rising' if curve.flipped else 'falling'}" if curve and improving else ""
    severity, advice = Severity.INFO, ""
    if ending.pruned:
        message = f"stopped by a pruner{f' at {far}' if far else ''} ({ending.status})"
    elif ending.complete:
        message = f"marked {ending.status} after reaching its planned length ({far})"
    elif ending.by_patience:
        message = f"marked {ending.status}, although early stopping ended it{f' at {far}' if far else ''}"
    elif far:
        message = f"stopped at {far} ({ending.status}){said}"
        advice = (
            "repair what made the loss blow up, then run it again"
            if lost is not None
            else "find out why it stopped, then resume from the last checkpoint or run it again"
        )
        enough = curve is not None and curve.finite[1].size >= warned_from
        severity = Severity.WARNING if improving and enough else Severity.INFO
    else:
        message = f"ended as {ending.status}{said}; the planned length is not logged in the unit of the steps"
        advice = f"log the planned length, for example as {'n_estimators' if 'boosting' in traits else 'epochs'}"
    return stopped_early.finding(
        severity,
        0.8 if severity is Severity.WARNING else 1.0,
        message,
        advice,
        {"status": ending.status, "share": ending.share, "improving": improving, "pruned": ending.pruned},
    )


def _improves(curve: Curve, worth: float) -> bool:
    """Whether the end is the best there was, and what came last improved stretch by stretch, by enough."""
    values = curve.finite[1]
    if not np.isfinite(curve.raw[-1]):
        return False
    half = values.size // 2 if values.size >= POINTS_OF_HALVES else max(0, values.size - STRETCHES)
    before, late = _levels(values[:half]), _levels(values[half:])
    falls = all(b < a for a, b in pairwise(late))
    return falls and late[-1] < min(before, default=np.inf) and late[0] - late[-1] >= worth * float(np.ptp(values))


def _levels(values: FloatArray) -> list[float]:
    return [float(part.mean()) for part in np.array_split(values, min(STRETCHES, values.size) or 1) if part.size]
