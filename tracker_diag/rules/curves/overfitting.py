"""LC104 overfitting."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tracker_diag.rules.api import UNSETTLED, Curve, Ending, GivenBack, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._never_rose import never_rose
from tracker_diag.rules.curves._words import at, end, level, named, undoes
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
#: Gap, as a share of the total improvement (lower end of its interval), that is wide. Level of the test of a rise
#: beside it, since such a run is warned of anyway, and the rise only says of what.
WIDE, ALPHA_BESIDE_GAP = 0.25, 0.05


@rule(
    "LC104",
    "overfitting",
    seen_as=("Validation gets worse while training gets better",),
    unless=UNSETTLED,
    verdict=Verdict(
        40,
        "the best model is an earlier checkpoint, so the last values do not represent the run",
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
    """Validation loss turns and rises again while training loss does not get worse.

    What it measures
    ----------------
    The rule compares the mean of the last tenth of the validation curve with the mean of its lowest tenth. It measures
    this rise as a share of the total improvement. (Total improvement: from the first value, or from the loss of random
    guessing if that is known, to the lowest value that either curve reaches.) The threshold uses this share; the
    message gives the rise as a share of the validation curve's own fall. The p-value allows for the fact that the
    lowest place was chosen. It is computed on the scale, linear or logarithmic, on which the noise is more nearly
    constant. The message and the advice name the best logged value within that lowest stretch, and its step.

    Three other signs also show overfitting:

    - The run has ended after at most ten evaluations, and they rise from the first one on (Kendall's exact test).
    - The rise is significant at 5%, and there is a wide gap to training.
    - In the last quarter, every value lies above the half-way point of the improvement, by four standard errors.

    The training curve must not have got worse since the turn. If it has, the whole run is unstable, which is another
    problem. If no training curve was logged, this cannot be checked.

    The finding is an `info` if a validation score has improved significantly since the turn, because the model is then
    overconfident rather than overfitted. It is also an `info` if early stopping ended the run in time: within its
    patience after the best step.

    If training logged a loss and validation only a score, the rule uses the score and measures its fall as a share of
    its own improvement. It does not use a score that is one side of a trade-off, such as precision. If another score
    improves in the same steps, the finding is an `info`.

    Why it matters
    --------------
    "A model has learned the training dataset too well, including statistical noise": each further step makes it worse
    on data that it has not seen.

    What to do
    ----------
    Use the checkpoint of the best step and early stopping. Then regularise (dropout, weight decay, augmentation), add
    training examples, or use a smaller network.

    Thresholds
    ----------
    minimum_rise : smallest rise that is reported, as a share of the total improvement, however significant it is.
    least_rise : smallest rise as a share of the final loss; used if the loss of random guessing is unknown. If the loss
        has hardly moved, even a small rise is a large share of the improvement.
    alpha : level of the test of a rise. Null hypothesis: the curve has been on a plateau since its minimum.

    References
    ----------
    Seminar: "Overfitting". Prechelt (1998), Early stopping — but when?, LNCS 1524:55, generalisation loss; Kendall
    (1938), Biometrika 30:81.
    """
    turn = held_out.turning
    rise = turn.rise / held_out_unit
    alone = held_out is not val
    allowed = alpha * error_share
    wide = end_gap is not None and end_gap.low > WIDE * effect_unit
    lost = given_back["val"].lost
    significant = rises["val"] <= (ALPHA_BESIDE_GAP * error_share if wide else allowed)
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
        severity, extra = Severity.INFO, "; early stopping ended the run in time"
    # The later half of what follows the turn: a score that went on for a while and has come to rest no longer excuses
    # the loss.
    halfway = (turn.step + float(held_out.x[-1])) / 2
    if val_score is not None and val_score is not held_out and _improves_from(halfway, val_score, alpha):
        severity = Severity.INFO
        extra = f"; {named(val_score)} still improves, so the model is overconfident rather than overfitted"
    better = next((s for s in other_scores if held_out is val_score and _improves_from(turn.step, s, alpha)), None)
    if better is not None:
        severity = Severity.INFO
        extra = f"; {better.name} improves in the same steps, so one score gains at the cost of the other"
    which = f"{named(held_out)} ({held_out.name})" if alone else named(held_out)
    step, best = held_out.best_logged
    # A lucky record elsewhere may be the lowest of all.
    where = f"step {at(step)}" if best <= float(held_out.finite[1].min()) else f"around step {at(step)}"
    return overfitting.finding(
        severity,
        min(0.99, 0.7 + rise / 2) if lost or rises["val"] < BEYOND_DOUBT * alpha else 0.7,
        f"{which} {'fell' if held_out.flipped else 'rose'} from {level(held_out, best)} ({where}) to "
        f"{end(held_out)}, {undoes(held_out)}{extra}",
        _what_to_do(step, first=step == float(held_out.x[0]), boosting="boosting" in traits),
        {
            "best_step": step,
            "best_step_low": min(turn.low_step, step),
            "best_step_high": max(turn.high_step, step),
            "best": held_out.shown(best),
            "last": held_out.shown(turn.tail),
            "rise": rise,
            "p": rises["val"],
        },
        (step, float(held_out.x[-1])),
    )


def _what_to_do(step: float, *, first: bool, boosting: bool) -> str:
    """What to do; where the first value is the best one, there is no checkpoint worth using."""
    if first:
        what = "number of trees" if boosting else "checkpoint"
        return f"no {what} is better than the first; check that training and validation data match, then regularise"
    if boosting:
        return f"keep only the trees up to step {at(step)} (early stopping), then grow smaller trees or add examples"
    return f"use the checkpoint of step {at(step)} (early stopping), then regularise or add training examples"


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
