"""DS207 too-few-examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.rules.api import (
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    higher,
    in_words,
    rule,
    stop_at_best,
)

#: Uninformed levels that validation stays behind where examples were too few for it.
BEHIND = 0.1
#: Times `few` examples in all from which on even scarce classes are many examples.
MANY_TIMES = 10


class Likelihoods:
    """What speaks for too few examples, and against it."""

    SCARCE = LikelihoodRatio(25.0, "{count} training examples", "params", own=True)
    SCARCE_OF_CLASSES = LikelihoodRatio(25.0, "{count} training examples for {classes} classes", "params", own=True)
    FEW = LikelihoodRatio(8.0, "only {count} training examples", "params", own=True)
    FEW_OF_EACH = LikelihoodRatio(1.2, "{each:.0f} training examples per class", "params", own=True)
    MANY = LikelihoodRatio(0.3, "{count} training examples", "params")
    NOTHING_LEARNED = LikelihoodRatio(0.05, "the run did not even learn its training set")
    DOES_NOT_HOLD = LikelihoodRatio(4.0, "training explains what validation does not")
    BEHIND = LikelihoodRatio(3.0, "validation stays {share:.0%} of the uninformed loss behind")
    KEEPS_UP = LikelihoodRatio(0.3, "validation keeps up")
    KEEPS_UP_WITH_FEW = LikelihoodRatio(1.0, "validation keeps up")


@rule(
    "DS207",
    "too-few-examples",
    seen_as=("Validation gets worse while training gets better", "Validation is far worse than training"),
    likelihoods=Likelihoods,
    cured_by=higher("n_train"),
)
def too_few_examples(
    features: Features,
    symptoms: Symptoms,
    traits: frozenset[str],
    n_train: int,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    epochs: float | None,
    n_classes: int | None,
    *,
    prior: float = 0.05,
    scarce: int = 30,
    few: int = 300,
) -> Outcome:
    """Too few training examples to learn from scratch.

    What it measures
    ----------------
    Training examples, in all and a class, and whether training explains what validation does not. Boosted trees learn
    their training set by heart, so that of them only a validation curve that turned counts.

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
    scarce : examples per class below which they hardly show a class's variation, unless there are ten times `few`: many
        classes share what is learned.
    few : examples in all below which networks usually memorise.

    References
    ----------
    Seminar: "Dataset issues" (do you have enough training examples?), "Unrepresentative Train Dataset". Cho et al.
    (2015), arXiv:1511.06348, accuracy against examples per class.
    """
    if params.get("pretrained"):
        return too_few_examples.skip("a pretrained model needs fewer examples")
    trees = "boosting" in traits
    observations = [_counted(n_train, n_classes, scarce, few), _seen(features, symptoms, n_train < few / 2, trees)]
    text = "get more training examples, " + (
        "or grow smaller trees" if trees else "augment them, or start from a pretrained model"
    )
    changes = stop_at_best(symptoms, names, epochs)
    text += f"; until then {in_words(changes)}" if changes else ""
    each = f", {n_train / n_classes:.0f} a class" if n_classes else ""
    return too_few_examples.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{n_train} training examples{each}",
        advice=text,
        prescription=Prescription(text, changes),
        settles="train on half of the examples once: if validation hardly changes, their number is not it",
        verdict="unrepresentative-train",
    )


def _counted(n_train: int, n_classes: int | None, scarce: int, few: int) -> Observation:
    """What the number of examples says."""
    each = n_train / (n_classes or 1)
    if n_train < few / 2 or (n_classes and each < scarce and n_train < MANY_TIMES * few):
        if n_classes:
            return Likelihoods.SCARCE_OF_CLASSES(count=n_train, classes=n_classes)
        return Likelihoods.SCARCE(count=n_train)
    if n_train < few:
        return Likelihoods.FEW(count=n_train)
    return Likelihoods.FEW_OF_EACH(each=each) if each < few else Likelihoods.MANY(count=n_train)


def _seen(features: Features, symptoms: Symptoms, scarce: bool, trees: bool) -> Observation:
    """What the curves say."""
    if symptoms.has("diverged", "frozen") or features.starts_at_baseline or features.above:
        return Likelihoods.NOTHING_LEARNED()
    if symptoms.has("overfitting", "unrepresentative-train"):
        return Likelihoods.DOES_NOT_HOLD()
    # Trees learn their training set by heart, and stay ahead of validation, however many examples there are.
    if features.apart > BEHIND and not trees:
        return Likelihoods.BEHIND(share=features.apart)
    return Likelihoods.KEEPS_UP_WITH_FEW() if scarce else Likelihoods.KEEPS_UP()
