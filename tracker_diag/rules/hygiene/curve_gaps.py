"""HY004 curve-gaps."""

from __future__ import annotations

import numpy as np

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.core.run import Run


@rule("HY004", "curve-gaps", evidence="C")
def curve_gaps(run: Run, *, wide: float = 10.0) -> Outcome:
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
    wide : distance of two steps, in multiples of the largest quarter of the others.

    References
    ----------
    Seminar: "Learning Curves".
    """
    seen: list[str] = []
    for name in sorted(run.metrics):
        series = run.metrics[name]
        seen += [f"{name}: {note}" for note in series.notes]
        if len(series) >= 12:
            # Log-spaced steps grow smoothly: each distance is set against its neighbours, not against the first.
            jump = np.diff(series.steps)
            if jump.max() <= wide * jump.min():
                continue
            typical = float(np.sort(jump)[jump.size // 2])
            usual = np.maximum(np.append(0.0, jump[:-1]), np.append(jump[1:], 0.0))
            holes = np.flatnonzero((jump > wide * usual) & (jump > wide * typical))
            if holes.size:
                at = series.steps[holes[0]]
                seen.append(f"{name}: nothing between steps {at:g} and {series.steps[holes[0] + 1]:g}")
    if not seen:
        return None
    shown = "; ".join(seen[:3]) + (f"; and {len(seen) - 3} more" if len(seen) > 3 else "")
    return Finding(
        "HY004", "curve-gaps", Severity.INFO, 1.0, shown, "pass the step explicitly when logging", {"notes": seen[:20]}
    )
