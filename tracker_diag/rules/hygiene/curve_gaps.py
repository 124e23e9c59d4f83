"""HY004 curve-gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tracker_diag.rules.api import Outcome, Series, Severity, rule

#: Points from which on the distances of a metric's steps have a usual one.
POINTS = 12
#: Notes that the message shows, and that are kept as evidence.
SHOWN, KEPT = 3, 20


@rule("HY004", "curve-gaps", seen_as=("The tool says too little about my run",))
def curve_gaps(logged_metrics: Mapping[str, Series], *, wide: float = 10.0) -> Outcome:
    """Missing, repeated, unsorted or overwritten steps.

    What it measures
    ----------------
    What had to be put right when the curves were read, and distances between neighbouring steps that are many times
    the usual one.

    Why it matters
    --------------
    Resumed runs overwrite steps, crashed ones leave holes, callers who pass no step put everything at 0: what is
    judged may not be what was meant.

    What to do
    ----------
    Pass the step explicitly, and a new run (or a nested one) for each attempt.

    Thresholds
    ----------
    wide : distance of two steps, in multiples of the median distance and of those on either side.

    References
    ----------
    Seminar: "Learning Curves".
    """
    seen = [note for name in sorted(logged_metrics) for note in _notes(name, logged_metrics[name], wide)]
    if not seen:
        return None
    more = f"; and {len(seen) - SHOWN} more" if len(seen) > SHOWN else ""
    return curve_gaps.finding(
        Severity.INFO,
        1.0,
        "; ".join(seen[:SHOWN]) + more,
        "pass the step explicitly when logging",
        {"notes": seen[:KEPT]},
    )


def _notes(name: str, series: Series, wide: float) -> Iterator[str]:
    """What had to be put right in a metric, and the first of its holes."""
    for note in series.notes:
        yield f"{name}: {note}"
    if len(series) < POINTS:
        return
    jump = np.diff(series.steps)
    if jump.max() <= wide * jump.min():
        return
    # Log-spaced steps grow smoothly: each distance is set against its neighbours, not against the first.
    typical = float(np.sort(jump)[jump.size // 2])
    usual = np.maximum(np.append(0.0, jump[:-1]), np.append(jump[1:], 0.0))
    holes = np.flatnonzero((jump > wide * usual) & (jump > wide * typical))
    if holes.size:
        yield f"{name}: nothing between steps {series.steps[holes[0]]:g} and {series.steps[holes[0] + 1]:g}"
