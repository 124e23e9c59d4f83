"""LC101 good-fit."""

from __future__ import annotations

from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.stats.gap import Gap
from tracker_diag.stats.plateau import plateau

#: Level of the equivalence test that shows rest.
ALPHA = 0.05
#: Part of the run over which rest is shown, as one over it: a third.
LAST = 3


@rule(
    "LC101",
    "good-fit",
    seen_as=("Nothing: it is fine, isn't it?",),
    unless=UNSETTLED,
    verdict=Verdict(110, "nothing above was found, and something was achieved"),
)
def good_fit(
    course: Curve,
    improvement: float,
    effect_unit: float,
    active: bool,
    traits: frozenset[str],
    train: Curve | None,
    val: Curve | None,
    end_gap: Gap | None,
    score_gap: float | None,
    *,
    small_gap: float = 0.25,
    small_score_gap: float = 0.2,
    rest: float = 0.05,
) -> Outcome:
    """Both losses fall to a point of stability, with a small gap.

    What it measures
    ----------------
    That something was achieved, how far validation lies from training at the end, and, by an equivalence test on the
    last third, whether the curve has come to rest. It is the verdict where no other rule on curves reports anything;
    those that were skipped are listed. Where only one curve was logged, a loss or a score, it is said of that one.

    Why it matters
    --------------
    "The plot of training loss decreases to a point of stability. The plot of validation loss decreases to a point of
    stability and has a small gap with the training loss."

    What to do
    ----------
    Nothing. Compare with other seeds before believing a small difference between such runs.

    Thresholds
    ----------
    small_gap : in units of the improvement achieved. Trees learn their training set by heart: with them any gap is one.
    rest : movement over the last third, in units of the improvement achieved, that still counts as rest (equivalence
        test at 5 %).
    small_score_gap : distance of the scores at the end, as a share of the better one; a small one excuses a larger
        gap of the losses.

    References
    ----------
    Seminar: "Learning Curves". Schuirmann (1987) for the equivalence test.
    """
    apart = end_gap.value / improvement if end_gap is not None else 0.0
    trees = "boosting" in traits
    if (
        apart * improvement > small_gap * effect_unit
        and not trees
        and not (score_gap is not None and score_gap < small_score_gap)
    ):
        return None
    curve = val or course
    last = -max(MINIMUM, curve.y.size // LAST)
    moves = plateau(curve.x[last:], curve.y[last:], margin=rest * improvement)
    gap = f"; the gap is {apart:.0%} of the improvement achieved" if end_gap is not None else ""
    return good_fit.finding(
        Severity.OK,
        0.9 if train is not None and val is not None else 0.6,
        _ends(course, train and val, moves.p_rest < ALPHA, active) + gap,
        "",
        {"gap": apart, "level": curve.shown(curve.tail), "p_rest": moves.p_rest},
    )


def _ends(course: Curve, val: Curve | None, rests: bool, active: bool) -> str:
    """Where the curve ends, or both do, and whether they rest there, in words."""
    if val is None:
        who, come, end, are = course.side, "comes", "ends", "is"
        at = f"{course.shown(course.tail):.4g}"
    else:
        who, come, end, are = "training and validation", "come", "end", "are"
        at = f"{course.shown(course.tail):.4g} and {val.shown(val.tail):.4g}"
    if rests:
        return f"{who} {come} to rest at {at}"
    if active:
        return f"{who} {are} sound so far, at {at}, and still on the way"
    return f"{who} {end} at {at}, and not much more is to be gained"
