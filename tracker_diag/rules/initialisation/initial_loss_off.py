"""IN502 initial-loss-off."""

from __future__ import annotations

import math

from tracker_diag.core.numbers import figure
from tracker_diag.core.numbers import times as said_times
from tracker_diag.evidence.features import LOG_THOUSAND
from tracker_diag.rules.api import Curve, Explained, Features, Finding, Outcome, Severity, Watched, rule

#: Said before all else: it costs one look.
CHECK = "check that the loss is a mean over the batch, not a sum"
#: Confidence of the finding: a factor above a known level is seen, not inferred.
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
    """The first loss is far above chance level.

    What it measures
    ----------------
    The loss of the first batch before any update, divided by the loss at chance level, if a callback logged both.
    Otherwise the first training loss divided by ln of the number of classes or by the variance of the target, if either
    is known. If there is an accuracy but the number of classes is unknown, the loss is divided by ln 1000, the chance
    level of a thousand classes.

    A first loss below that level is not reported. A mean over the first epoch, pretrained weights and reweighted losses
    can all cause it.

    Why it matters
    --------------
    Before it has seen anything, a classifier should give each class the same probability and have a loss of
    ln(number of classes). A higher loss means that it is certain of wrong classes: the inputs or weights are badly
    scaled, or the loss is computed from the wrong values. The epochs that it takes to unlearn that are wasted.

    What to do
    ----------
    Scale the inputs to unit variance, use He or Xavier initialisation, and set the output bias to the logarithms
    of the class frequencies.

    Thresholds
    ----------
    times : a first loss of this many times the loss at chance level or more is reported.

    References
    ----------
    Seminar: "Initialisation", "Normalisation/Standardisation". Karpathy (2019), A recipe for training neural
    networks: verify loss at init.
    """
    if pretrained or class_weight:
        return None
    exact = _of_first_batch(watched, times)
    if train is None or features is None or explained is None:
        return exact or initial_loss_off.skip("no training loss is logged", "log the training loss each epoch")
    return _of_first_epoch(train, features, explained, val_score, loss_function, times) or exact


def _of_first_batch(watched: Watched | None, times: float) -> Finding | None:
    """The loss of the first batch before any update: worth knowing, since a sound run may unlearn it in an epoch."""
    first = watched.first("initial_loss") if watched is not None else None
    level = watched.first("baseline_loss") if watched is not None else None
    if first is None or level is None or not level > 0 or not times <= first / level < math.inf:
        return None
    return initial_loss_off.finding(
        Severity.INFO,
        CONFIDENCE,
        f"first-batch loss {figure(first, 4)} is {said_times(first / level)} chance level ({figure(level, 4)})",
        f"{CHECK}; if it is a mean, scale the inputs (and the targets of a regression) to unit variance, and use He or "
        "Xavier initialisation",
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
    """What the first training loss says."""
    if features.first.times < times or not math.isfinite(features.first.times):
        return None
    first = train.start
    if explained.known:
        said = f"chance level ({figure(explained.baseline, 4)})"
    elif _beside_accuracy(train, loss_function, val_score) and first >= times * LOG_THOUSAND:
        said = f"the chance level of 1000 classes ({figure(LOG_THOUSAND)})"
    else:
        return None
    return initial_loss_off.finding(
        Severity.WARNING,
        CONFIDENCE,
        f"first training loss {figure(first, 4)} is {said_times(features.first.times)} {said}",
        f"{CHECK}; if it is a mean, scale the inputs to unit variance and use He or Xavier initialisation",
        {"times": features.first.times, "first": first},
    )


def _beside_accuracy(train: Curve, loss_function: str | None, val_score: Curve | None) -> bool:
    """Whether the loss is a cross-entropy beside an accuracy, or may be one since no loss function is logged."""
    crossed = train.metric.kind == "cross-entropy" or (train.metric.of_classes and loss_function is None)
    return crossed and val_score is not None and val_score.accuracy
