"""DS209 label-noise."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.rules.api import (
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Relation,
    Symptoms,
    in_words,
    rule,
    stop_at_best,
)

#: Share of the baseline that validation may lie behind training where it was best, and both fell together.
TOGETHER = 0.15
#: Training examples in all, and of each class, that are also enough not to be memorised.
IN_ALL, EACH_OF_MANY = 500, 50
#: Share of the baseline loss that training has explained where it does not know its examples by heart.
NOT_BY_HEART = 0.8
#: Estimated share of wrong labels below which there are hardly any.
FEW_WRONG = 0.05
#: Dropout up to which it does not explain a training loss above validation's,
LITTLE_DROPOUT = 0.1
#: how far above it has to be, in baselines,
ABOVE_VALIDATION = 0.08
#: and the least that training must have explained to be compared.
LEARNED_SOMETHING = 0.1


class Likelihoods:
    """What speaks for wrong labels, and against them."""

    LESS_ALIKE = LikelihoodRatio(
        1000.0,
        "neighbours agree on {own:.2g} of the training targets and on {held_out:.2g} of validation's",
        "data",
    )
    MANY_WRONG = LikelihoodRatio(
        20.0, "about {share:.0%} of the training labels are wrong, judged by their neighbours", "data"
    )
    FEW_WRONG = LikelihoodRatio(
        0.05, "about {share:.0%} of the training labels are wrong, judged by their neighbours", "data"
    )
    TURNED = LikelihoodRatio(2.0, "validation learned, then turned and rose while training learned the rest by heart")
    TOGETHER = LikelihoodRatio(1.5, "both fell together before")
    MANY_EXAMPLES = LikelihoodRatio(
        6.0, "{count} training examples are not so few that they must be memorised", "params"
    )
    FEW_EXAMPLES = LikelihoodRatio(0.2, "{count} training examples are few", "params")
    BLIND = LikelihoodRatio(3.0, "validation never gained on knowing nothing")
    SLOWLY = LikelihoodRatio(1.5, "training learns slowly")
    BY_HEART = LikelihoodRatio(0.5, "training learned it by heart")
    ABOVE_VALIDATION = LikelihoodRatio(
        25.0, "training stays above validation, and no dropout or augmentation explains it", own=True
    )


@rule(
    "DS209",
    "label-noise",
    seen_as=("Validation gets worse while training gets better", "Training loss stops high, and validation with it"),
    likelihoods=Likelihoods,
)
def label_noise(
    features: Features | None,
    symptoms: Symptoms,
    explained: Explained | None,
    traits: frozenset[str],
    relation: Relation | None,
    names: Mapping[str, str],
    epochs: float | None,
    n_train: int | None,
    n_classes: int | None,
    dropout: float | None,
    label_smoothing: float | None,
    augmentation: object | None,
    *,
    prior: float = 0.035,
    many: int = 100,
    differs: float = 0.15,
    noisy: float = 0.15,
) -> Outcome:
    """Too many bad labels.

    What it measures
    ----------------
    Two courses that wrong training labels bring about: the network learns the rule first and the errors later, by
    heart, so validation turns early and rises while training goes to nothing, although there are examples enough; or
    it never fits the errors, and training stays above validation without any dropout or augmentation to explain it.
    A dataset profile says it of the targets themselves: the ten nearest training examples agree on fewer of the
    training targets than of validation's. Where both sides are as noisy, the share of training labels is estimated that
    the neighbours contradict; classes that overlap add to it, so that it counts for less.

    Boosted trees come to the first course by too many rounds alone, whatever the labels, and are not judged by it.

    Why it matters
    --------------
    "There might be too many bad labels that the network couldn't learn. The cutoff point is up for debate."

    What to do
    ----------
    Look at the training examples with the highest loss at the best checkpoint: wrong labels gather there. Stop early
    meanwhile.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    many : training examples per class, from which on memorising is not explained by their being few.
    noisy : estimated share of wrong training labels from which on there are too many.
    differs : share of the agreement of neighbours on validation's targets that agreement on training's lacks.

    References
    ----------
    Seminar: "Dataset issues" (is there too much noise in the dataset?). Arpit et al. (2017), ICML: simple patterns
    first, noise later; Northcutt, Jiang and Chuang (2021), JAIR 70:1373, confident learning.
    """
    compared = _compared(relation, differs, noisy)
    measured = [] if compared is None else [compared]
    message = "training learns by heart what does not hold elsewhere"
    if compared is not None and compared.key == Likelihoods.LESS_ALIKE.key:
        return _found(measured, symptoms, names, epochs, compared.text, prior)
    seen: list[Observation] = []
    if features is not None and explained is not None and not symptoms.has("diverged", "frozen"):
        loose = dropout is None or dropout > LITTLE_DROPOUT or bool(label_smoothing or augmentation)
        trees = "boosting" in traits
        seen = _of_curves(features, symptoms, explained, n_train, n_classes, many, loose=loose, trees=trees)
    if Likelihoods.ABOVE_VALIDATION.key in {s.key for s in seen}:
        message = "training cannot fit some of its labels"
    if compared is not None and not seen:
        message = compared.text
    return _found([*seen, *measured], symptoms, names, epochs, message, prior)


def _of_curves(
    features: Features,
    symptoms: Symptoms,
    explained: Explained,
    n_train: int | None,
    n_classes: int | None,
    many: int,
    *,
    loose: bool,
    trees: bool,
) -> list[Observation]:
    """What the curves say; ``loose``: dropout or augmentation may hold training back."""
    if features.stuck_at_baseline:
        return []
    turned = features.memorised and symptoms.has("overfitting") and not features.val_blind
    if turned and not trees:
        return _turned(features, n_train, n_classes, many)
    if features.val_blind:
        by_heart = explained.train >= NOT_BY_HEART
        return [Likelihoods.BLIND(), Likelihoods.BY_HEART() if by_heart else Likelihoods.SLOWLY()]
    above = features.apart < -ABOVE_VALIDATION and LEARNED_SOMETHING < explained.train < NOT_BY_HEART
    return [Likelihoods.ABOVE_VALIDATION()] if above and not loose else []


def _compared(relation: Relation | None, differs: float, noisy: float) -> Observation | None:
    """What neighbours say of the training targets beside validation's."""
    if relation is None or relation.train is not True:
        return None
    if relation.worse_in_training >= differs:
        return Likelihoods.LESS_ALIKE(own=relation.agreement, held_out=relation.held_out)
    if relation.noise is None or FEW_WRONG <= relation.noise < noisy:
        return None
    return (Likelihoods.MANY_WRONG if relation.noise >= noisy else Likelihoods.FEW_WRONG)(share=relation.noise)


def _found(
    observations: list[Observation],
    symptoms: Symptoms,
    names: Mapping[str, str],
    epochs: float | None,
    message: str,
    prior: float,
) -> Outcome:
    """The finding, and what to do."""
    text = (
        "look at the training examples with the highest loss at the best checkpoint, and correct or drop "
        "the wrong ones; stop early meanwhile"
    )
    # Networks fit what the examples have in common first, and wrong labels last.
    changes = stop_at_best(symptoms, names, epochs)
    text += f": {in_words(changes)}" if changes else ""
    return label_noise.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the loss on a hundred examples whose labels were checked by hand",
    )


def _turned(features: Features, n_train: int | None, n_classes: int | None, many: int) -> list[Observation]:
    """What a validation that learned and then turned says, beside the number of examples."""
    observations = [Likelihoods.TURNED()]
    if features.parted < TOGETHER:
        observations.append(Likelihoods.TOGETHER())
    if n_train is not None:
        each = n_train / (n_classes or 1)
        enough = each >= many or (n_train >= IN_ALL and each >= EACH_OF_MANY)
        observations.append((Likelihoods.MANY_EXAMPLES if enough else Likelihoods.FEW_EXAMPLES)(count=n_train))
    return observations
