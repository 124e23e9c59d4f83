"""RG804 augmentation-too-strong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Curve,
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    rule,
)
from tracker_diag.rules.hypothesis import foremost
from tracker_diag.stats.gap import Gap

#: Largest share of chance level that training has explained if it stays hard, and if it learns nothing.
HARD, NOTHING = 0.4, 0.1
#: How far training ends above validation, as a share of chance level, and times validation's loss, to be far above.
FAR_ABOVE, TIMES = 0.2, 1.8
#: Validation accuracy, in times that of guessing, from which on validation learned although training did not.
TIMES_GUESSING = 1.5
#: Dropout up to which training is hardly affected.
MODERATE_DROPOUT = 0.5
#: What mixes or smooths labels: training loss then cannot come near 0.
MIXING = ("mixup", "label_smoothing")
#: Words by which an augmentation says that it is strong, and by which a number says that it is a spread.
_STRONG = re.compile(r"strong|heavy|hard|extreme|max", re.IGNORECASE)
_SPREAD = re.compile(r"std|sigma|noise|deviation", re.IGNORECASE)
#: Standard deviation from which on noise is larger than a standardised input.
LARGER_THAN_INPUT = 1.0


class Likelihoods:
    """What speaks for augmentation that is too strong, and against it."""

    FAR_ABOVE = LikelihoodRatio(
        15.0,
        "training loss (augmented) ends only {train:share} below chance level, validation loss (not augmented) "
        "{val:share} "
        "below it",
    )
    EASIER = LikelihoodRatio(
        6.0, "training loss (augmented) hardly falls and ends above validation loss (not augmented)"
    )
    LEARNED_ALL_THE_SAME = LikelihoodRatio(
        2.0, "validation accuracy is {right:share}, while random guessing gives {guessing:share}"
    )
    STRONG = LikelihoodRatio(4.0, "the augmentation is a strong one ({name} is {value})", "params")
    DROPOUT = LikelihoodRatio(0.3, "dropout {dropout:figure} also holds training back", "params")
    MIXED = LikelihoodRatio(0.3, "{name} makes training harder by design", "params")


@rule(
    "RG804",
    "augmentation-too-strong",
    seen_as=(
        "My loss is flat from the start",
        "Training and validation loss both stay high",
        "Validation is better than training",
    ),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def augmentation_too_strong(
    features: Features,
    symptoms: Symptoms,
    explained: Explained,
    end_gap: Gap,
    train: Curve,
    val_score: Curve | None,
    augmentation: object | None,
    layers_described: Layout | None,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    dropout: float | None,
    n_classes: int | None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """Augmentation makes the training examples hard to recognise.

    What it measures
    ----------------
    Whether augmentation is logged and switched on, or part of the described layers. Chance level must be known, and one
    of these must hold:

    - Training loss stays above 60% of chance level, and validation loss, whose examples are not augmented, ends far
      below training loss.
    - Training loss hardly falls below chance level, and validation loss ends below it by more than their noise.

    Input noise with a standard deviation above 1, and an augmentation whose name says that it is strong, are further
    signs.

    With augmentation, it is normal that training loss ends above validation loss. The rule does not report that if
    training loss has come down well. Mixup and label smoothing raise training loss by design.

    Why it matters
    --------------
    "Regularisation (dropout, noise, or some form of stochastic process)" helps as long as the examples still show what
    their labels say. An example that is cropped, rotated or drowned in noise beyond recognition has a wrong label, and
    the network learns to guess.

    What to do
    ----------
    Look at ten augmented examples: could you label them? Halve the strength until the training loss comes down, and
    train once without augmentation.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Regularisation". Cubuk et al. (2020), RandAugment, NeurIPS: the best strength grows with the size of
    network and data; Shorten and Khoshgoftaar (2019), A survey on image data augmentation, J. Big Data 6:60.
    """
    of_layers = layers_described is not None and layers_described.noise
    if augmentation is None and not of_layers:
        return augmentation_too_strong.skip("no augmentation is logged", "log whether the data is augmented")
    if not (augmentation or of_layers) or not explained.known or train.flipped or symptoms.has("diverged", "frozen"):
        return None
    observations = _seen(features, explained, end_gap)
    if not observations:
        return None
    if n_classes and val_score is not None and val_score.accuracy and val_score.long_enough:
        right = val_score.share(val_score.best)
        if right > TIMES_GUESSING / n_classes:
            observations.append(Likelihoods.LEARNED_ALL_THE_SAME(right=right, guessing=1 / n_classes))
    name = names.get("augmentation", "augmentation") if augmentation else "in the layers"
    if _strong(name, augmentation):
        observations.append(Likelihoods.STRONG(name=name, value=augmentation))
    if dropout is not None and dropout > MODERATE_DROPOUT:
        observations.append(Likelihoods.DROPOUT(dropout=dropout))
    observations += [Likelihoods.MIXED(name=names.get(kind, kind)) for kind in MIXING if params.get(kind)]
    where = f"parameter {name}" if augmentation else name
    text = f"halve the strength of the augmentation ({where}), and look at ten augmented examples"
    return augmentation_too_strong.hypothesis(
        prior=prior,
        observations=observations,
        message=foremost(observations).message,
        advice=text,
        prescription=Prescription(text),
        settles="train once without augmentation",
    )


def _seen(features: Features, explained: Explained, end_gap: Gap) -> list[Observation]:
    """What the curves say: how little training learns, and how much lower validation ends."""
    far_above = features.apart < -FAR_ABOVE or features.loss_ratio > TIMES
    if explained.train < HARD and far_above:
        return [Likelihoods.FAR_ABOVE(train=max(0.0, explained.train), val=explained.val)]
    if explained.train < NOTHING and end_gap.high < 0:
        return [Likelihoods.EASIER()]
    return []


def _strong(name: str, augmentation: object) -> bool:
    """Whether the configuration itself calls it strong."""
    if isinstance(augmentation, str):
        return bool(_STRONG.search(augmentation))
    if isinstance(augmentation, bool) or not isinstance(augmentation, int | float):
        return False
    return bool(_SPREAD.search(name)) and augmentation > LARGER_THAN_INPUT
