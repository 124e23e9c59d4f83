"""LC104 overfitting."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tracker_diag.rules.api import UNSETTLED, Curve, Ending, GivenBack, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._never_rose import never_rose
from tracker_diag.rules.curves._share import of_improvement
from tracker_diag.rules.curves._worse import training_worse_since
from tracker_diag.stats.gap import Gap
from tracker_diag.stats.kendall import MOST, p_of_rise
from tracker_diag.stats.sequential import ENDED
from tracker_diag.stats.trend import trend

#: Share of the level of the test below which the rise is beyond doubt.
BEYOND_DOUBT = 0.1
#: Values of the score that a trend test is asked about: fewer show none at one per cent.
SCORES = 6
#: Share of its highest value that the score must still gain: less excuses no rise of the loss.
STILL_GAINS = 0.01
#: Gap in units of the improvement achieved (lower end of its interval) that is wide. Level of the test of a rise beside
#: it, since such a run is warned of anyway, and the rise only says of what.
WIDE, ALPHA_BESIDE_GAP = 0.25, 0.05


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
    held_out: Curve,
    held_out_unit: float,
    improvement: float,
    effect_unit: float,
    rises: Mapping[str, float],
    given_back: Mapping[str, GivenBack],
    error_share: float,
    train: Curve | None,
    val: Curve | None,
    val_score: Curve | None,
    other_scores: tuple[Curve, ...],
    end_gap: Gap | None,
    ending: Ending | None,
    traits: frozenset[str],
    *,
    minimum_rise: float = 0.06,
    least_rise: float = 0.02,
    alpha: float = 0.01,
) -> Outcome:
    """Validation turned and rises while training does not get worse.

    What it measures
    ----------------
    The mean of the last tenth of the validation curve against its lowest tenth, in units of the improvement achieved,
    with a p-value that allows for the choice of the lowest place, on the scale (its own or logarithmic) on which the
    noise is even. Besides, up to ten evaluations that rise from the first on show it (Kendall's exact test, of a run
    that has ended); a rise that is significant at 5 % beside a wide gap to training; and half of what was gained being
    lost in every value of the last quarter, by four standard errors. The training curve must not have got worse since:
    otherwise the whole run is coming apart, which is another trouble; where none was logged, that is not known. Where a
    validation score still improves significantly since the turn, it is overconfidence, and an `info`; so is a run that
    patience ended at its best step and no more than the patience after it.

    Where training logged a loss and validation only a score, the score is asked, in units of its own improvement (one
    side of a trade-off, as precision is, is not); where another score improves meanwhile it is an `info`.

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
    least_rise : of what is left to improve, where nobody knows what knowing nothing costs: next to a loss that has
        hardly moved at all, any rise is a large share.
    alpha : level of the test "at rest since its minimum".

    References
    ----------
    Seminar: "Overfitting". Prechelt (1998), Early stopping — but when?, LNCS 1524:55, generalisation loss; Kendall
    (1938), Biometrika 30:81.
    """
    turn = held_out.turning
    rise = turn.rise / held_out_unit
    alone = held_out is not val
    level = alpha * error_share
    wide = end_gap is not None and end_gap.low > WIDE * effect_unit
    lost = given_back["val"].lost
    significant = rises["val"] <= (ALPHA_BESIDE_GAP * error_share if wide else level)
    if alone and never_rose(held_out) and held_out.tail <= held_out.start:
        # The best value of a score that never rose is chance.
        return None
    if turn.rise < least_rise * (held_out_unit if alone else effect_unit):
        return None
    if not (
        (lost and not (alone and rise < minimum_rise))
        or (
            rise >= minimum_rise
            and (significant or (error_share == ENDED and _rises_from_the_first(held_out, train, alpha)))
        )
    ):
        return None
    if train is not None and training_worse_since(turn.step, train, improvement):
        return None
    severity, extra = Severity.WARNING, ""
    if ending is not None and ending.by_patience:
        severity, extra = Severity.INFO, "; patience ended the run, as it should"
    # The later half of what follows the turn: a score that went on for a while and has come to rest no longer excuses
    # the loss.
    halfway = (turn.step + float(held_out.x[-1])) / 2
    if val_score is not None and val_score is not held_out and _improves_from(halfway, val_score, alpha):
        severity = Severity.INFO
        extra = "; the validation score still improves, so it is overconfidence rather than overfitting"
    better = next((s for s in other_scores if held_out is val_score and _improves_from(turn.step, s, alpha)), None)
    if better is not None:
        severity = Severity.INFO
        extra = f"; {better.name} improves meanwhile, so it is one score at the cost of another"
    which = f"{held_out.said} ({held_out.name})" if alone else "the validation curve"
    uncertain = f" (between {turn.low_step:g} and {turn.high_step:g})" if turn.high_step > turn.low_step else ""
    return overfitting.finding(
        severity,
        min(0.99, 0.7 + rise / 2) if lost or rises["val"] < BEYOND_DOUBT * alpha else 0.7,
        f"{which} is best at step {turn.step:g}{uncertain} with {held_out.shown(turn.best):.4g} "
        f"and {'falls' if held_out.flipped else 'rises'} to {held_out.shown(turn.tail):.4g}: "
        f"{_of_own(held_out, turn.rise) if alone else of_improvement(rise)}{extra}",
        f"keep the trees up to step {turn.step:g}; stop early, then grow smaller trees or add data"
        if "boosting" in traits
        else f"keep the checkpoint of step {turn.step:g}; stop early, then regularise or add data",
        {
            "best_step": turn.step,
            "best_step_low": turn.low_step,
            "best_step_high": turn.high_step,
            "best": held_out.shown(turn.best),
            "last": held_out.shown(turn.tail),
            "rise": rise,
            "p": rises["val"],
        },
        (turn.step, float(held_out.x[-1])),
    )


def _of_own(score: Curve, rise: float) -> str:
    """How far a score fell, as a share of what it had gained, where that is more than it lost."""
    gained = score.start - score.best
    return f"{rise / gained:.0%} of what it had gained" if gained >= rise else f"{rise:.3g} off its best"


def _rises_from_the_first(val: Curve, train: Curve | None, alpha: float) -> bool:
    """Whether a handful of evaluations rises from the first one on, while training falls."""
    if train is None or not val.y.size <= MOST or val.turning.index > 0:
        return False
    return train.tail < train.start and p_of_rise(val.y) <= alpha


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
