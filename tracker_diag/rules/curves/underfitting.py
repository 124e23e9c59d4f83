"""LC102 underfitting."""

from __future__ import annotations

from typing import Any

import numpy as np

from tracker_diag.core.finding import Finding, Severity, Skip
from tracker_diag.core.observed import Learned
from tracker_diag.core.rule import UNSETTLED, Outcome, rule
from tracker_diag.stats.course import Course
from tracker_diag.stats.trend import trend

CODE, NAME = "LC102", "underfitting"


@rule(CODE, NAME, evidence="C", unless=UNSETTLED)
def underfitting(
    train: Course,
    learned: Learned,
    val: Course | None = None,
    further: Any = None,
    train_score: Course | None = None,
    val_score: Course | None = None,
    pretrained: object = None,
    level: float = 1.0,
    active: bool = False,
    *,
    minimum_learned: float = 0.05,
    high_loss: float = 0.25,
    moved: float = 0.02,
    alpha: float = 0.01,
) -> Outcome:
    """Unable to learn the training set at all: a flat line, or noisy values of a high loss.

    What it measures
    ----------------
    Where the uninformed level is known (ln of the classes, the target's variance, chance accuracy): the share of it
    that the better of both curves has explained at its best. Where it is not known, or less than a quarter is
    explained: whether both accuracies stand still, or whether the training curve ever moved by more than its noise
    (Mann–Kendall with the Hamed–Rao correction), or by more than a fiftieth of its level.

    Why it matters
    --------------
    "Underfitting refers to a model that cannot learn the training dataset." A network that ends where a constant
    prediction would be has used none of its input: the trouble is in the data, the rate, the initialisation or the
    units, not in a lack of regularisation.

    What to do
    ----------
    Try to overfit a few examples first: if that fails, the trouble lies deeper than capacity. Then look at the ranked
    causes.

    Thresholds
    ----------
    minimum_learned : share of the uninformed level. A twentieth is less than any use has been made of.
    high_loss : share of the uninformed level below which a flat curve counts as high: ln of the classes is an upper
        bound where classes are uneven.
    moved : share of the curve's own level, where the uninformed level is unknown. Fine-tuning starts low and flat:
        with a pretrained model, the known level alone may speak.
    alpha : level of the trend test.

    References
    ----------
    Seminar: "Underfitting". Mann (1945); Hamed and Rao (1998) for the trend.
    """
    most = learned.most
    end = (float(train.x[0]), float(train.x[-1]))
    advice = (
        "try to overfit a few examples; if that fails, look at data, rate and initialisation before adding capacity"
    )
    if learned.known and most >= high_loss:
        return None
    if learned.known and most < minimum_learned:
        if active and trend(train.x, train.y).slope < 0:
            return Skip(CODE, "still at the level of knowing nothing, but on its way down", "")
        worst = "" if most > -0.02 else ", worse than knowing nothing"
        return Finding(
            CODE,
            NAME,
            Severity.ERROR,
            0.97 if most < minimum_learned / 2 else 0.85,
            f"at its best the {'score' if train.flipped else 'loss'} is {train.shown(learned.at(most)):.4g}, where a "
            f"model that ignores its input has {train.shown(learned.level):.4g}{worst}",
            advice,
            {"learned": most, "uninformed": train.shown(learned.level)},
            end,
        )
    if pretrained and not learned.known:
        return Skip(
            CODE,
            "a pretrained model starts low and flat, and the uninformed loss is not known",
            "log the number of classes",
        )
    found = trend(train.x, train.y)
    fall = (train.start - train.best) / abs(train.start) if train.start else 0.0
    still = found.p > alpha * level or found.slope >= 0
    by_noise = still and train.start - train.best < 4 * train.noise.sigma
    if further is not None and val is not None and further.enough >= 5:
        # Little has moved, but steadily and without slowing down: that is the matter of slow-convergence.
        steady = trend(val.x, val.y)
        if steady.p < alpha * level and steady.slope < 0 and further.low > 0.35 * (val.start - val.best):
            return None
    validated = val is None or val.start - val.best < 2 * moved * abs(val.start)
    # Where classes are uneven, standing at their shares shows in an accuracy that does not move at all.
    stuck = all(c is not None and c.long_enough and _stands(c) for c in (train_score, val_score))
    if not (validated and (by_noise or fall < moved)) and not (stuck and learned.known):
        return None
    return Finding(
        CODE,
        NAME,
        Severity.ERROR,
        0.8 if by_noise else 0.7,
        f"the training curve is flat: {train.shown(train.start):.4g} at first, {train.shown(train.tail):.4g} "
        f"at the end, noise {train.noise.sigma:.2g}",
        advice,
        {"fall": fall, "p_trend": found.p, "noise": train.noise.sigma},
        end,
    )


def _stands(score: Course) -> bool:
    return score.flipped and float(np.ptp(score.y)) <= 0.01 * abs(score.tail)
