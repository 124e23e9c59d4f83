"""IN502 initial-loss-off."""

from __future__ import annotations

import math

from tracker_diag.evidence.features import LOG_THOUSAND
from tracker_diag.rules.api import Curve, Explained, Features, Finding, Outcome, Severity, Watched, rule

#: How sure it is: a factor above a known level is seen, and not inferred.
CONFIDENCE = 0.9


@rule("IN502", "initial-loss-off", seen_as=("My first loss is far too high",), unless=("boosting",))
def initial_loss_off(
    train: Curve | None,
    features: Features | None,
    explained: Explained | None,
    watched: Watched | None,
    pretrained: object | None,
    class_weight: object | None,
    val_score: Curve | None,
    loss_function: str | None,
    *,
    times: float = 3.0,
) -> Outcome:
    """The first loss is far from its baseline.

    What it measures
    ----------------
    The loss of the first batch before any update over that of knowing nothing, where a callback logged both. Else the
    first training value over ln of the classes, or over the target's variance, where one of them is known; beside
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
    times : first loss over the baseline loss.

    References
    ----------
    Seminar: "Initialisation", "Normalisation/Standardisation". Karpathy (2019), A recipe for training neural
    networks: verify loss at init.
    """
    if pretrained or class_weight:
        return None
    exact = _of_first_batch(watched, times)
    if train is None or features is None or explained is None:
        return exact or initial_loss_off.skip("no train loss", "log the training loss each epoch")
    return _of_first_epoch(train, features, explained, val_score, loss_function, times) or exact


def _of_first_batch(watched: Watched | None, times: float) -> Finding | None:
    """What the first batch cost before any update: worth knowing, since a sound run may unlearn it in an epoch."""
    first = watched.first("initial_loss") if watched is not None else None
    level = watched.first("baseline_loss") if watched is not None else None
    if first is None or level is None or not level > 0 or not times <= first / level < math.inf:
        return None
    return initial_loss_off.finding(
        Severity.INFO,
        CONFIDENCE,
        f"the first batch costs {first:.4g}, {first / level:.3g} times what knowing nothing costs ({level:.4g})",
        "scale inputs and targets to unit variance and use He or Xavier initialisation",
        {"times": first / level, "first": first},
    )


def _of_first_epoch(
    train: Curve,
    features: Features,
    explained: Explained,
    val_score: Curve | None,
    loss_function: str | None,
    times: float,
) -> Finding | None:
    """What the first value of the training loss says."""
    if features.first.times < times or not math.isfinite(features.first.times):
        return None
    first = train.start
    if explained.known:
        said = f"of a model that knows nothing ({explained.baseline:.4g})"
    elif _beside_accuracy(train, loss_function, val_score) and first >= times * LOG_THOUSAND:
        said = f"that a thousand classes would cost ({LOG_THOUSAND:.1f})"
    else:
        return None
    return initial_loss_off.finding(
        Severity.WARNING,
        CONFIDENCE,
        f"the first training loss, {first:.4g}, is {features.first.times:.3g} times that {said}",
        "scale the inputs to unit variance and use He or Xavier initialisation",
        {"times": features.first.times, "first": first},
    )


def _beside_accuracy(train: Curve, loss_function: str | None, val_score: Curve | None) -> bool:
    """Whether the loss is, or where no loss function is logged may be, a cross-entropy beside an accuracy."""
    crossed = train.metric.kind == "cross-entropy" or (train.metric.of_classes and loss_function is None)
    return crossed and val_score is not None and val_score.accuracy
