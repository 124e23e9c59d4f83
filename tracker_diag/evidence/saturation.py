"""Whether every wrong answer costs the most that a clipped logarithm allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.identical import SAME
from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.registry import rule_input
from tracker_diag.stats.arrays import FloatArray

#: What one wrong answer costs where the logarithm is clipped: in Keras at 1e-7 (in single precision 1 − 1e-7 is
#: 1 − 1.19e-7, so that a yes or no costs 15.94), at the smallest number of single precision, and in PyTorch's BCELoss
#: at −100.
CLIPS = ((15.9, 16.2), (87.2, 87.4), (99.5, 100.1))
#: Evaluations over which every error costs that, and share of wrong answers below which rounding decides.
EVALUATIONS, WRONG = 3, 0.01
#: What a loss is where every answer is wrong and costs the most: the smallest number of single precision, Keras's clip,
#: and the step of single precision below 1. PyTorch's 100 is left out, as any round number may be a loss.
ALL_WRONG = tuple(-math.log(p) for p in (float(np.finfo(np.float32).tiny), 1e-7, 2.0**-23))
#: Share of it by which a value rounded to four digits lies off, and values that stand there.
ROUNDED, STANDS = 1e-4, 2


@dataclass(frozen=True, slots=True)
class AtClip:
    """A loss that stands at the most that one answer can cost: every answer is wrong, and given with certainty.

    Attributes
    ----------
    loss : Curve
        Training's, else validation's.
    value : float
        Where it stands, in nats.
    since : float
        The step from which it does.
    values : int
        How many stand there.
    """

    loss: Curve
    value: float
    since: float
    values: int

    @property
    def from_the_start(self) -> bool:
        """Whether it was never anywhere else."""
        return self.values == self.loss.finite[1].size


@dataclass(frozen=True, slots=True)
class Saturation:
    """Errors that cost the most there is.

    Attributes
    ----------
    side : str
        Where it is seen: "training" or "validation".
    cost : float
        Of one wrong answer, in nats, at the last evaluation.
    all_wrong : bool
        Whether it is seen in the loss alone, which stands at what one wrong answer costs.
    """

    side: str
    cost: float
    all_wrong: bool = False


@rule_input(missing="no loss value at a clipping limit", evidence="C")
def at_clip(train_loss: Curve | None, val_loss: Curve | None, loss_asks: Asked | None) -> AtClip | None:
    """The loss that stands at what one answer costs at most, over its last two values or more."""
    if _of_other_than_classes(loss_asks):
        return None
    for loss in (train_loss, val_loss):
        if loss is not None and loss.metric.of_classes and (found := _standing_at_clip(loss)) is not None:
            return found
    return None


def _standing_at_clip(loss: Curve) -> AtClip | None:
    steps, values = loss.finite
    if not values.size or not any(abs(values[-1] - clip) <= ROUNDED * clip for clip in ALL_WRONG):
        return None
    moved = np.flatnonzero(np.abs(values - values[-1]) > SAME * values[-1])
    first = int(moved[-1]) + 1 if moved.size else 0
    if values.size - first < STANDS:
        return None
    return AtClip(loss, float(values[-1]), float(steps[first]), values.size - first)


@rule_input(missing="no saturated output found", evidence="C")
def saturation(
    train_loss: Curve | None,
    val_loss: Curve | None,
    train_score: Curve | None,
    val_score: Curve | None,
    loss_asks: Asked | None,
    at_clip: AtClip | None,
) -> Saturation | None:
    """What each wrong answer costs, where at each of the last three evaluations it is the most that a clip allows.

    Of a cross-entropy, or of a loss of which the run does not say what it is. A loss that itself stands at a clip needs
    no accuracy beside it.
    """
    if _of_other_than_classes(loss_asks):
        return None
    for loss, score in ((train_loss, train_score), (val_loss, val_score)):
        if loss is not None and score is not None and (cost := _cost(loss, score)) is not None:
            return Saturation(loss.side, cost)
    return None if at_clip is None else Saturation(at_clip.loss.side, at_clip.value, all_wrong=True)


def _of_other_than_classes(asks: Asked | None) -> bool:
    return asks is not None and asks.kind not in ("classes", "yes or no")


def _cost(loss: Curve, score: Curve) -> float | None:
    """What each wrong answer costs at the end, where that is a clip at each of the last evaluations."""
    if not score.accuracy:
        return None
    both = np.intersect1d(loss.steps, score.steps)[-EVALUATIONS:]
    if both.size < EVALUATIONS:
        return None
    wrong = 1 - np.array([score.share(x) for x in _at(score, both)])
    with np.errstate(over="ignore", invalid="ignore"):
        cost: FloatArray = _at(loss, both) / np.where(wrong >= WRONG, wrong, np.nan)
    return float(cost[-1]) if any(_all_within(cost, clip) for clip in CLIPS) else None


def _at(curve: Curve, steps: FloatArray) -> FloatArray:
    values: FloatArray = curve.raw[np.isin(curve.steps, steps)]
    return values


def _all_within(cost: FloatArray, clip: Sequence[float]) -> bool:
    return bool(((cost >= clip[0]) & (cost <= clip[1])).all())
