"""AR706 output-loss-mismatch."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.core.run import Run
from tracker_diag.stats.course import Course

_TWICE = "give logits to a loss from logits, or probabilities to one that takes them: not softmax twice"


@rule("AR706", "output-loss-mismatch", evidence="PC", unless=("boosting",))
def output_loss_mismatch(
    shape: Shape,
    symptoms: Symptoms,
    names: Mapping[str, str],
    run: Run,
    train_loss: Course | None = None,
    val_loss: Course | None = None,
    train_score: Course | None = None,
    val_score: Course | None = None,
    n_classes: int | None = None,
    output_activation: str | None = None,
    loss_function: str | None = None,
    task: str | None = None,
    label_smoothing: float | None = None,
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
    what the configuration says of output and loss. Several labels at once take sigmoids.

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
    signs: list[Sign] = []
    said = f"{output_activation or ''}".lower()
    # The role knows a cross-entropy by one name; whether it takes logits, only the text that was logged says.
    loss, kind = (_logged(run, names.get(role, "")) for role in ("loss_function", "task"))
    if said == "softmax" and ("crossentropyloss" in loss.replace("_", "") or "logits" in loss):
        signs.append(Sign(f"{output_activation} before {loss_function}", 100.0, "params"))
    if "relu" in said and task == "regression":
        signs.append(Sign(f"{output_activation} before a regression loss cannot answer below zero", 20.0, "params"))
    several = "label" in kind or loss_function == "binary_cross_entropy"
    if "sigmoid" in said and n_classes and n_classes > 2 and not several:
        signs.append(Sign(f"sigmoid outputs for {n_classes} classes", 8.0, "params"))
    seen: Sign | None = None
    for course, score in ((train_loss, train_score), (val_loss, val_score)):
        if (
            course is None
            or score is None
            or not (course.long_enough and score.long_enough)
            or "acc" not in score.name.lower()
            or label_smoothing
        ):
            continue
        accuracy = score.shown(score.tail)
        accuracy = accuracy / 100 if accuracy > 1.5 else accuracy
        found = _double_softmax(course.tail, accuracy, n_classes)
        if found and (seen is None or found.ratio > seen.ratio):
            seen = found
    # Softmax twice bounds both losses: one that got below the bound shows that it is not so.
    if seen and not (
        n_classes and any(c and c.long_enough and c.best < _floor(n_classes) for c in (train_loss, val_loss))
    ):
        signs.append(seen)
    if not signs:
        return None
    after, text = "none", _TWICE
    if "relu" in said and task == "regression":
        text = f"give the regression loss what the last layer computes, without {output_activation}"
    elif "sigmoid" in said and not any("softmax" in s.text for s in signs):
        after, text = (
            "softmax",
            "give one softmax over all classes, or logits to a loss from logits, in place of sigmoids",
        )
    name = names.get("output_activation", "output_activation")
    changes = () if said in ("linear", after) else (Change(name, output_activation, after),)
    return suspicion(
        "AR706",
        "output-loss-mismatch",
        prior=prior,
        signs=signs,
        message="the loss cannot fall as the accuracy says it should: output layer and loss do not fit",
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the output layer's activation and the loss function",
    )


def _floor(classes: int) -> float:
    """The cross-entropy that softmax twice cannot fall below."""
    return math.log(1 + (classes - 1) / math.e)


def _logged(run: Run, name: str) -> str:
    value = run.params.get(name)
    return (value if isinstance(value, str) else value.__name__ if isinstance(value, type) else "").lower()


def _double_softmax(loss: float, accuracy: float, classes: int | None) -> Sign | None:
    if not 0.6 < accuracy <= 1:
        return None
    if classes and classes >= 2:
        floor = _floor(classes)
        # With few classes, or many errors, an honest loss lies there as well.
        if floor < 1.5 * _honest(accuracy, classes):
            return None
        # Wrong answers given with the same certainty cost one more each.
        expected = floor + (1 - accuracy)
        if floor <= loss < expected + 0.15 * (math.log(classes) - floor) and loss > 0.5 * math.log(classes):
            return Sign(
                f"accuracy is {accuracy:.0%}, and the loss rests at {loss:.3g}, just "
                f"above the {floor:.3g} that softmax twice leaves",
                150.0 if accuracy > 0.9 else 110.0,
            )
        return None
    allowed = _honest(accuracy, 101)
    if accuracy > 0.85 and loss > allowed + 0.25 and loss < 3:
        return Sign(
            f"accuracy is {accuracy:.0%}, which allows a loss of {allowed:.2g} "
            f"at most, and the loss rests at {loss:.3g}",
            25.0,
        )
    return None


def _honest(accuracy: float, classes: int) -> float:
    """Most that a calibrated model of this accuracy loses: its own entropy, with the errors spread over all classes."""
    if accuracy >= 1:
        return 0.0
    wrong = 1 - accuracy
    return -accuracy * math.log(accuracy) - wrong * math.log(wrong / max(classes - 1, 1))
