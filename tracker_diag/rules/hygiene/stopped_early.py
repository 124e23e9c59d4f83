"""HY008 stopped-early."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tracker_diag.evidence.ending import Ending
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
    *,
    worth: float = 0.05,
    fewest: int = 4,
    warned_from: int = 5,
) -> Outcome:
    """Ended as FAILED or KILLED, and how far it had come.

    What it measures
    ----------------
    For a run that the tracker has as FAILED or KILLED: the epochs, updates or rounds that were made of those that were
    planned, and whether the validation curve (training's where there is none, or it is too short) was still improving:
    the end is its best value, and the last values, or the four quarters of its second half, improve one after another.
    A warning only where it was, with less than nine tenths of the planned length made. Otherwise it is a remark: where
    the planned length was reached (MLflow marks runs FAILED that were trained to their end), where none was logged,
    where early stopping or a pruner ended the run.

    Why it matters
    --------------
    A run that was broken off is not what its parameters say: its last values are not its best, and comparing them with
    those of finished runs is unfair.

    What to do
    ----------
    Resume it from the last checkpoint, or run it again; log the planned length.

    Thresholds
    ----------
    worth : what the last values, or the second half, must have brought, in units of the improvement so far; less would
        not pay for going on.
    fewest : finite values of a curve that can show that it was still improving; three values fall one after another by
        chance once in six times.
    warned_from : finite values from which on it is a warning; the last four of five fall one after another to the
        lowest by chance once in 30 times. Autocorrelated values do so more often: there ``worth`` decides.

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
    said = f" while {curve.said} still {'rose' if curve.flipped else 'fell'}" if curve and improving else ""
    severity, advice = Severity.INFO, ""
    if ending.pruned:
        message = f"a pruner ended it{f' at {far}' if far else ''} ({ending.status})"
    elif ending.complete:
        message = f"marked {ending.status}, yet it came to its planned length: {far}"
    elif ending.by_patience:
        message = f"marked {ending.status}, yet early stopping had ended it{f' at {far}' if far else ''}"
    elif far:
        message = f"stopped at {far} ({ending.status}){said}"
        advice = "resume it from the last checkpoint, or run it again"
        enough = curve is not None and curve.finite[1].size >= warned_from
        severity = Severity.WARNING if improving and enough else Severity.INFO
    else:
        message = f"ended as {ending.status}{said}; no planned length is known in the unit of its steps"
        advice = f"log the planned length, e.g. as {'n_estimators' if 'boosting' in traits else 'epochs'}"
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
