"""HY002 too-few-points."""

from __future__ import annotations

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.course import Course


@rule("HY002", "too-few-points", evidence="C")
def too_few_points(
    curves_exist: bool, any_train: Course | None = None, any_val: Course | None = None, *, enough: int = 8
) -> Outcome:
    """A curve has too few points for its statistics.

    What it measures
    ----------------
    The number of finite values of the curves the verdict rests on. A metric logged once is no curve, and is not
    complained about.

    Why it matters
    --------------
    With fewer than eight values, noise cannot be told from a course; with fewer than four nothing can be said.

    What to do
    ----------
    Log more often: several times an epoch where there are few epochs.

    Thresholds
    ----------
    enough : values of a curve.

    References
    ----------
    Seminar: "Learning Curves".
    """
    short = [
        (c.name, c.finite[1].size)
        for c in (any_train, any_val)
        if c is not None and c.finite[1].size < enough and c.divergence.lost is None
    ]
    if not short:
        return None
    return Finding(
        "HY002",
        "too-few-points",
        Severity.INFO,
        1.0,
        "few values: " + ", ".join(f"{name} has {n}" for name, n in short),
        "log several times an epoch",
        {"points": dict(short)},
    )
