"""IN502 initial-loss-off."""

from __future__ import annotations

import math

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.observed import Learned, Shape
from tracker_diag.core.rule import Outcome, rule


@rule("IN502", "initial-loss-off", evidence="CP")
def initial_loss_off(
    shape: Shape,
    learned: Learned,
    symptoms: object,
    pretrained: object = None,
    class_weight: object = None,
    *,
    times: float = 3.0,
) -> Outcome:
    """The first loss is far from the uninformed one.

    What it measures
    ----------------
    The first training value over ln of the classes, or over the target's variance, where one of them is known. Below it nothing is said: a mean over the first
    epoch, pretrained weights and reweighted losses all lie there. Above it by a factor, even an epoch's mean is not what a sound start gives.

    Why it matters
    --------------
    Before it has seen anything a classifier should give each class the same probability and lose ln of their number. More means that it begins by being sure of
    something wrong: inputs or weights out of scale, or a loss fed with the wrong thing. The epochs it takes to unlearn that are lost.

    What to do
    ----------
    Scale the inputs to unit variance, use He or Xavier initialisation, set the last layer's bias to the class frequencies.

    Thresholds
    ----------
    times : first loss over the uninformed loss.

    References
    ----------
    Seminar: "Initialisation", "Normalisation/Standardisation". Karpathy (2019), A recipe for training neural networks: verify loss at init.
    """
    if not learned.known or pretrained or class_weight or shape.first_excess < times or not math.isfinite(shape.first_excess):
        return None
    return Finding(
        "IN502",
        "initial-loss-off",
        Severity.WARNING,
        0.9,
        f"the first training loss is {shape.first_excess:.3g} times that of a model that knows nothing ({learned.level:.4g})",
        "scale the inputs to unit variance and use He or Xavier initialisation",
        {"times": shape.first_excess, "uninformed": learned.level},
    )
