"""LC101 good-fit."""

from __future__ import annotations

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.course import Course
from tracker_diag.stats.gap import gap

CODE, NAME = "LC101", "good-fit"


@rule(CODE, NAME, evidence="C")
def good_fit(
    train: Course,
    scale: float,
    val: Course | None = None,
    train_score: Course | None = None,
    val_score: Course | None = None,
    *,
    small_gap: float = 0.28,
    small_score_gap: float = 0.2,
) -> Outcome:
    """Both losses fall to a point of stability, with a small gap.

    What it measures
    ----------------
    That something was achieved, and how far validation lies from training at the end. It is the verdict where no rule of trouble
    speaks: each of those has shown, with its own test, that there is nothing to report.

    Why it matters
    --------------
    "The plot of training loss decreases to a point of stability. The plot of validation loss decreases to a point of stability and has a small gap with the
    training loss."

    What to do
    ----------
    Nothing. Compare with other seeds before believing a small difference between such runs.

    Thresholds
    ----------
    small_gap : in units of the improvement achieved.
    small_score_gap : distance of the scores at the end, as a share of the better one; a small one excuses a larger gap of the losses.

    References
    ----------
    Seminar: "Learning Curves".
    """
    apart = gap(val.y, train.y).value / scale if val is not None else 0.0
    if apart > small_gap and not _close(train_score, val_score, small_score_gap):
        return None
    both = "training and validation" if val is not None else "training"
    level = (val or train).shown((val or train).tail)
    return Finding(
        CODE,
        NAME,
        Severity.OK,
        0.9 if val is not None else 0.6,
        f"{both} come to rest, at {level:.4g}"
        + (f"; the gap is {apart:.0%} of the improvement achieved" if val is not None else ""),
        "",
        {"gap": apart, "level": level},
    )


def _close(train_score: Course | None, val_score: Course | None, small: float) -> bool:
    if train_score is None or val_score is None or not (train_score.long_enough and val_score.long_enough):
        return False
    return gap(val_score.y, train_score.y).value < small * max(abs(train_score.tail), abs(val_score.tail))
