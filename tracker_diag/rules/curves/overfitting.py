"""LC104 overfitting."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._worse import training_worse_since
from tracker_diag.stats.trend import trend

#: Share of the level of the test below which the rise is beyond doubt.
BEYOND_DOUBT = 0.1
#: Values of the score that a trend test is asked about: fewer show none at one per cent.
SCORES = 6
#: Share of its highest value that the score must still gain: less excuses no rise of the loss.
STILL_GAINS = 0.01


@rule(
    "LC104",
    "overfitting",
    seen_as=("Validation gets worse while training gets better",),
    unless=UNSETTLED,
    verdict=Verdict(
        40,
        "the best model lies behind: what follows the turn is not the run's answer",
        wasted="after",
    ),
)
def overfitting(
    val: Curve,
    improvement: float,
    rises: Mapping[str, float],
    error_share: float,
    train: Curve | None,
    val_score: Curve | None,
    *,
    minimum_rise: float = 0.06,
    alpha: float = 0.01,
) -> Outcome:
    """Validation turned and rises while training does not get worse.

    What it measures
    ----------------
    The mean of the last tenth of the validation curve against its lowest tenth, in units of the improvement achieved,
    with a p-value that allows for the choice of the lowest place. The training curve must not have got worse since:
    otherwise the whole run is coming apart, which is another trouble; where none was logged, that is not known. Where
    a validation score still improves significantly since the turn, it is overconfidence, and an `info`.

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
    rise = turn.rise / improvement
    if rise < minimum_rise or rises["val"] > alpha * error_share:
        return None
    if train is not None and training_worse_since(turn.step, train, improvement):
        return None
    severity, extra = Severity.WARNING, ""
    # The later half of what follows the turn: a score that went on for a while and has come to rest no longer excuses
    # the loss.
    halfway = (turn.step + float(val.x[-1])) / 2
    if val_score is not None and val_score is not val and _improves_from(halfway, val_score, alpha):
        severity = Severity.INFO
        extra = "; the validation score still improves, so it is overconfidence rather than overfitting"
    uncertain = f" (between {turn.low_step:g} and {turn.high_step:g})" if turn.high_step > turn.low_step else ""
    return overfitting.finding(
        severity,
        min(0.99, 0.7 + rise / 2) if rises["val"] < BEYOND_DOUBT * alpha else 0.7,
        f"the validation curve is best at step {turn.step:g}{uncertain} with {val.shown(turn.best):.4g} "
        f"and {'falls' if val.flipped else 'rises'} to {val.shown(turn.tail):.4g}: "
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


def _improves_from(step: float, score: Curve, alpha: float) -> bool:
    """Whether a score improves significantly from this step to its end."""
    if not score.long_enough:
        return False
    later = score.x >= step
    x, y = score.x[later], score.y[later]
    if y.size < SCORES:
        return False
    found = trend(x, y)
    gained = -found.slope * (float(x[-1]) - float(x[0]))
    return found.p < alpha and gained > STILL_GAINS * float(np.abs(score.y).max())
