"""DS207 too-few-examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
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

    SCARCE = LikelihoodRatio(25.0, "there are only {count:figure} training examples", "params", own=True)
    SCARCE_OF_CLASSES = LikelihoodRatio(
        25.0, "there are only {count:figure} training examples for {classes:figure} classes", "params", own=True
    )
    FEW = LikelihoodRatio(8.0, "there are only {count:figure} training examples", "params", own=True)
    FEW_OF_EACH = LikelihoodRatio(1.2, "there are {each:figure} training examples per class", "params", own=True)
    MANY = LikelihoodRatio(0.3, "there are {count:figure} training examples", "params")
    NOTHING_LEARNED = LikelihoodRatio(0.05, "the run did not even learn its training set")
    DOES_NOT_HOLD = LikelihoodRatio(4.0, "what the model learns in training does not carry over to validation")
    BEHIND = LikelihoodRatio(
        3.0, "the final gap between validation and training is {part:share} of the initial or chance-level loss"
    )
    KEEPS_UP = LikelihoodRatio(0.3, "validation keeps up with training")
    KEEPS_UP_WITH_FEW = LikelihoodRatio(1.0, "validation keeps up with training")


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
    """There are too few training examples to learn from scratch.

    What it measures
    ----------------
    The rule looks at the number of training examples, in total and per class. It also checks whether what the model
    learns in training carries over to validation. Boosted trees always memorise their training set, so for them only a
    validation curve that turned counts.

    Why it matters
    --------------
    "If you are training a net from scratch, you probably need lots of data. For image classification you probably need
    1000 images per class or more." How many are enough depends on the problem. The number alone is therefore never more
    than an `info`.

    What to do
    ----------
    Get more data, augment it, start from a pretrained model, or use a smaller one. Until then, stop where validation
    was best.

    Thresholds
    ----------
    prior : prior odds of this cause among runs that someone is worried about.
    scarce : examples per class below which they hardly show how a class varies. It does not count if there are ten
        times `few` examples in total, because many classes share what is learned.
    few : total number of examples below which networks usually memorise.

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
    text += f"; until then, {in_words(changes)}" if changes else ""
    each = f" ({figure(n_train / n_classes, 2)} per class)" if n_classes else ""
    return too_few_examples.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{figure(n_train)} training examples{each}",
        advice=text,
        prescription=Prescription(text, changes),
        settles="train once on half of the examples: if validation hardly changes, more examples will not help",
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
        return Likelihoods.BEHIND(part=features.apart)
    return Likelihoods.KEEPS_UP_WITH_FEW() if scarce else Likelihoods.KEEPS_UP()
