"""IN502 initial-loss-off."""

from __future__ import annotations

import math

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.observed import Learned, Shape
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.course import Course


@rule("IN502", "initial-loss-off", evidence="CP", unless=("boosting",))
def initial_loss_off(
    shape: Shape,
    learned: Learned,
    symptoms: object,
    pretrained: object = None,
    class_weight: object = None,
    val_score: Course | None = None,
    loss_function: str | None = None,
    *,
    times: float = 3.0,
) -> Outcome:
    """The first loss is far from the uninformed one.

    What it measures
    ----------------
    The first training value over ln of the classes, or over the target's variance, where one of them is known; beside
    an accuracy of unknown classes, over what a thousand classes would cost. Below it nothing is said: a mean over the
    first epoch, pretrained weights and reweighted losses all lie there. Above it by a factor, even an epoch's mean is
    not what a sound start gives.

    Why it matters
    --------------
    Before it has seen anything a classifier should give each class the same probability and lose ln of their number.
    More means that it begins by being sure of something wrong: inputs or weights out of scale, or a loss fed with the
    wrong thing. The epochs it takes to unlearn that are lost.

    What to do
    ----------
    Scale the inputs to unit variance, use He or Xavier initialisation, set the last layer's bias to the class
    frequencies.

    Thresholds
    ----------
    times : first loss over the uninformed loss.

    References
    ----------
    Seminar: "Initialisation", "Normalisation/Standardisation". Karpathy (2019), A recipe for training neural
    networks: verify loss at init.
    """
    if pretrained or class_weight or shape.first_excess < times or not math.isfinite(shape.first_excess):
        return None
    first = learned.at(learned.start)
    crossed = loss_function is None or loss_function in ("cross_entropy", "binary_cross_entropy", "nll")
    if not learned.known and (
        not crossed or val_score is None or "acc" not in val_score.name.lower() or first < times * math.log(1000)
    ):
        return None
    said = (
        f"of a model that knows nothing ({learned.level:.4g})"
        if learned.known
        else "that a thousand classes would cost (6.9)"
    )
    return Finding(
        "IN502",
        "initial-loss-off",
        Severity.WARNING,
        0.9,
        f"the first training loss, {first:.4g}, is {shape.first_excess:.3g} times that {said}",
        "scale the inputs to unit variance and use He or Xavier initialisation",
        {"times": shape.first_excess, "first": first},
    )
