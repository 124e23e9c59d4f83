"""What a loss beside an accuracy says about softmax that is applied twice."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tracker_diag.evidence.calibrated import least_of_softmax_twice, most_of_calibrated
from tracker_diag.rules.api import Curve, Observation
from tracker_diag.rules.architecture._output_and_loss import Likelihoods

TWO_CLASSES = 2
#: Accuracy above which a loss may be too high for it: below, honest losses are as high.
MOSTLY_RIGHT = 0.6
#: Accuracy above which hardly any honest loss lies on the bound.
NEARLY_ALL_RIGHT = 0.9
#: Times the largest loss of a calibrated model, below which the bound tells nothing: with few classes, or many errors,
#: an honest loss lies there as well.
ABOVE_HONEST = 1.5
#: Share of the way from the bound to chance level by which a loss may lie above what softmax twice leaves it.
ABOVE_BOUND = 0.15
#: Share of chance level above which a loss is high beside an accuracy that is not.
HIGH_LOSS = 0.5
#: If the number of classes is unknown: classes over which errors are spread, which allows more loss than fewer do,
UNKNOWN_CLASSES = 101
#: accuracy above which a loss can be too high for it whatever the classes,
RIGHT_WHATEVER_THE_CLASSES = 0.85
#: nats by which it must be higher than that accuracy allows,
TOO_HIGH = 0.25
#: and nats from which on confident errors are the likelier reason.
CERTAIN_OF_ERRORS = 3


def softmax_twice(sides: Sequence[tuple[Curve | None, Curve | None]], n_classes: int | None) -> list[Observation]:
    """What losses beside accuracies say: the clearer one of training and validation."""
    found = []
    for loss, score in sides:
        if loss and score and score.accuracy and loss.long_enough and score.long_enough:
            found.append(_double_softmax(loss.tail, score.share(score.tail), n_classes))
    seen = max((sign for sign in found if sign), key=lambda sign: sign.ratio, default=None)
    # Softmax twice bounds both losses: one that got below the bound shows that it is not so.
    least = least_of_softmax_twice(n_classes) if n_classes else -math.inf
    if seen and any(loss and loss.long_enough and loss.best < least for loss, _ in sides):
        return []
    return [seen] if seen else []


def _double_softmax(loss: float, accuracy: float, classes: int | None) -> Observation | None:
    """What a loss says beside an accuracy, with or without the number of classes."""
    if not MOSTLY_RIGHT < accuracy <= 1:
        return None
    if classes and classes >= TWO_CLASSES:
        return _on_bound(loss, accuracy, classes)
    allowed = most_of_calibrated(accuracy, UNKNOWN_CLASSES)
    if accuracy > RIGHT_WHATEVER_THE_CLASSES and allowed + TOO_HIGH < loss < CERTAIN_OF_ERRORS:
        return Likelihoods.HIGHER_THAN_ALLOWED(accuracy=accuracy, allowed=allowed, loss=loss)
    return None


def _on_bound(loss: float, accuracy: float, classes: int) -> Observation | None:
    """Whether the loss levels off just above the least that softmax twice leaves."""
    bound, nothing = least_of_softmax_twice(classes), math.log(classes)
    if bound < ABOVE_HONEST * most_of_calibrated(accuracy, classes):
        return None
    # Wrong answers given with the same certainty cost one more each.
    expected = bound + (1 - accuracy)
    if loss <= HIGH_LOSS * nothing or not bound <= loss < expected + ABOVE_BOUND * (nothing - bound):
        return None
    row = Likelihoods.ON_BOUND_NEARLY_ALL_RIGHT if accuracy > NEARLY_ALL_RIGHT else Likelihoods.ON_BOUND
    return row(accuracy=accuracy, loss=loss, bound=bound)
