"""What stands out in the curves, for the rules that look for causes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure, times
from tracker_diag.evidence.baseline import Explained
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.roles.layout import Layout
from tracker_diag.stats.extrapolation import Extrapolation

#: Share of the baseline that is no learning.
NOTHING = 0.05
#: Share of the baseline loss that training has explained from which on it knows its examples by heart.
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
#: The sentence on a first loss that is far off, as a row of a table of likelihood ratios says it.
FIRST_LOSS = "first loss {first} is {excess} {what} ({level})"
#: Times the level of knowing nothing above which a first loss is far off: sound inputs and weights begin closer to it;
FAR_OFF = 3.0
#: and times another value of the run, where nobody knows that level: sound runs fall as fast in one epoch.
FALLS_AT_ONCE = 10.0
#: A setback is one of moving means over a sixteenth of the run; the first tenth is left out.
SETBACK_MEANS, SETBACK_LEAVES = 16, 10


@dataclass(frozen=True, slots=True)
class FirstExcess:
    """The first value beside what it is set against.

    Attributes
    ----------
    times : float
        How many times that it is; inf where it is not finite, 1 where there is nothing to set it against.
    first : float
        The value.
    what : str
        What it is set against, in words.
    level : float
        How much that is.
    known : bool
        Whether that is what knowing nothing costs, and not just another value of the run.
    """

    times: float = 1.0
    first: float = math.nan
    what: str = "nothing"
    level: float = math.nan
    known: bool = False

    @property
    def seen(self) -> dict[str, Any]:
        """What ``FIRST_LOSS`` asks for."""
        return {
            "first": figure(self.first, 4),
            "excess": times(self.times),
            "what": self.what,
            "level": figure(self.level, 4),
        }


@dataclass(frozen=True, slots=True)
class Features:
    """What stands out in the curves, for the rules that look for causes.

    Shares are of the baseline, as in ``Explained``.

    Attributes
    ----------
    lost_at : float or None
        Share of the run after which the loss is no longer finite or has blown up; None where it has not.
    first : FirstExcess
        The first training value beside the baseline. Where the level is unknown: beside ln 1000 (what a thousand
        classes cost) for a cross-entropy beside an accuracy that lies above it, else beside the larger of the second
        value and the first of validation.
    stuck_at_baseline : bool
        At its best the run explains less than 5% of the baseline loss, or lies above it (see ``above``). Where the
        baseline is unknown: underfitting or frozen was found.
    starts_at_baseline : bool
        It is stuck, began less than 10% above the baseline, and ends within 5% of where it began: it has not moved.
    above : bool
        The baseline is known, even the best value is more than 5% above it, and the loss has not blown up: a bad
        initial guess is still being unlearned.
    memorised : bool
        Training explains four fifths or more.
    val_blind : bool
        Training learned (more than 10%) and validation did not. Where the baseline is known: validation never
        explained 5%. Else, where both accuracies are logged: validation gained less than 25% of what training gained
        and stayed below 50%. Else: its best loss is above 95% of its first.
    val_wrong : float
        How many baselines validation ends above knowing nothing: confidently wrong.
    val_first : float
        First validation value over first training value.
    quick : float
        Share of the run that training took for half of its improvement.
    apart : float
        Gap of validation over training at the end, as a share of the baseline.
    parted : float
        Distance of validation over training where validation was best, as a share of the baseline: small where
        both fell together at first.
    loss_ratio : float
        Training loss divided by validation loss at the end; 1 where either is missing or higher is better.
    gain : float
        What going on to twice the length would bring, in units of the total improvement; NaN where unknown.
    setback : float
        The largest rise of the training curve above the lowest it had been before, in units of the improvement
        achieved: of means over a sixteenth of the run (two values at least), the first tenth left out. 0 where the
        values are those of single batches.
    regained : bool
        The training curve ends no higher than where it had been before that.
    """

    lost_at: float | None = None
    first: FirstExcess = FirstExcess()
    stuck_at_baseline: bool = False
    starts_at_baseline: bool = False
    above: bool = False
    memorised: bool = False
    val_blind: bool = False
    val_wrong: float = 0.0
    val_first: float = 1.0
    quick: float = 1.0
    apart: float = 0.0
    parted: float = 0.0
    loss_ratio: float = 1.0
    gain: float = math.nan
    setback: float = 0.0
    regained: bool = True


@rule_input(missing="no training loss found", log="train_loss", evidence="C", unit="baselines")
def first_excess(
    any_curve: Curve,
    train: Curve | None,
    val: Curve | None,
    explained: Explained | None,
    train_loss: Curve | None,
    train_score: Curve | None,
    val_score: Curve | None,
    layers_described: Layout | None,
    baseline_from: str | None,
) -> FirstExcess:
    """How many times the baseline the first value is, and what it is compared with; see ``Features``.

    Penalties of weights, which are part of the loss, are added to the baseline where the layers tell their strength.
    """
    first = float(any_curve.raw[0])
    if not math.isfinite(first) and any_curve.divergence.lost is None and any_curve.finite[1].size:
        # One record that is not finite, before a run that learns, is not where it began.
        first = float(any_curve.finite[1][0])
    if not math.isfinite(first):
        return FirstExcess(math.inf, first)
    if any_curve.flipped:
        return FirstExcess()
    if explained is not None and explained.known:
        penalty = layers_described.penalty if layers_described is not None else 0.0
        with_it = " plus the penalty of the weights" if penalty else ""
        return _beside(first, explained.baseline + penalty, f"the loss of {baseline_from}{with_it}", known=True)
    score = train_score or val_score
    accurate = (
        score is not None
        and any_curve is train_loss
        and score.accuracy
        and float(np.abs(score.y).max(initial=0)) > HARDLY_EVER_RIGHT * score.whole
    )
    if accurate and any_curve.metric.of_classes and first > LOG_THOUSAND:
        return _beside(first, LOG_THOUSAND, "the loss of random guessing between 1,000 classes", known=True)
    others = [
        (float(c.y[i]), what)
        for c, i, what in ((train, 1, "the second value"), (val, 0, "the first validation loss"))
        if c is not None
    ]
    largest = max(others, default=(0.0, ""))
    return _beside(first, *largest) if largest[0] > 0 else FirstExcess()


def _beside(first: float, level: float, what: str, *, known: bool = False) -> FirstExcess:
    return FirstExcess(first / level, first, what, level, known)


@rule_input(missing="no validation loss found", log="val_loss", evidence="C")
def val_blind(
    train: Curve, val: Curve, explained: Explained, train_score: Curve | None, val_score: Curve | None
) -> bool:
    """Whether validation has gained nothing although training learned; see ``Features``."""
    if explained.known:
        return explained.train > TRAINING_LEARNED and explained.val_best < NOTHING
    ours, theirs = train_score, val_score
    if ours and theirs and ours.flipped and theirs.accuracy and ours.long_enough and theirs.long_enough:
        whole = max(ours.whole, theirs.whole)
        gained = (ours.start - ours.best) / whole, (theirs.start - theirs.best) / whole
        lags = gained[0] > TRAINING_LEARNED and gained[1] < GAINED_NOTHING * gained[0]
        return lags and -theirs.best / whole < RIGHT_HALF_THE_TIME
    first = min(val.start, explained.baseline)
    return explained.train > TRAINING_LEARNED and val.best > HAS_NOT_FALLEN * first


@rule_input(missing="no training loss found", log="train_loss", evidence="C")
def features(
    any_curve: Curve,
    symptoms: Symptoms,
    first_excess: FirstExcess,
    train: Curve | None,
    val: Curve | None,
    val_blind: bool | None,
    explained: Explained | None,
    improvement: float | None,
    further: Extrapolation | None,
    of_single_batches: bool | None,
) -> Features:
    """What stands out in the curves."""
    lost = any_curve.divergence.lost if any_curve.divergence.lost is not None else any_curve.divergence.blown
    lost_at = None if lost is None else lost / max(1, any_curve.steps.size - 1)
    if train is None or explained is None:
        return Features(lost_at=lost_at, first=first_excess)
    stands = explained.most < NOTHING if explained.known else symptoms.has("underfitting", "frozen")
    reached = np.flatnonzero(train.y <= 0.5 * (train.start + train.best))
    moved = train.start - train.best
    setback, regained = (0.0, True) if of_single_batches else _setback(train)
    turn = val.turning.index if val is not None else 0
    beside = float(np.interp(val.x[turn], train.x, train.y)) if val is not None else 0.0
    return Features(
        lost_at=lost_at,
        first=first_excess,
        stuck_at_baseline=stands,
        starts_at_baseline=stands
        and abs(explained.start - explained.train) < NOTHING
        and explained.start > -2 * NOTHING,
        above=explained.known and explained.most < -NOTHING and lost is None,
        memorised=explained.train >= MEMORISED,
        val_blind=bool(val_blind),
        val_wrong=max(0.0, -explained.val) if val is not None else 0.0,
        val_first=val.start / train.start if val is not None and train.start > 0 else 1.0,
        quick=float(reached[0]) / train.y.size if reached.size and moved > 0 and improvement else 1.0,
        apart=explained.train - explained.val if val is not None else 0.0,
        parted=(val.best - beside) / (explained.baseline - explained.bottom) if val is not None else 0.0,
        loss_ratio=train.tail / val.tail if val is not None and val.tail > 0 else 1.0,
        gain=further.gain / improvement if further and improvement else math.nan,
        setback=setback / improvement if improvement else 0.0,
        regained=regained,
    )


def _setback(curve: Curve) -> tuple[float, bool]:
    """The largest rise of means above the lowest before, and whether the end is no higher than that lowest."""
    n = curve.y.size
    width, first = max(2, n // SETBACK_MEANS), max(1, n // SETBACK_LEAVES)
    if n < first + width + 1:
        return 0.0, True
    sums = np.cumsum(np.concatenate(([0.0], curve.y)))
    means = ((sums[width:] - sums[:-width]) / width)[first:]
    lowest = np.minimum.accumulate(means)
    worst = int(np.argmax(means - lowest))
    return float(means[worst] - lowest[worst]), bool(means[-1] <= lowest[worst])
