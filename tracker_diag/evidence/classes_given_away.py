"""The number of classes that a run which learned nothing gives away."""

from __future__ import annotations

import math

import numpy as np

from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.nats import in_unit
from tracker_diag.evidence.registry import rule_input

#: A loss in nats up to here may be the logarithm of a number of classes that stands: e to the 7 are 1,100.
LOSS_OF_CLASSES = 7.0
#: Largest distance of a loss from ln k, as a share of ln k, at which it stands there. Above nine classes, rounding to a
#: whole k is the tighter limit.
OFF_FROM_LOG = 0.025
#: Values of a loss from which on it shows by itself that it stands at ln k, and the largest k for which it does.
VALUES_AT_LOG, MOST_AT_LOG = 6, 10
#: Largest distance from ln k, as a share of ln k, and of its exponential from k, at which the last third of a loss
#: stands there without an accuracy beside it. Of levels between ln 2 and ln 10 at which a loss may come to rest one in
#: 25 lies so near such a logarithm, and 6 of 427 sound runs rest at any one level from their first fifth on.
AT_LOG, AT_WHOLE = 0.003, 0.03
#: Part of a run, as one over it, in which such a loss comes there; band around ln k, as a share of it, in which nine
#: tenths of what follows lie; the last third, as one over it.
COMES_WITHIN, BAND, STAYING, LAST = 5, 0.005, 0.9, 3
#: Share of ln k below which a loss has learned something: two classes of 44 and 56% cost so much less than even ones.
OTHER_LEARNED = 0.99
#: Between which multiples of 1/k the accuracy of guessing lies, sampling allowed for.
ACCURACY_OF_GUESSING = (0.6, 1.5)
#: Share of the training loss below which validation shows that something was learned.
VALIDATION_LEARNED = 0.8
TWO_CLASSES = 2


@rule_input(missing="no class is never predicted", evidence="C", unit="classes")
def classes_shown(
    train_loss: Curve | None, val_loss: Curve | None, train_score: Curve | None, val_score: Curve | None
) -> int | None:
    """Number of classes that a run which learned nothing gives away.

    Its loss stands at ln k, its accuracy at 1/k, for one whole k. Or a loss comes to ln k within the first fifth of the
    run, for a k up to ten, stands there to within .3%, the other loss is no lower, and no accuracy is higher.
    """
    for loss, score in ((val_loss, val_score), (train_loss, train_score)):
        if loss is None or score is None or not score.accuracy or not (loss.long_enough and score.long_enough):
            continue
        nats = loss.tail / in_unit(1.0, loss)
        if not 0 < nats < LOSS_OF_CLASSES:
            continue
        if val_loss is not None and val_loss.long_enough and val_loss.best < VALIDATION_LEARNED * loss.tail:
            # Training is measured through noise: validation shows that something was learned.
            continue
        k = round(math.exp(nats))
        low, high = ACCURACY_OF_GUESSING
        stands = k > 1 and abs(nats - math.log(k)) < OFF_FROM_LOG * math.log(k)
        if stands and low / k < score.share(score.best) < high / k:
            return k
    given = _classes_by_loss([loss for loss in (val_loss, train_loss) if loss is not None])
    accuracies = [s for s in (train_score, val_score) if s is not None and s.accuracy and s.long_enough]
    right = given is not None and any(given * s.share(s.best) > ACCURACY_OF_GUESSING[1] for s in accuracies)
    return None if right else given


def _classes_by_loss(losses: list[Curve]) -> int | None:
    """The k at whose logarithm one of the losses stands and below which none of them has come."""
    for loss in losses:
        k = _stands_at_log(loss)
        if k is not None and all(other.long_enough for other in losses):
            learned = any(other.best < OTHER_LEARNED * in_unit(math.log(k), other) for other in losses)
            return None if learned else k
    return None


def _stands_at_log(loss: Curve) -> int | None:
    n = loss.y.size
    if n < VALUES_AT_LOG or not loss.metric.of_classes:
        return None
    nats = loss.y / in_unit(1.0, loss)
    end = float(np.median(nats[-max(2, n // LAST) :]))
    k = round(math.exp(end)) if 0 < end < LOSS_OF_CLASSES else 0
    if not TWO_CLASSES <= k <= MOST_AT_LOG:
        return None
    level = math.log(k)
    later = nats[max(1, n // COMES_WITHIN) :]
    stays = np.mean(np.abs(later - level) <= BAND * level) >= STAYING
    return k if stays and abs(end - level) <= min(AT_LOG * level, AT_WHOLE / k) else None
