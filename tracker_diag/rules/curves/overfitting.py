"""LC104 overfitting."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.rule import UNSETTLED, Outcome, rule
from tracker_diag.stats.course import Course
from tracker_diag.stats.trend import trend

CODE, NAME = "LC104", "overfitting"


@rule(CODE, NAME, evidence="C", unless=UNSETTLED)
def overfitting(
    train: Course,
    val: Course,
    scale: float,
    rises: Mapping[str, float],
    val_score: Course | None = None,
    level: float = 1.0,
    *,
    minimum_rise: float = 0.06,
    alpha: float = 0.01,
) -> Outcome:
    """Validation turned and rises while training still improves.

    What it measures
    ----------------
    The mean of the last tenth of the validation curve against its lowest tenth, in units of the improvement achieved,
    with a p-value that allows for the choice of the lowest place. The training curve must not have got worse since:
    otherwise the whole run is coming apart, which is another trouble. Where a validation score still improves
    significantly since the turn, it is overconfidence, and an `info`.

    Why it matters
    --------------
    "A model has learned the training dataset too well, including statistical noise": each further step makes it worse
    on what it has not seen.

    What to do
    ----------
    Keep the checkpoint of the best step; stop early; then regularise (dropout, weight decay, augmentation), use more
    data, or a smaller network.

    Thresholds
    ----------
    minimum_rise : in units of the improvement achieved. Less is not worth anyone's attention,
        however significant.
    alpha : level of the test "at rest since its minimum".

    References
    ----------
    Seminar: "Overfitting". Prechelt (1998), Early stopping — but when?, LNCS 1524:55, generalisation loss.
    """
    turn = val.turning
    rise = turn.rise / scale
    if rise < minimum_rise or rises["val"] > alpha * level:
        return None
    if train.tail > train.at(turn.step) + 0.05 * scale:
        return None
    severity, extra = Severity.WARNING, ""
    if val_score is not None and val_score is not val and val_score.long_enough:
        # The later half of what follows the turn: a score that went on for a while and has come to rest no longer
        # excuses the loss.
        later = val_score.x >= (turn.step + val.x[-1]) / 2
        score = val_score.y[later]
        if score.size >= 6:
            course = trend(val_score.x[later], score)
            moved = -course.slope * (float(val_score.x[later][-1]) - float(val_score.x[later][0]))
            if course.p < alpha and moved > 0.01 * float(np.abs(val_score.y).max()):
                severity = Severity.INFO
                extra = "; the validation score still improves, so it is overconfidence rather than overfitting"
    uncertain = f" (between {turn.low_step:g} and {turn.high_step:g})" if turn.high_step > turn.low_step else ""
    return Finding(
        CODE,
        NAME,
        severity,
        min(0.99, 0.7 + rise / 2) if rises["val"] < alpha / 10 else 0.7,
        f"the validation curve is best at step {turn.step:g}{uncertain} with {val.shown(turn.best):.4g} "
        f"and rises to {val.shown(turn.tail):.4g}: "
        f"{rise:.0%} of the improvement achieved{extra}",
        f"keep the checkpoint of step {turn.step:g}; stop early, then regularise or add data",
        {
            "best_step": turn.step,
            "best_step_low": turn.low_step,
            "best_step_high": turn.high_step,
            "best": val.shown(turn.best),
            "last": val.shown(turn.tail),
            "rise": rise,
            "p": rises["val"],
        },
        (turn.step, float(val.x[-1])),
    )
