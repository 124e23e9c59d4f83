"""HY002 too-few-points."""

from __future__ import annotations

from tracker_diag.rules.api import Curve, Outcome, Severity, rule


@rule("HY002", "too-few-points", seen_as=("The tool says too little about my run",))
def too_few_points(any_curve: Curve, traits: frozenset[str], any_val: Curve | None, *, enough: int = 8) -> Outcome:
    """A curve has too few values to be judged.

    What it measures
    ----------------
    The rule counts the finite values of the training and the validation curve that the verdict is based on. A metric
    that was logged only once is not a curve, and is not reported.

    Why it matters
    --------------
    With fewer than eight values, a trend cannot be told from noise. With fewer than four, nothing can be said.

    What to do
    ----------
    Log more often. If there are few epochs, log several times per epoch.

    Thresholds
    ----------
    enough : curves with fewer values than this are reported.

    References
    ----------
    Seminar: "Learning Curves".
    """
    courses = (any_curve,) if any_val is None or any_val is any_curve else (any_curve, any_val)
    short = [(c.name, c.finite[1].size) for c in courses if c.finite[1].size < enough and c.divergence.lost is None]
    if not short:
        return None
    return too_few_points.finding(
        Severity.INFO,
        1.0,
        "only " + " and ".join(f"{n} value{'' if n == 1 else 's'} of {name}" for name, n in short),
        "log every round" if "boosting" in traits else "log several times per epoch",
        {"points": dict(short)},
    )
