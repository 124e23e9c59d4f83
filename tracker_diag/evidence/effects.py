"""Inputs that say what was achieved, the unit in which effects are measured, and how much of it was lost again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tracker_diag.evidence.baseline import LEFT_BY, Explained, first_value
from tracker_diag.evidence.curve import POINTS_OF_NOISE, POINTS_OF_SWINGS, Curve
from tracker_diag.evidence.registry import rule_input
from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.noise import noise
from tracker_diag.stats.oscillation import oscillation

#: Share of a curve that is its end, and values that it has at least.
END, FEWEST = 0.25, 3
#: Standard deviation of the logarithm of a loss that swings by a large share of its level: a batch of examples that
#: are as hard as the others seldom differs by a sixth. Share of steps at which a swinging curve turns; white noise has
#: two thirds.
RESTLESS, TURNS = 1 / 6, 0.3
#: Share of the logarithm of what was gained that such swings are at least.
OF_GAIN = 0.1
#: What was lost, in units of the effects, that is worth a word whatever the curve itself had gained.
WORTH = 0.15
#: Share of what was gained from which on it is lost.
LOST = 0.5
#: Share of a perfect accuracy that effects are measured in at the least: nobody acts on less than a hundredth of
#: right answers, a tenth of it.
ACCURACY = 0.1


@rule_input(missing="the curves have not improved", evidence="C", unit="same as the curves")
def improvement(
    train: Curve | None, val: Curve | None, beginning: float, baseline: float | None, traits: frozenset[str]
) -> float | None:
    """The total improvement: from the baseline, or the start where it is unknown, to the best of both curves.

    Trees learn their training set by heart: with them validation's best counts, where validation improved at all.

    None where nothing was achieved: a start known only as a noisy first value has to be left by one of the curves by
    more than its own noise makes of it (four standard deviations, on its own scale or on that of its logarithm).
    """
    trees = val is not None and "boosting" in traits and _has_left_its_start(val)
    courses = [c for c in ((None, val) if trees else (train, val)) if c]
    top = beginning if baseline is None else baseline
    achieved = top - min(c.best for c in courses)
    shown = baseline is not None or any(_has_left_its_start(c) for c in courses)
    return achieved if shown and achieved > 0 else None


def _has_left_its_start(curve: Curve) -> bool:
    """Whether its best window lies below its first value by more than its noise makes of it."""
    start = first_value(curve)
    if start - curve.best > LEFT_BY * _swing(curve.y):
        return True
    if not (float(curve.y.min()) > 0 and curve.best > 0):
        return False
    return start > 0 and math.log(start) - math.log(curve.best) > LEFT_BY * _swing(np.log(curve.y))


def _swing(y: FloatArray) -> float:
    """Standard deviation of single values: of the later half, since second differences take a steep bend for noise."""
    return oscillation(y).amplitude if y.size >= POINTS_OF_SWINGS else noise(y).sigma


@rule_input(missing="the curves have not improved", evidence="C", unit="same as the curves")
def effect_unit(
    improvement: float, train: Curve | None, val: Curve | None, explained: Explained | None, baseline: float | None
) -> float:
    """What thresholds are measured in: the total improvement, or what is left to improve where that is larger.

    Where only the start of the curves says what knowing nothing costs, it may lie far above it: a first epoch that has
    learned nearly all leaves an improvement that noise is a large share of. Then it is at least what is left to improve
    at the end; of accuracies at least a tenth of a perfect one.
    """
    if baseline is not None or explained is None:
        return improvement
    least = max((ACCURACY * c.whole for c in (train, val) if c and c.accuracy), default=0.0)
    return max(improvement, least, *(c.tail - explained.bottom for c in (train, val) if c))


@rule_input(missing="too few finite values of the validation loss", evidence="C", unit="same as the validation curve")
def held_out_unit(held_out: Curve, val: Curve | None, improvement: float) -> float | None:
    """What a rise of validation is measured in: the total improvement; of a score that stands alone, its own.

    Of a score at least a tenth of a perfect one, of an error at least what is left: it may have learned before its
    first value. None where an error began at 0.
    """
    if held_out is val:
        return improvement
    least = ACCURACY * held_out.whole if held_out.flipped else held_out.best
    return max(held_out.start - held_out.best, least) or None


@rule_input(missing="the curves do not oscillate in proportion to their level", evidence="C", unit="natural logarithm")
def restless(train: Curve, val: Curve, improvement: float | None, beginning: float) -> float | None:
    """By how much the later halves of both curves swing, where it is a large share of their own level.

    The smaller of the standard deviations of their logarithms; None where it is below a sixth, or below a tenth of the
    logarithm of what was gained, and where a curve turns at fewer than three of ten steps. Not of training alone,
    whose values may be those of single batches.
    """
    swings = []
    for curve in (train, val):
        if curve.y.size < POINTS_OF_SWINGS or not float(curve.y.min()) > 0:
            return None
        found = oscillation(np.log(curve.y))
        gained = math.log(beginning / curve.best) if improvement is not None and beginning > curve.best > 0 else 0.0
        least = max(RESTLESS, OF_GAIN * gained)
        swings.append(found.amplitude if found.reversals >= TURNS and found.amplitude >= least else 0.0)
    return min(swings) or None


@dataclass(frozen=True, slots=True)
class GivenBack:
    """How much of what a curve had gained is lost at its end, for good.

    Attributes
    ----------
    share : float
        Of the way from the best window back to the start, how far *every* value of the last quarter lies: to the
        start of the curves, on their own scale or that of the logarithm, or to that of this curve, where what was lost
        is worth a word; the most of these. 0 where noise may have put the best window so low.
    since : float
        Step of the best window.
    """

    share: float
    since: float

    @property
    def lost(self) -> bool:
        """Whether half of it and more is lost."""
        return self.share >= LOST


@rule_input(missing="too few finite values of the training loss", evidence="C")
def given_back(
    train: Curve | None,
    val: Curve | None,
    held_out: Curve | None,
    beginning: float,
    baseline: float | None,
    effect_unit: float | None,
) -> Mapping[str, GivenBack]:
    """What the training and the validation curve have lost again at their end, by side; a score alone by its start."""
    top = beginning if baseline is None else baseline
    worth = math.inf if effect_unit is None else WORTH * effect_unit
    found = {side: _given_back(c, top, worth) for side, c in (("train", train), ("val", val)) if c is not None}
    if held_out is not None and held_out is not val:
        found["val"] = _given_back(held_out, first_value(held_out), math.inf)
    return found


def _given_back(curve: Curve, top: float, worth: float) -> GivenBack:
    y, best = curve.y, curve.best
    end = y[-max(FEWEST, round(END * y.size)) :]
    lowest, since = float(end.min()), curve.turning.step
    if curve.turning.index >= y.size - end.size or top <= best:
        return GivenBack(0.0, since)
    share = 0.0
    if _beyond_noise(y, best, end.size, curve.turning.window):
        share = (lowest - best) / (top - best)
        own = first_value(curve)
        if lowest - best > worth:
            share = max(share, (lowest - best) / (own - best) if own > best else math.inf)
    if min(best, float(y.min())) > 0 and math.log(top / best) > 0:
        logs = np.log(y)
        if _beyond_noise(logs, math.log(best), end.size, curve.turning.window):
            share = max(share, math.log(lowest / best) / math.log(top / best))
    return GivenBack(share, since)


def _beyond_noise(y: FloatArray, best: float, last: int, window: int) -> bool:
    """Whether the mean of the last values lies above the best window by more than noise puts the lowest of many."""
    end = y[-last:]
    # A handful of values may lie together by chance; the median of the whole curve's does not heed the jump.
    sigma = max(noise(y).sigma, noise(end).sigma if last >= POINTS_OF_NOISE else float(end.std(ddof=1)))
    return float(end.mean()) - best > LEFT_BY * sigma * math.sqrt(1 / last + 1 / window)
