"""HY004 curve-gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tracker_diag.rules.api import Outcome, Series, Severity, rule

#: Points from which on the distances of a metric's steps have a usual one.
POINTS = 12
#: Notes, and metrics of each, that the message shows; notes that are kept as evidence.
SHOWN, KEPT = 3, 20


@rule("HY004", "curve-gaps", seen_as=("The tool says too little about my run",))
def curve_gaps(logged_metrics: Mapping[str, Series], *, wide: float = 10.0) -> Outcome:
    """Missing, repeated, unsorted or overwritten steps.

    What it measures
    ----------------
    The rule reports every correction that was needed to read the curves. It also reports gaps between neighbouring
    steps that are many times wider than usual.

    Why it matters
    --------------
    Resumed runs overwrite steps, crashed runs leave gaps, and logging without a step puts every value at step 0. The
    curve that is judged may then not be the one you meant.

    What to do
    ----------
    Pass the step explicitly, and start a new run (or a nested one) for each attempt.

    Thresholds
    ----------
    wide : a gap is reported if it is more than this many times as wide as the median distance of two steps, and as the
        distances next to it.

    References
    ----------
    Seminar: "Learning Curves".
    """
    seen: dict[str, list[str]] = {}
    for name in sorted(logged_metrics):
        for note in _notes(logged_metrics[name], wide):
            seen.setdefault(note, []).append(name)
    if not seen:
        return None
    said = [f"{note} ({_listed(names)})" for note, names in seen.items()]
    more = f"; and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
    return curve_gaps.finding(
        Severity.INFO,
        1.0,
        "; ".join(said[:SHOWN]) + more,
        "pass the step explicitly when you log a value, and start a new run for each attempt",
        {"notes": [f"{name}: {note}" for note, names in seen.items() for name in names][:KEPT]},
    )


def _notes(series: Series, wide: float) -> Iterator[str]:
    """What had to be corrected in a metric, and the first of its gaps."""
    yield from series.notes
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
        yield f"no values between steps {series.steps[holes[0]]:g} and {series.steps[holes[0] + 1]:g}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
