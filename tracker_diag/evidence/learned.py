"""Inputs that tell whether the run has learned anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tracker_diag.core.numbers import figure, share
from tracker_diag.evidence.baseline import OF_MORE_THAN_CLASSES, ROSE, Explained, lead, rises
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.guess import costs_less_than_guessing
from tracker_diag.evidence.registry import rule_input
from tracker_diag.stats.plateau import plateau

#: Values after the first from which on a curve shows that it stands.
VALUES = 6
#: Share of its level by which a curve may move after its first value and still stand. Of 427 sound runs four do, and
#: three of them have a score, or a known level, that shows what was learned before.
STILL = 0.02
#: Level of the equivalence test.
ALPHA = 0.05
#: Values after the first whose median must lie at the level of all.
FIRST = 3
#: Parts of a curve that must lie at one level.
PARTS = 4
#: Accuracy below which little was learned, whatever the loss beside it.
HALF = 0.5
#: Share of a known baseline that is more than a curve explains that learned nothing.
A_QUARTER = 0.25


@dataclass(frozen=True, slots=True)
class Achieved:
    """How far the best value lies on the way from a model that ignores its input to a perfect one.

    Attributes
    ----------
    share : float or None
        0 for a model that ignores its input, 1 for a perfect one. Where only the loss of the untrained network is
        known, which is no lower, the most it can be. None where neither is known.
    said : str
        In words, as a clause: "best loss 1.485 is 8% of the way from random guessing (1.609) to a perfect model".
    """

    share: float | None
    said: str


@rule_input(missing="too few finite values of the training loss", evidence="CPD")
def achieved(
    main_curve: Curve,
    train: Curve | None,
    val: Curve | None,
    explained: Explained | None,
    baseline_from: str | None,
    variance_shown: float | None,
    variance_explained: float | None,
    log_for_baseline: str,
) -> Achieved | None:
    """How far the best value lies on the way from a model that ignores its input to a perfect one, and in words."""
    if explained is None:
        return None
    if explained.known:
        level, reached = (figure(main_curve.shown(x), 4) for x in (explained.baseline, explained.at(explained.most)))
        best = f"best {'score' if main_curve.flipped else 'loss'} {reached}"
        return Achieved(explained.most, _way(best, explained.most, f"{baseline_from} ({level})"))
    if variance_explained is not None:
        level = f"always predicting the mean (error {figure(variance_shown or 0.0, 4)}, from R²)"
        return Achieved(variance_explained, _way("best value", variance_explained, level))
    first = _untrained(train, val)
    if first is not None and not main_curve.flipped and first > 0:
        lowest = min(c.best for c in (train, val) if c is not None)
        part = 1 - lowest / first
        level = f"the untrained network ({figure(first, 4)})"
        return Achieved(part, _way(f"best loss {figure(lowest, 4)}", part, level, most="at most "))
    return Achieved(None, f"no baseline to compare it with: log {log_for_baseline}")


def _way(best: str, part: float, level: str, most: str = "") -> str:
    if part <= 0:
        return f"{best} is no better than {level}"
    return f"{best} is {most}{share(part)} of the way from {level} to a perfect model"


@rule_input(missing="no loss or score curve found", evidence="C")
def log_for_baseline(main_curve: Curve) -> str:
    """What to log so that the loss of a model that ignores its input is known, as a phrase."""
    if main_curve.metric.kind in ("squared error", "root of the squared error"):
        return "R², or the target's variance"
    if main_curve.metric.kind in ("cross-entropy", "negative log-likelihood"):
        return "the number of classes"
    return "the number of classes, or R² of a regression"


def _untrained(train: Curve | None, val: Curve | None) -> float | None:
    """The validation loss before the first update: at step 0, where training is logged from a later step on."""
    if train is None or val is None or val.finite[0][0] != 0 or train.finite[0][0] <= 0:
        return None
    return val.start


@rule_input(missing="no score found", evidence="C")
def score_learned(
    train_loss: Curve | None, val_loss: Curve | None, train_score: Curve | None, val_score: Curve | None
) -> bool | None:
    """Whether a score shows that something was learned, be it before the first value.

    It rose by a fifth of a perfect one; it stands a fifth of the way above what knowing nothing gives, where its name
    says that (boxes, masks and texts are not found by chance); or the loss beside an accuracy above a half is smaller
    than a constant prediction pays that is right as often.
    """
    found = [(loss, score) for loss, score in ((train_loss, train_score), (val_loss, val_score)) if score is not None]
    return any(_shows(loss, score) for loss, score in found) if found else None


def _shows(loss: Curve | None, score: Curve) -> bool:
    if not score.flipped or not score.long_enough:
        return False
    nothing, perfect = score.metric.baseline, score.metric.best
    if score.metric.kind in OF_MORE_THAN_CLASSES:
        nothing, perfect = 0.0, score.whole
    above = nothing is not None and perfect is not None and lead(score.shown(score.best), nothing, perfect) >= ROSE
    if above or rises(score):
        return True
    accurate = score.accuracy and score.share(score.tail) > HALF
    return accurate and loss is not None and loss.long_enough and costs_less_than_guessing(loss, score)


@rule_input(missing="too few values of the loss", evidence="C")
def standing_from_start(
    train: Curve | None,
    val: Curve | None,
    explained: Explained | None,
    variance_explained: float | None,
    score_learned: bool | None,
) -> bool | None:
    """Whether the losses have stood since their second value, and nothing else shows that anything was learned.

    Shown by an equivalence test (null: from the second value on the course moves by a fiftieth of its level or more,
    up or down; 5%), and the medians of its quarters lie as near to each other. A network that learns all there is in
    a first epoch goes on falling by more, or a score shows what it has learned. Training that never comes below a
    validation loss that stands may fall: a penalty does, which is added to it alone.
    """
    curves = [c for c in (train, val) if c is not None]
    if not curves or any(c.flipped or c.y.size <= VALUES for c in curves):
        return None
    known = explained.most if explained is not None and explained.known else variance_explained
    if score_learned or (known is not None and known >= A_QUARTER):
        return False
    return all(_stands(c) or _above(c, val) for c in curves)


def _above(train: Curve, val: Curve | None) -> bool:
    """Whether training never comes below validation: what falls is a penalty, or dropout, on its side alone."""
    return val is not None and val is not train and train.best >= (1 - STILL) * val.tail > 0


def _stands(curve: Curve) -> bool:
    # As logged: a block of a long curve hides its first fall.
    x, y = (values[1:] for values in curve.finite)
    level = float(np.median(y))
    margin = STILL * abs(level)
    if abs(float(np.median(y[:FIRST])) - level) > margin:
        return False
    if margin == 0 or np.ptp([np.median(part) for part in np.array_split(y, PARTS)]) > margin:
        return False
    return bool(np.ptp(y) == 0) or plateau(x, y, margin).p_rest < ALPHA
