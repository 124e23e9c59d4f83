"""DS207 too-few-examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import (
    Explained,
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
from tracker_diag.rules.from_to import ends

#: Uninformed levels that validation stays behind where examples were too few for it.
BEHIND = 0.1
#: Times `few` examples in all from which on even scarce classes are many examples.
MANY_TIMES = 10


class Likelihoods:
    """What speaks for too few examples, and against it."""

    SCARCE = LikelihoodRatio(25.0, "there are only {examples}", "params", own=True)
    SCARCE_OF_CLASSES = LikelihoodRatio(
        25.0, "there are only {examples} for {classes:figure} classes", "params", own=True
    )
    FEW = LikelihoodRatio(8.0, "there are only {examples}", "params", own=True)
    FEW_OF_EACH = LikelihoodRatio(1.2, "there are only {each:figure} training examples per class", "params", own=True)
    MANY = LikelihoodRatio(0.3, "there are many training examples ({count:figure})", "params")
    NOTHING_LEARNED = LikelihoodRatio(0.05, "the run did not even learn its training set")
    DOES_NOT_HOLD = LikelihoodRatio(4.0, "what the model learns in training does not carry over to validation")
    BEHIND = LikelihoodRatio(3.0, "validation ends far behind training ({ends})")
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
    explained: Explained | None,
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
    learns in training carries over to validation. Boosted trees usually memorise their training set, so for them only a
    validation loss that fell and then rose counts.

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
    prior : odds of this cause in a run that has a problem, before any evidence.
    scarce : with fewer examples per class than this, they hardly show how a class varies. This does not count if there
        are at least ten times `few` examples in total, because classes share much of what is learned.
    few : with fewer examples in total than this, networks usually memorise them.

    References
    ----------
    Seminar: "Dataset issues" (do you have enough training examples?), "Unrepresentative Train Dataset". Cho et al.
    (2015), arXiv:1511.06348, accuracy against examples per class.
    """
    if params.get("pretrained"):
        return too_few_examples.skip("a pretrained model needs fewer examples")
    trees = "boosting" in traits
    observations = [
        _counted(n_train, n_classes, scarce, few),
        _seen(features, explained, symptoms, n_train < few / 2, trees),
    ]
    changes = stop_at_best(symptoms, names, epochs)
    each = f" ({figure(n_train / n_classes, 2)} per class)" if n_classes else ""
    message = f"{_examples(n_train)}{each}"
    if observations[0].key == Likelihoods.MANY.key:
        # Nobody collects more than that: what is left is to make the most of them.
        message += " are many, but they may still be too few for this task"
        text = "grow smaller trees" if trees else "augment the training examples, or regularise more strongly"
        text += f"; or {in_words(changes)}" if changes else ""
    else:
        text = "get more training examples, "
        text += "or grow smaller trees" if trees else "augment them, or start from a pretrained model"
        text += f"; until then, {in_words(changes)}" if changes else ""
    return too_few_examples.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=text,
        prescription=Prescription(text, changes),
        settles="train once on half of the examples: if validation hardly changes, more examples will not help",
        verdict="unrepresentative-train",
    )


def _examples(count: int) -> str:
    return f"{figure(count)} training example{'' if count == 1 else 's'}"


def _counted(n_train: int, n_classes: int | None, scarce: int, few: int) -> Observation:
    """What the number of examples says."""
    each = n_train / (n_classes or 1)
    if n_train < few / 2 or (n_classes and each < scarce and n_train < MANY_TIMES * few):
        if n_classes:
            return Likelihoods.SCARCE_OF_CLASSES(examples=_examples(n_train), classes=n_classes)
        return Likelihoods.SCARCE(examples=_examples(n_train))
    if n_train < few:
        return Likelihoods.FEW(examples=_examples(n_train))
    return Likelihoods.FEW_OF_EACH(each=each) if each < few else Likelihoods.MANY(count=n_train)


def _seen(
    features: Features, explained: Explained | None, symptoms: Symptoms, scarce: bool, trees: bool
) -> Observation:
    """What the curves say."""
    if symptoms.has("diverged", "frozen") or features.starts_at_baseline or features.above:
        return Likelihoods.NOTHING_LEARNED()
    if symptoms.has("overfitting", "unrepresentative-train"):
        return Likelihoods.DOES_NOT_HOLD()
    # Trees learn their training set by heart, and stay ahead of validation, however many examples there are.
    if explained is not None and features.apart > BEHIND and not trees:
        return Likelihoods.BEHIND(ends=ends(explained))
    return Likelihoods.KEEPS_UP_WITH_FEW() if scarce else Likelihoods.KEEPS_UP()
