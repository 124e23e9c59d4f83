"""LC101 good-fit."""

from __future__ import annotations

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.rule import UNSETTLED, Outcome, rule
from tracker_diag.stats.course import Course
from tracker_diag.stats.gap import Gap
from tracker_diag.stats.plateau import plateau

CODE, NAME = "LC101", "good-fit"


@rule(CODE, NAME, evidence="C", unless=UNSETTLED)
def good_fit(
    train: Course,
    scale: float,
    unit: float,
    val: Course | None = None,
    end_gap: Gap | None = None,
    score_gap: float | None = None,
    active: bool = False,
    traits: frozenset[str] = frozenset(),
    *,
    small_gap: float = 0.25,
    small_score_gap: float = 0.2,
    rest: float = 0.05,
) -> Outcome:
    """Both losses fall to a point of stability, with a small gap.

    What it measures
    ----------------
    That something was achieved, how far validation lies from training at the end, and, by an equivalence test on the
    last third, whether the curve has come to rest. It is the verdict where no rule of trouble speaks: each of those
    has shown, with its own test, that there is nothing to report.

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
    apart = end_gap.value / scale if end_gap is not None else 0.0
    trees = "boosting" in traits
    if apart * scale > small_gap * unit and not trees and not (score_gap is not None and score_gap < small_score_gap):
        return None
    both = "training and validation" if val is not None else "training"
    course = val or train
    last = -max(4, course.y.size // 3)
    moves = plateau(course.x[last:], course.y[last:], margin=rest * scale)
    level = course.shown(course.tail)
    at = f"{train.shown(train.tail):.4g} and {level:.4g}" if val is not None else f"{level:.4g}"
    ends = (
        f"{both} {'come' if val is not None else 'comes'} to rest at {at}"
        if moves.p_rest < 0.05
        else f"{both} {'end' if val is not None else 'ends'} at {at}, and not much more is to be gained"
    )
    if active and moves.p_rest >= 0.05:
        ends = f"{both} {'are' if val is not None else 'is'} sound so far, at {at}, and still on the way"
    return Finding(
        CODE,
        NAME,
        Severity.OK,
        0.9 if val is not None else 0.6,
        ends + (f"; the gap is {apart:.0%} of the improvement achieved" if val is not None else ""),
        "",
        {"gap": apart, "level": level, "p_rest": moves.p_rest},
    )
