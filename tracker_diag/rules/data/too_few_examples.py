"""DS207 too-few-examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, in_words, stop_at_best, suspicion
from tracker_diag.core.finding import Prescription, Skip
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("DS207", "too-few-examples", evidence="DPC")
def too_few_examples(
    shape: Shape,
    symptoms: Symptoms,
    n_train: int,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    epochs: float | None = None,
    n_classes: int | None = None,
    *,
    prior: float = 0.05,
    scarce: int = 30,
    few: int = 300,
) -> Outcome:
    """Too few training examples to learn from scratch.

    What it measures
    ----------------
    Training examples, in all and a class, and whether training explains what validation does not.

    Why it matters
    --------------
    "If you are training a net from scratch, you probably need lots of data. For image classification you probably
    need 1000 images per class or more." How many are enough depends on the problem, so the number alone is never more
    than an `info`.

    What to do
    ----------
    More data, augmentation, a pretrained model, or a smaller one; until then, stop where validation was best.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    scarce : examples a class below which they hardly show a class's variation, unless there are ten times `few`: many
        classes share what is learned.
    few : examples in all below which networks usually memorise.

    References
    ----------
    Seminar: "Dataset issues" (do you have enough training examples?), "Unrepresentative Train Dataset". Cho et al.
    (2015), arXiv:1511.06348, accuracy against examples a class.
    """
    if params.get("pretrained"):
        return Skip("DS207", "a pretrained model needs fewer examples")
    each = n_train / (n_classes or 1)
    signs: list[Sign] = []
    if n_train < few / 2 or (n_classes and each < scarce and n_train < 10 * few):
        signs.append(
            Sign(f"{n_train} training examples" + (f" for {n_classes} classes" if n_classes else ""), 25.0, "params")
        )
    elif n_train < few:
        signs.append(Sign(f"only {n_train} training examples", 8.0, "params"))
    elif each < few:
        signs.append(Sign(f"{each:.0f} training examples a class", 1.2, "params"))
    else:
        signs.append(Sign(f"{n_train} training examples", 0.3, "params"))
    if symptoms.has("diverged", "frozen") or shape.begins_there or shape.above:
        signs.append(Sign("the run did not even learn its training set", 0.05))
    elif symptoms.has("overfitting", "unrepresentative-train"):
        signs.append(Sign("training explains what validation does not", 4.0))
    elif shape.apart > 0.1:
        signs.append(Sign(f"validation stays {shape.apart:.0%} of the uninformed loss behind", 3.0))
    else:
        signs.append(Sign("validation keeps up", 0.3 if n_train >= few / 2 else 1.0))
    text = "get more training examples, augment them, or start from a pretrained model"
    changes = stop_at_best(symptoms, names, epochs)
    text += f"; until then {in_words(changes)}" if changes else ""
    return suspicion(
        "DS207",
        "too-few-examples",
        prior=prior,
        signs=signs,
        message=f"{n_train} training examples{f', {each:.0f} a class' if n_classes else ''}",
        advice=text,
        prescription=Prescription(text, changes),
        settles="train on half of the examples once: if validation hardly changes, their number is not it",
        verdict="unrepresentative-train",
    )
