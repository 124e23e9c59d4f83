"""Whether every wrong answer costs the most that a clipped logarithm allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.registry import rule_input
from tracker_diag.stats.arrays import FloatArray

#: What one wrong answer costs where the logarithm is clipped: in Keras at 1e-7 (in single precision 1 − 1e-7 is
#: 1 − 1.19e-7, so that a yes or no costs 15.94), at the smallest number of single precision, and in PyTorch's BCELoss
#: at −100.
CLIPS = ((15.9, 16.2), (87.2, 87.4), (99.5, 100.1))
#: Evaluations over which every error costs that, and share of wrong answers below which rounding decides.
EVALUATIONS, WRONG = 3, 0.01


@dataclass(frozen=True, slots=True)
class Saturation:
    """Errors that cost the most there is.

    Attributes
    ----------
    side : str
        Where it is seen: "training" or "validation".
    cost : float
        Of one wrong answer, in nats, at the last evaluation.
    """

    side: str
    cost: float


@rule_input(missing="no saturated output", evidence="C")
def saturation(
    train_loss: Curve | None,
    val_loss: Curve | None,
    train_score: Curve | None,
    val_score: Curve | None,
    loss_asks: Asked | None,
) -> Saturation | None:
    """What each wrong answer costs, where at each of the last three evaluations it is the most that a clip allows.

    Of a cross-entropy, or of a loss of which the run does not say what it is.
    """
    if loss_asks is not None and loss_asks.kind not in ("classes", "yes or no"):
        return None
    for loss, score in ((train_loss, train_score), (val_loss, val_score)):
        if loss is not None and score is not None and (cost := _cost(loss, score)) is not None:
            return Saturation(loss.side, cost)
    return None


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
