"""What curves alone say about an output that does not fit its loss or its targets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from tracker_diag.evidence.cost_of_errors import CERTAINLY, CLEARLY, CostOfErrors
from tracker_diag.evidence.identical import SAME, Identical
from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.saturation import Saturation
from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import Curve, Observation
from tracker_diag.rules.architecture._output_and_loss import SOFTMAX, Likelihoods

#: Accuracy from which on a loss below 0 works anyway, and the one up to which an accuracy counts equal numbers.
MOSTLY_RIGHT, HARDLY_EVER_RIGHT = 0.6, 0.02
#: Below this a loss is no similarity either, which lies between -1 and 1.
NO_SIMILARITY = -1.0
#: The most that one answer costs where Keras clips the logarithm: a loss that is always larger is a regression error.
LARGEST_CROSS_ENTROPY = 16.2
#: Width of the range of a tanh, and share of the loss that such an output leaves.
RANGE, MOST_MOVED = 2.0, 0.1
#: One over the part of the run in which the loss is flat, and share of its total movement that it may move there.
RESTS_FOR, RESTS = 4, 0.02
#: Cost of a wrong yes or no in Keras, which clips it, and in PyTorch's BCELoss; and how near the rounded cost lies.
YES_OR_NO, NEAR = (23 * math.log(2), 100.0), 0.02
#: Values that must not change.
SEVERAL = 3
SEVERAL = 3


def in_curves(
    losses: Sequence[Curve | None],
    scores: Sequence[Curve | None],
    asked: Asked | None,
    costs: Sequence[CostOfErrors],
    identical: Identical | None,
    saturation: Saturation | None,
    laid: Layout | None,
    n_classes: int | None,
) -> Iterator[Observation]:
    """What curves say, each by a value that no output leaves that fits its loss and its targets.

    Parameters
    ----------
    losses, scores : sequence of Curve or None
        Of training and of validation.
    asked : Asked or None
        What the loss expects of the output.
    costs : sequence of CostOfErrors
        Cross-entropies beside the cost of their wrong answers.
    identical : Identical or None
        That nothing ever changed.
    saturation : Saturation or None
        That every wrong answer costs the maximum.
    laid : Layout or None
        The layers.
    n_classes : int or None
        Number of classes; if it is known, a smaller contradiction is enough.
    """
    if cheap := [cost for cost in costs if cost.share < (CLEARLY if n_classes else CERTAINLY)]:
        cost = cheap[0]
        yield Likelihoods.CHEAPER_THAN_ITS_ERRORS(said=cost.said, loss=cost.loss, wrong=cost.wrong, least=cost.least)
    shares = [
        max(score.share(float(value)) for value in score.finite[1])
        for score in scores
        if score is not None and score.accuracy and score.finite[1].size
    ]
    often_wrong = bool(shares) and max(shares) < MOSTLY_RIGHT
    lowest = min((float(loss.finite[1].min()) for loss in losses if loss and loss.finite[1].size), default=0.0)
    if often_wrong and lowest < NO_SIMILARITY and (asked is None or asked.kind in ("classes", "yes or no")):
        yield Likelihoods.BELOW_ZERO_BESIDE_ACCURACY(lowest=lowest)
    last = laid.output if laid is not None else None
    if (
        identical is not None
        and identical.values >= SEVERAL
        and last is not None
        and last.width == 1
        and (last.activation is None or last.activation in SOFTMAX)
    ):
        yield Likelihoods.ONE_UNIT_STANDS(said=identical.said)
    elif (
        identical is not None
        and identical.values >= SEVERAL
        and saturation is not None
        and any(abs(saturation.cost - most) < NEAR for most in YES_OR_NO)
        and last is None
    ):
        yield Likelihoods.CERTAIN_FROM_THE_START(said=identical.said, cost=saturation.cost)
    if (asked is None or asked.kind == "squared") and max(shares, default=0.0) <= HARDLY_EVER_RIGHT:
        for loss in losses:
            if loss is not None and (seen := _no_more_than_bounded(loss)) is not None:
                yield seen
                break


def _no_more_than_bounded(loss: Curve) -> Observation | None:
    """Whether an error of numbers is flat after changing by no more than an output between -1 and 1 can change it.

    In a squared error (m − o)² + v, the size of m − o is at most its root. An output that moves by at most 2 therefore
    changes it by at most four times the root, and 4. An unbounded output would go on to the mean of the targets.
    """
    values = loss.finite[1]
    if values.size < SEVERAL or values.size < loss.raw.size or float(values.min()) <= LARGEST_CROSS_ENTROPY:
        return None
    end = values[-max(SEVERAL, values.size // RESTS_FOR) :]
    moved = float(np.ptp(values))
    most = 2 * RANGE * math.sqrt(float(values.max())) + RANGE**2
    if np.ptp(end) > max(SAME * values[-1], RESTS * moved) or moved > min(most, MOST_MOVED * values[-1]):
        return None
    return Likelihoods.NO_MORE_THAN_BOUNDED(loss=values[-1], moved=moved, most=most)
