"""What stands out in the curves, for the rules that look for causes."""

from __future__ import annotations

import math

import numpy as np

from tracker_diag.core.inputs import rule_input
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.evidence.course import Course
from tracker_diag.stats.extrapolation import Extrapolation

#: Share of the uninformed level that is no learning.
NOTHING = 0.05
#: Share of the uninformed loss that training has explained from which on it knows its examples by heart.
MEMORISED = 0.8
#: Share that training must have explained before validation can be called blind to it.
TRAINING_LEARNED = 0.1
#: Share of what training's accuracy has gained below which validation's has gained nothing.
GAINED_NOTHING = 0.25
#: Accuracy (share) above which validation is not blind, whatever it gained.
RIGHT_HALF_THE_TIME = 0.5
#: Share of its first value at which a validation loss has not fallen.
HAS_NOT_FALLEN = 0.95
#: Cross-entropy of knowing nothing about a thousand classes, in nats: more than all but the largest vocabularies cost.
LOG_THOUSAND = math.log(1000)
#: Accuracy below which it counts equal numbers, as that of a regression does.
HARDLY_EVER_RIGHT = 0.02
#: A setback is one of moving means over a sixteenth of the run; the first tenth is left out.
SETBACK_MEANS, SETBACK_LEAVES = 16, 10


@rule_input(missing="no train loss", log="train_loss", evidence="C", unit="uninformed levels")
def first_excess(
    any_curve: Course,
    train: Course | None,
    val: Course | None,
    learned: Learned | None,
    train_loss: Course | None,
    train_score: Course | None,
    val_score: Course | None,
) -> float:
    """How many times the uninformed level the first value is; see ``Shape``."""
    first = float(any_curve.raw[0])
    if not math.isfinite(first):
        return math.inf
    if any_curve.flipped:
        return 1.0
    if learned is not None and learned.known:
        return first / learned.level
    score = train_score or val_score
    accurate = (
        score is not None
        and any_curve is train_loss
        and score.accuracy
        and float(np.abs(score.y).max(initial=0)) > HARDLY_EVER_RIGHT * score.whole
    )
    if accurate and any_curve.metric.of_classes and first > LOG_THOUSAND:
        return first / LOG_THOUSAND
    others = [float(c.y[i]) for c, i in ((train, 1), (val, 0)) if c is not None]
    return first / max(others) if others and max(others) > 0 else 1.0


@rule_input(missing="no val loss", log="val_loss", evidence="C")
def val_blind(
    train: Course, val: Course, learned: Learned, train_score: Course | None, val_score: Course | None
) -> bool:
    """Whether validation has gained nothing although training learned; see ``Shape``."""
    if learned.known:
        return learned.train > TRAINING_LEARNED and learned.val_best < NOTHING
    ours, theirs = train_score, val_score
    if ours and theirs and ours.flipped and theirs.accuracy and ours.long_enough and theirs.long_enough:
        whole = max(ours.whole, theirs.whole)
        gained = (ours.start - ours.best) / whole, (theirs.start - theirs.best) / whole
        lags = gained[0] > TRAINING_LEARNED and gained[1] < GAINED_NOTHING * gained[0]
        return lags and -theirs.best / whole < RIGHT_HALF_THE_TIME
    return learned.train > TRAINING_LEARNED and val.best > HAS_NOT_FALLEN * val.start


@rule_input(missing="no train loss", log="train_loss", evidence="C")
def shape(
    any_curve: Course,
    symptoms: Symptoms,
    first_excess: float,
    train: Course | None,
    val: Course | None,
    val_blind: bool | None,
    learned: Learned | None,
    scale: float | None,
    further: Extrapolation | None,
) -> Shape:
    """What stands out in the curves."""
    lost = any_curve.divergence.lost if any_curve.divergence.lost is not None else any_curve.divergence.blown
    lost_at = None if lost is None else lost / max(1, any_curve.steps.size - 1)
    if train is None or learned is None:
        return Shape(lost_at=lost_at, first_excess=first_excess)
    stands = learned.most < NOTHING if learned.known else symptoms.has("underfitting", "frozen")
    reached = np.flatnonzero(train.y <= 0.5 * (train.start + train.best))
    moved = train.start - train.best
    setback, regained = _setback(train)
    turn = val.turning.index if val is not None else 0
    beside = float(np.interp(val.x[turn], train.x, train.y)) if val is not None else 0.0
    return Shape(
        lost_at=lost_at,
        first_excess=first_excess,
        stands=stands,
        begins_there=stands and abs(learned.start - learned.train) < NOTHING and learned.start > -2 * NOTHING,
        above=learned.known and learned.most < -NOTHING and lost is None,
        memorised=learned.train >= MEMORISED,
        val_blind=bool(val_blind),
        val_wrong=max(0.0, -learned.val) if val is not None else 0.0,
        val_first=val.start / train.start if val is not None and train.start > 0 else 1.0,
        quick=float(reached[0]) / train.y.size if reached.size and moved > 0 and scale else 1.0,
        apart=learned.train - learned.val if val is not None else 0.0,
        parted=(val.best - beside) / (learned.level - learned.bottom) if val is not None else 0.0,
        noise_ratio=train.tail / val.tail if val is not None and val.tail > 0 else 1.0,
        gain=further.gain / scale if further and scale else math.nan,
        setback=setback / scale if scale else 0.0,
        regained=regained,
    )


def _setback(course: Course) -> tuple[float, bool]:
    """The largest rise of means above the lowest before, and whether the end is no higher than that lowest."""
    n = course.y.size
    width, first = max(2, n // SETBACK_MEANS), max(1, n // SETBACK_LEAVES)
    if n < first + width + 1:
        return 0.0, True
    sums = np.cumsum(np.concatenate(([0.0], course.y)))
    means = ((sums[width:] - sums[:-width]) / width)[first:]
    lowest = np.minimum.accumulate(means)
    worst = int(np.argmax(means - lowest))
    return float(means[worst] - lowest[worst]), bool(means[-1] <= lowest[worst])
