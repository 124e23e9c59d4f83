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
from tracker_diag.rules.from_to import from_to, reference

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
        "the nearest training examples predict training targets worse than validation targets (agreement {own:figure} "
        "against {held_out:figure})",
        "data",
    )
    MANY_WRONG = LikelihoodRatio(
        20.0, "about {share:share} of the training labels contradict those of their nearest neighbours", "data"
    )
    FEW_WRONG = LikelihoodRatio(
        0.05, "only about {share:share} of the training labels contradict those of their nearest neighbours", "data"
    )
    TURNED = LikelihoodRatio(2.0, "validation improved, then got worse while the model memorised the training set")
    TOGETHER = LikelihoodRatio(1.5, "training and validation improved together at first")
    MANY_EXAMPLES = LikelihoodRatio(
        6.0, "with {count:figure} training examples, overfitting is unusual unless some labels are wrong", "params"
    )
    FEW_EXAMPLES = LikelihoodRatio(
        0.2, "so few training examples ({count:figure}) are memorised even with correct labels", "params"
    )
    BLIND = LikelihoodRatio(3.0, "validation never gets much better than {level}, while training does")
    SLOWLY = LikelihoodRatio(1.5, "training loss does not reach 0, as if some labels could not be fitted")
    BY_HEART = LikelihoodRatio(0.5, "validation hardly improved; with label noise alone, it would improve at first")
    ABOVE_VALIDATION = LikelihoodRatio(
        25.0, "training ends worse than validation, and no logged dropout or augmentation explains it", own=True
    )


@rule(
    "DS209",
    "label-noise",
    seen_as=("Validation gets worse while training gets better", "Training and validation loss both stay high"),
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
    """Too many training labels are wrong.

    What it measures
    ----------------
    Wrong training labels leave one of two patterns in the curves. In the first, the network learns the general rule
    first and memorises the wrong labels later. Validation then turns early and gets worse while training loss goes to
    0, although there are enough examples. In the second, the network never fits the wrong labels. Training then stays
    worse than validation, and no dropout or augmentation explains it.

    A dataset profile shows wrong labels directly: the ten nearest training examples agree less with training targets
    than with validation targets. If both sets are equally noisy, the rule estimates the share of training labels that
    contradict those of their neighbours. Overlapping classes add to that estimate, so it counts for less.

    Boosted trees show the first pattern whenever they are given too many rounds, even with correct labels. Therefore
    it does not count for them.

    Why it matters
    --------------
    "There might be too many bad labels that the network couldn't learn. The cutoff point is up for debate."

    What to do
    ----------
    Look at the training examples with the highest loss at the best checkpoint, because wrong labels gather there. Until
    they are corrected, stop early.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    many : training examples per class that are too many to be memorised easily.
    noisy : smallest estimated share of wrong training labels that counts as a sign.
    differs : smallest difference that counts as a sign: by what share neighbours' agreement is lower for training
        targets than for validation targets.

    References
    ----------
    Seminar: "Dataset issues" (is there too much noise in the dataset?). Arpit et al. (2017), ICML: simple patterns
    first, noise later; Northcutt, Jiang and Chuang (2021), JAIR 70:1373, confident learning.
    """
    compared = _compared(relation, differs, noisy)
    measured = [] if compared is None else [compared]
    ends = "" if explained is None else from_to(explained)
    message = f"{ends}: the model may be memorising wrong labels"
    if compared is not None and compared.key == Likelihoods.LESS_ALIKE.key:
        return _found(measured, symptoms, names, epochs, compared.text, prior)
    seen: list[Observation] = []
    if features is not None and explained is not None and not symptoms.has("diverged", "frozen"):
        loose = dropout is None or dropout > LITTLE_DROPOUT or bool(label_smoothing or augmentation)
        trees = "boosting" in traits
        seen = _of_curves(features, symptoms, explained, n_train, n_classes, many, loose=loose, trees=trees)
    if Likelihoods.ABOVE_VALIDATION.key in {s.key for s in seen}:
        message = f"{ends}: the model cannot fit some training labels"
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
        blind = Likelihoods.BLIND(level=reference(explained))
        return [blind, Likelihoods.BY_HEART() if by_heart else Likelihoods.SLOWLY()]
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
        "wrong labels; until then, stop early"
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
        settles="log the loss on 100 examples whose labels were checked by hand",
    )


def _turned(features: Features, n_train: int | None, n_classes: int | None, many: int) -> list[Observation]:
    """What a validation curve that improved and then got worse says, beside the number of examples."""
    observations = [Likelihoods.TURNED()]
    if features.parted < TOGETHER:
        observations.append(Likelihoods.TOGETHER())
    if n_train is not None:
        each = n_train / (n_classes or 1)
        enough = each >= many or (n_train >= IN_ALL and each >= EACH_OF_MANY)
        observations.append((Likelihoods.MANY_EXAMPLES if enough else Likelihoods.FEW_EXAMPLES)(count=n_train))
    return observations
