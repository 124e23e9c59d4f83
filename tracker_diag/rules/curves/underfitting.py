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
    score_learned: float | None = None,
    hidden_units: float | None = None,
    layers: float | None = None,
    n_updates: int | None = None,
    pretrained: object = None,
    level: float = 1.0,
    active: bool = False,
    *,
    minimum_learned: float = 0.05,
    high_loss: float = 0.25,
    moved: float = 0.02,
    rest: float = 0.015,
    few_updates: int = 500,
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

    Where it is not known, more gives a network away that uses nothing of its input. A score that says by its name what
    knowing nothing is (R², explained variance, a correlation, kappa, the area under the ROC curve) never rises above
    that. Accuracies, low ones, neither rise significantly nor undo a twentieth of the errors they began with, while the
    loss falls to what such guesses cost (−ln of the accuracy, up to three times it): the network only grows less sure
    of what it guesses. Or both losses of a network with hidden layers reach within a few hundred updates the level at
    which they end, and validation falls no further: a bias is learned that soon, while what is learned of the input
    goes on for long, as power laws of the steps do; not for pretrained models, and not where a score or an accuracy
    shows more than a constant prediction has. None of this while the run is still going.

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
    rest : share of its own level within which nine tenths of a curve's values lie that has come to rest.
    few_updates : updates after which it has. Where they, or hidden layers, are not logged, nothing is said.
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
    scores = [
        (c, s) for c, s in ((train, train_score), (val, val_score)) if c is not None and s is not None and s is not c
    ]
    # Where classes are uneven, standing at their shares shows in an accuracy that does not move at all.
    stands = len(scores) == 2 and all(s.long_enough and _stands(s, 0.01 if learned.known else 0.0) for _, s in scores)
    stuck = stands and (learned.known or all(_cost_of_guessing(c, s) for c, s in scores))
    deep = (hidden_units or 0) >= 1 or (layers or 0) >= 2
    if (validated and (by_noise or fall < moved)) or stuck:
        severity, confidence = Severity.ERROR, 0.8 if by_noise or stuck else 0.7
        message = (
            "the accuracies stand still, as those of a constant prediction do"
            if stuck
            else f"the training curve is flat: {train.shown(train.start):.4g} at first, {train.shown(train.tail):.4g} "
            f"at the end, noise {train.noise.sigma:.2g}"
        )
    elif active:
        return None
    elif score_learned is not None and score_learned < minimum_learned:
        severity, confidence = Severity.ERROR, 0.85
        message = (
            f"at their best the scores have come {max(score_learned, 0):.0%} of the way from those of a model that "
            "ignores its input to perfect ones"
        )
    elif len(scores) == 2 and all(_guesses(c, s, alpha) for c, s in scores):
        severity, confidence = Severity.WARNING, 0.8
        ours, theirs = (s.shown(s.tail) for _, s in scores)
        message = (
            f"the loss falls, but the accuracy stands at {ours:.3g} in training and {theirs:.3g} in validation: the "
            "network only grows less sure of what it guesses"
        )
    elif (
        val is not None
        and deep
        and n_updates is not None
        and (settled := max(_rests_from(c, rest) for c in (train, val))) * n_updates <= few_updates
        and not _falls_on(val)
        and all(_cost_of_guessing(c, s) for c, s in scores)
    ):
        severity, confidence = Severity.WARNING, 0.7
        message = (
            f"both losses came to rest after {settled * n_updates:.0f} of {n_updates} updates, training at "
            f"{train.tail:.4g} and validation at {val.tail:.4g}, as those of a constant prediction do"
        )
        advice = f"compare with the loss of a constant prediction; if it is the same, {advice}"
    else:
        return None
    evidence = {"fall": fall, "p_trend": found.p, "noise": train.noise.sigma}
    return Finding(CODE, NAME, severity, confidence, message, advice, evidence, end)


def _rests_from(course: Course, rest: float) -> float:
    """Share of the run from which on nine tenths of the values lie at the level of the end; inf beyond a fifth."""
    n = course.y.size
    if n < 20 or course.flipped:
        return math.inf
    middle = float(np.median(course.y[n // 5 :]))
    near = np.abs(course.y - middle) <= rest * abs(middle)
    staying = np.cumsum(near[::-1])[::-1] >= 0.9 * np.arange(n, 0, -1)
    first = np.flatnonzero(near & staying)
    return float(first[0]) / n if first.size and first[0] <= n // 5 else math.inf


def _falls_on(course: Course) -> bool:
    begin = course.y.size // 5
    found = trend(course.x[begin:], course.y[begin:])
    return found.slope < 0 and found.p < 0.05


def _guesses(loss: Course, score: Course, alpha: float) -> bool:
    if not (score.flipped and score.long_enough and "acc" in score.name.lower()):
        return False
    unit = 100.0 if score.best < -1.5 else 1.0
    start, best, tail = (-value / unit for value in (score.start, score.best, score.tail))
    # Of fewer values no trend test says anything.
    if score.y.size < 12 or not 0 < tail <= 0.6 or best - start > 0.05 * (1 - start):
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
    if not 0 < accuracy < 0.99 or loss.flipped or "acc" not in score.name.lower():
        return False
    others = 1 - accuracy
    entropy = -accuracy * math.log(accuracy) - others * math.log(others)
    return 0.97 * max(entropy, -math.log(accuracy)) <= loss.tail <= entropy + others * LOG_THOUSAND


def _stands(score: Course, share: float) -> bool:
    """Whether a score has not moved by more than a share of itself since the first fifth of the run."""
    later = score.y[score.y.size // 5 :]
    return score.flipped and float(np.ptp(later)) <= share * abs(score.tail)
