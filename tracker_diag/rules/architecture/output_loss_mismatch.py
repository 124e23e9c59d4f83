"""AR706 output-loss-mismatch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tracker_diag.rules.api import Change, Curve, LikelihoodRatio, Observation, Outcome, Prescription, rule

#: Classes of a decision, which one sigmoid makes.
TWO_CLASSES = 2
#: Accuracy above which a loss may be too high for it: below, honest losses are as high.
MOSTLY_RIGHT = 0.6
#: Accuracy above which hardly any honest loss lies on the bound.
NEARLY_ALL_RIGHT = 0.9
#: Times the most that a calibrated model loses, below which the bound tells nothing: with few classes, or many errors,
#: an honest loss lies there as well.
ABOVE_HONEST = 1.5
#: Share of the way from the bound to knowing nothing by which a loss may lie above what softmax twice leaves it.
ABOVE_BOUND = 0.15
#: Share of the loss of knowing nothing above which a loss is high beside an accuracy that is not.
HIGH_LOSS = 0.5
#: Where the number of classes is unknown: classes over which errors are spread, which allows more loss than fewer do,
UNKNOWN_CLASSES = 101
#: accuracy above which a loss can be too high for it whatever the classes,
RIGHT_WHATEVER_THE_CLASSES = 0.85
#: nats by which it must be higher than that accuracy allows,
TOO_HIGH = 0.25
#: and nats from which on errors that the model is certain of are the likelier reason.
CERTAIN_OF_ERRORS = 3

_TWICE = "give logits to a loss from logits, or probabilities to one that takes them: not softmax twice"
_TARGETS = "give the cross-entropy targets between 0 and 1, and the outputs that it asks for"
_SOFTMAX = "give one softmax over all classes, or logits to a loss from logits, in place of sigmoids"


class Likelihoods:
    """What speaks for an output layer and a loss that do not fit."""

    SOFTMAX_BEFORE_LOGITS = LikelihoodRatio(100.0, "{output} before {loss}", "params")
    RELU_BEFORE_REGRESSION = LikelihoodRatio(
        20.0, "{output} before a regression loss cannot answer below zero", "params"
    )
    SIGMOIDS_FOR_CLASSES = LikelihoodRatio(8.0, "sigmoid outputs for {n_classes} classes", "params")
    ON_BOUND_NEARLY_ALL_RIGHT = LikelihoodRatio(
        150.0,
        "accuracy is {accuracy:.0%}, and the loss rests at {loss:.3g}, "
        "just above the {bound:.3g} that softmax twice leaves",
    )
    ON_BOUND = LikelihoodRatio(
        110.0,
        "accuracy is {accuracy:.0%}, and the loss rests at {loss:.3g}, "
        "just above the {bound:.3g} that softmax twice leaves",
    )
    NEGATIVE = LikelihoodRatio(
        100.0, "the cross-entropy falls to {lowest:.4g}, and none is below 0 for targets and outputs that fit"
    )
    HIGHER_THAN_ALLOWED = LikelihoodRatio(
        25.0,
        "accuracy is {accuracy:.0%}, which allows a loss of {allowed:.2g} at most, and the loss rests at {loss:.3g}",
    )


@rule(
    "AR706",
    "output-loss-mismatch",
    seen_as=("Accuracy is stuck at chance", "Training loss stops high, and validation with it"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def output_loss_mismatch(
    any_curve: Curve,
    names: Mapping[str, str],
    logged_params: Mapping[str, Any],
    train_loss: Curve | None,
    val_loss: Curve | None,
    train_score: Curve | None,
    val_score: Curve | None,
    n_classes: int | None,
    output_activation: str | None,
    loss_function: str | None,
    task: str | None,
    label_smoothing: float | None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """The output layer and the loss do not fit.

    Softmax twice, ReLU before a regression loss, sigmoid with many classes.

    What it measures
    ----------------
    Softmax before a loss that applies softmax itself leaves a cross-entropy that cannot fall below ln(1 + (k − 1)/e)
    for k classes, reached when every answer is right: a loss that comes to rest just above that value with a high
    accuracy gives it away. Without the number of classes: a loss far higher than the accuracy beside it allows. And
    what the configuration says of output and loss. A cross-entropy below 0 has targets outside 0 and 1, or outputs that
    are no probabilities. Several labels at once take sigmoids.

    Why it matters
    --------------
    "Make sure input and output match": such a network trains, slowly and never to the end, and nothing complains.

    What to do
    ----------
    Give logits to a loss from logits (PyTorch's CrossEntropyLoss; Keras's from_logits=True), or probabilities to one
    that takes them.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (make sure input and output match). Schoop, Huang and Hartmann (2021), UMLAUT, CHI. The
    bound: softmax of a one-hot vector gives the right class e/(e + k − 1).
    """
    said = f"{output_activation or ''}".lower()
    # The role knows a cross-entropy by one name; whether it takes logits, only the text that was logged says.
    loss, kind = (_logged(logged_params, names.get(role, "")) for role in ("loss_function", "task"))
    several = "label" in kind or loss_function == "binary_cross_entropy"
    observations: list[Observation] = []
    if said == "softmax" and ("crossentropyloss" in loss.replace("_", "") or "logits" in loss):
        observations.append(Likelihoods.SOFTMAX_BEFORE_LOGITS(output=output_activation, loss=loss_function))
    if "relu" in said and task == "regression":
        observations.append(Likelihoods.RELU_BEFORE_REGRESSION(output=output_activation))
    if "sigmoid" in said and n_classes and n_classes > TWO_CLASSES and not several:
        observations.append(Likelihoods.SIGMOIDS_FOR_CLASSES(n_classes=n_classes))
    below = [c.below_zero for c in (train_loss, val_loss) if c is not None and c.below_zero is not None]
    if below:
        observations.append(Likelihoods.NEGATIVE(lowest=min(below)))
    if not label_smoothing:
        observations += _seen([(train_loss, train_score), (val_loss, val_score)], n_classes)
    if not observations:
        return None
    after, text = _repair(observations, said, output_activation, task)
    name = names.get("output_activation", "output_activation")
    changes = () if below or said in ("linear", after) else (Change(name, output_activation, after),)
    return output_loss_mismatch.hypothesis(
        prior=prior,
        observations=observations,
        message="the output layer and the loss do not fit",
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the output layer's activation and the loss function",
    )


def _logged(logged_params: Mapping[str, Any], name: str) -> str:
    value = logged_params.get(name)
    return (value if isinstance(value, str) else value.__name__ if isinstance(value, type) else "").lower()


def _repair(
    observations: Sequence[Observation], said: str, output_activation: str | None, task: str | None
) -> tuple[str, str]:
    """The activation that fits, and what to do in words."""
    if "relu" in said and task == "regression":
        return "none", f"give the regression loss what the last layer computes, without {output_activation}"
    if any(s.key == Likelihoods.NEGATIVE.key for s in observations):
        return "", _TARGETS
    on_bound = (Likelihoods.ON_BOUND.key, Likelihoods.ON_BOUND_NEARLY_ALL_RIGHT.key)
    if "sigmoid" in said and not any(s.key in on_bound for s in observations):
        return "softmax", _SOFTMAX
    return "none", _TWICE


def _seen(sides: Sequence[tuple[Curve | None, Curve | None]], n_classes: int | None) -> list[Observation]:
    """What losses beside accuracies say: the clearer of training and validation."""
    found = []
    for loss, score in sides:
        if loss and score and score.accuracy and loss.long_enough and score.long_enough:
            found.append(_double_softmax(loss.tail, score.share(score.tail), n_classes))
    seen = max((sign for sign in found if sign), key=lambda sign: sign.ratio, default=None)
    # Softmax twice bounds both losses: one that got below the bound shows that it is not so.
    if n_classes and seen and any(loss and loss.long_enough and loss.best < _bound(n_classes) for loss, _ in sides):
        return []
    return [seen] if seen else []


def _double_softmax(loss: float, accuracy: float, classes: int | None) -> Observation | None:
    """What a loss says beside an accuracy, with the number of classes or without."""
    if not MOSTLY_RIGHT < accuracy <= 1:
        return None
    if classes and classes >= TWO_CLASSES:
        return _on_bound(loss, accuracy, classes)
    allowed = _honest(accuracy, UNKNOWN_CLASSES)
    if accuracy > RIGHT_WHATEVER_THE_CLASSES and allowed + TOO_HIGH < loss < CERTAIN_OF_ERRORS:
        return Likelihoods.HIGHER_THAN_ALLOWED(accuracy=accuracy, allowed=allowed, loss=loss)
    return None


def _on_bound(loss: float, accuracy: float, classes: int) -> Observation | None:
    """Whether the loss rests just above the least that softmax twice leaves."""
    bound, nothing = _bound(classes), math.log(classes)
    if bound < ABOVE_HONEST * _honest(accuracy, classes):
        return None
    # Wrong answers given with the same certainty cost one more each.
    expected = bound + (1 - accuracy)
    if loss <= HIGH_LOSS * nothing or not bound <= loss < expected + ABOVE_BOUND * (nothing - bound):
        return None
    row = Likelihoods.ON_BOUND_NEARLY_ALL_RIGHT if accuracy > NEARLY_ALL_RIGHT else Likelihoods.ON_BOUND
    return row(accuracy=accuracy, loss=loss, bound=bound)


def _bound(classes: int) -> float:
    """The cross-entropy that softmax twice cannot fall below."""
    return math.log(1 + (classes - 1) / math.e)


def _honest(accuracy: float, classes: int) -> float:
    """Most that a calibrated model of this accuracy loses: its own entropy, with the errors spread over all classes."""
    if accuracy >= 1:
        return 0.0
    wrong = 1 - accuracy
    return -accuracy * math.log(accuracy) - wrong * math.log(wrong / max(classes - 1, 1))
