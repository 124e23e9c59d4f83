"""LC102 underfitting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tracker_diag.core.finding import Finding, Severity, Skip
from tracker_diag.core.observed import Learned
from tracker_diag.core.rule import UNSETTLED, Outcome, rule
from tracker_diag.stats.course import Course
from tracker_diag.stats.trend import trend

CODE, NAME = "LC102", "underfitting"

#: What telling a thousand classes apart costs: more is no cross-entropy of classes.
LOG_THOUSAND = math.log(1000)


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
    rest: float = 0.015,
    alpha: float = 0.01,
) -> Outcome:
    """Unable to learn the training set at all: a flat line, or noisy values of a high loss.

    What it measures
    ----------------
    Where the uninformed level is known (ln of the classes, the target's variance, chance accuracy): the share of it
    that the better of both curves has explained at its best. Where it is not known, or less than a quarter is
    explained: whether both accuracies stand still (where the level is not known, beside losses no smaller than the
    entropy that being right so often by a constant prediction costs), or whether the training curve ever moved by
    more than its noise (Mann–Kendall with the Hamed–Rao correction; noise that is large beside an unknown level says
    nothing), or by more than a fiftieth of its level.

    Where it is not known, two more things give a network away that uses nothing of its input. Its accuracies, low
    ones, neither rise significantly nor undo a twentieth of the errors they began with, while the loss falls to what
    such guesses cost (−ln of the accuracy, up to three times it): it only grows less sure of what it guesses. Or both
    losses reach the level at which they end within the first fifth of the run, stay there, and validation falls no
    further: a constant prediction is learned at once, while what is learned of the input goes on for long, as power
    laws of the steps do. A fifth of at least twenty values; not for pretrained models, nor while the run is still
    going, nor where a score moved.

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
    minimum_learned : share of the uninformed level. A twentieth is less than any use has been made of; nor has use
        been made of twice as much in training that validation has less than a twentieth of.
    high_loss : share of the uninformed level below which a flat curve counts as high: ln of the classes is an upper
        bound where classes are uneven.
    moved : share of the curve's own level, where the uninformed level is unknown; noise may be twice it. Fine-tuning
        starts low and flat: with a pretrained model, the known level alone may speak.
    rest : share of its own level within which nine tenths of a curve's values lie that has come to rest. A model that
        is too simple for more, such as a straight line, may rest as early: so it is a warning, and no error.
    alpha : level of the trend test.

    References
    ----------
    Seminar: "Underfitting". Mann (1945); Hamed and Rao (1998) for the trend; Viering and Loog (2023), IEEE TPAMI
    45:7799, for how curves of learning go on.
    """
    most = learned.most
    end = (float(train.x[0]), float(train.x[-1]))
    advice = (
        "try to overfit a few examples; if that fails, look at data, rate and initialisation before adding capacity"
    )
    if learned.known and most >= high_loss:
        return None
    nothing = most < minimum_learned or (learned.val_best < minimum_learned and most < 2 * minimum_learned)
    if learned.known and nothing:
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
    if further is not None and val is not None and further.enough >= 5:
        # Little has moved, but steadily and without slowing down: that is the matter of slow-convergence.
        steady = trend(val.x, val.y)
        if steady.p < alpha * level and steady.slope < 0 and further.low > 0.35 * (val.start - val.best):
            return None
    found = trend(train.x, train.y)
    fall = (train.start - train.best) / abs(train.start) if train.start else 0.0
    still = found.p > alpha * level or found.slope >= 0
    # Noise that is a large share of an unknown level hides whatever was learned before the first value.
    quiet = learned.known or train.noise.sigma <= 2 * moved * abs(train.tail)
    by_noise = still and quiet and train.start - train.best < 4 * train.noise.sigma
    validated = val is None or val.start - val.best < 2 * moved * abs(val.start)
    scores = [c for c in (train_score, val_score) if c is not None and c is not train and c is not val]
    sides = list(zip((train, val), scores, strict=True)) if val is not None and len(scores) == 2 else []
    # Where classes are uneven, standing at their shares shows in an accuracy that does not move at all.
    stuck = sides and all(
        s.long_enough and _stands(s, s.y.size // 5) and (learned.known or _cost_of_guessing(c, s)) for c, s in sides
    )
    if (validated and (by_noise or fall < moved)) or stuck:
        severity, confidence = Severity.ERROR, 0.8 if by_noise else 0.7
        message = (
            f"the training curve is flat: {train.shown(train.start):.4g} at first, {train.shown(train.tail):.4g} "
            f"at the end, noise {train.noise.sigma:.2g}"
        )
    elif active or val is None:
        return None
    elif sides and all(_guesses(c, s, alpha) for c, s in sides):
        severity, confidence = Severity.ERROR, 0.8
        ours, theirs = (c.shown(c.tail) for c in scores)
        message = (
            f"the loss falls, but the accuracy stands at {ours:.3g} in training and {theirs:.3g} in validation: the "
            "network only grows less sure of what it guesses"
        )
    elif all(_at_once(c, rest) for c in (train, val)) and not _falls_on(val) and all(_stands(c) for c in scores):
        severity, confidence = Severity.WARNING, 0.7
        message = (
            f"both losses came to rest within the first fifth of the run, training at {train.tail:.4g} and validation "
            f"at {val.tail:.4g}, as those of a constant prediction do"
        )
        advice = f"compare with the loss of a constant prediction; if it is the same, {advice}"
    else:
        return None
    evidence = {"fall": fall, "p_trend": found.p, "noise": train.noise.sigma}
    return Finding(CODE, NAME, severity, confidence, message, advice, evidence, end)


def _at_once(course: Course, rest: float) -> bool:
    later = course.y[course.y.size // 5 :]
    middle = float(np.median(later))
    near = np.abs(later - middle) <= rest * abs(middle)
    return course.y.size >= 20 and not course.flipped and float(near.mean()) >= 0.9


def _falls_on(course: Course) -> bool:
    begin = course.y.size // 5
    found = trend(course.x[begin:], course.y[begin:])
    return found.slope < 0 and found.p < 0.05


def _guesses(loss: Course, score: Course, alpha: float) -> bool:
    if not (score.flipped and score.long_enough and "acc" in score.name.lower()):
        return False
    unit = 100.0 if score.best < -1.5 else 1.0
    start, best, tail = (-value / unit for value in (score.start, score.best, score.tail))
    if not 0 < tail <= 0.6 or best - start > 0.05 * (1 - start):
        return False
    # One guess in k is right, and costs ln k. What costs far less or more is no cross-entropy: a regression whose
    # "accuracy" counts equal numbers, several labels at once.
    if not 0.9 <= loss.tail / -math.log(tail) <= 3:
        return False
    found = trend(score.x, score.y)
    return found.p > alpha or found.slope >= 0


def _cost_of_guessing(loss: Course, score: Course) -> bool:
    # Whoever always names the largest class is right with its share a, and pays the entropy of the classes: at least
    # that of (a, 1 - a), and -ln a. A network that uses its input is as accurate for less.
    accuracy = -score.tail / (100.0 if score.best < -1.5 else 1.0)
    if not 0 < accuracy <= 0.9 or loss.flipped or "acc" not in score.name.lower():
        return False
    others = 1 - accuracy
    entropy = -accuracy * math.log(accuracy) - others * math.log(others)
    return 0.97 * max(entropy, -math.log(accuracy)) <= loss.tail <= entropy + others * LOG_THOUSAND


def _stands(score: Course, begin: int = 0) -> bool:
    return score.flipped and float(np.ptp(score.y[begin:])) <= 0.01 * abs(score.tail)
