"""RG802 regularisation-too-strong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import (
    Change,
    Curve,
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    in_words,
    lower,
    rule,
)
from tracker_diag.rules.hypothesis import foremost

#: Times the usual weight decay that optimisers take which multiply it by the learning rate alone. Chen et al. (2023),
#: Lion: three to ten times that of AdamW.
DECOUPLED = {"adamw": 5, "lamb": 5, "lion": 20}
#: Dropout up to which it is moderate: between what is usual for inputs and for hidden units.
MODERATE_DROPOUT = 0.3
#: Dropout and weight decay that are proposed: usual ones, with which networks learn.
PROPOSED_DROPOUT, PROPOSED_DECAY = 0.2, 1e-4
#: How far training ends above validation, as a share of chance level, and times validation's loss, from which on its
#: noise is too much: with dropout 0.5, nearly all sound runs end at most at twice the validation loss.
NOISY_GAP, NOISY_RATIO = 0.25, 2.0
#: Dropout that is not known to work in hidden layers, and times validation's loss above which training then ends.
BEYOND_DOUBT, NOISY_BEYOND_DOUBT = 0.85, 1.1
#: What mixes or smooths the labels, and raises the training loss for a reason of its own.
MIXING = ("mixup", "augmentation", "label_smoothing")
#: A training loss with a penalty in it. Times validation that it starts at, at least and at most (more is a loss that
#: explodes), and that it has at the next record; share of itself by which validation, which has no penalty, may move;
#: shares by which training may end below and above it.
PENALISED, EXPLODED, PENALISED_NEXT, STANDS, BELOW, ABOVE = 2.0, 30.0, 1.2, 0.02, 0.1, 0.5
#: Explained share of chance level above which a run has learned more than an underfitting one.
LEARNED_HALF = 0.5


class Likelihoods:
    """What speaks for regularisation that is too strong, and against it."""

    DROPOUT = LikelihoodRatio(6.0, "dropout is {dropout:figure}", "params", most=60.0)
    MODERATE_DROPOUT = LikelihoodRatio(0.5, "dropout {dropout:figure} is moderate", "params")
    DECAY = LikelihoodRatio(10.0, "weight decay is {decay:figure}", "params", most=60.0)
    NOISY = LikelihoodRatio(8.0, "training loss ends far above validation loss, as with too much noise in training")
    PENALTY = LikelihoodRatio(
        30.0,
        "training loss starts at {over:times} the validation loss and falls to it while validation stays flat, as "
        "with a weight penalty in the training loss",
        own=True,
    )
    NOTHING_LEARNED = LikelihoodRatio(2.0, "hardly anything is learned")
    CAME_APART_CONFIGURED = LikelihoodRatio(1.5, "the run {diverged_or_unstable}")
    CAME_APART = LikelihoodRatio(0.5, "the run {diverged_or_unstable}")
    OVERFITS = LikelihoodRatio(0.05, "the run overfits")
    LEARNS = LikelihoodRatio(0.2, "the run learns")


@rule(
    "RG802",
    "regularisation-too-strong",
    seen_as=("My loss is flat from the start", "Training and validation loss both stay high"),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=lower("dropout", "weight_decay", "label_smoothing", "stochastic_depth"),
)
def regularisation_too_strong(
    features: Features,
    symptoms: Symptoms,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    explained: Explained | None,
    train_loss: Curve | None,
    val_loss: Curve | None,
    train_score: Curve | None,
    val_score: Curve | None,
    dropout: float | None,
    weight_decay: float | None,
    *,
    prior: float = 0.03,
    strong_dropout: float = 0.6,
    strong_decay: float = 0.1,
) -> Outcome:
    """So much dropout or weight decay that nothing can be learned.

    What it measures
    ----------------
    Dropout and weight decay, compared with their usual range, and the effect of too much of them: training loss
    ends far above validation loss, and both level off at a high loss. With dropout 0.85 or more, it is enough that
    training loss ends a tenth above validation loss. A weight penalty shows in another way: training loss starts at
    twice the validation loss or more and falls to it while validation stays flat.

    Why it matters
    --------------
    Regularisation smooths the loss landscape; too much of it flattens it. Dropout 0.9 switches off nine of ten units at
    each step.

    What to do
    ----------
    Lower dropout to 0.2 and weight decay to 1e-4. Then raise them as long as validation improves.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    strong_dropout : dropout above this is unusual.
    strong_decay : weight decay above this is unusual. With AdamW, which decouples it from the gradient, the limit is
        five times as high; with Lion, whose learning rates are lower, twenty times.

    References
    ----------
    Seminar: "Regularisation". Srivastava et al. (2014), JMLR 15:1929: 0.5 for hidden units, 0.2 for inputs.
    """
    limit = strong_decay * DECOUPLED.get(str(params.get("optimizer") or "").lower(), 1)
    thinned = dropout is not None and 0 <= dropout < 1 and dropout > strong_dropout
    decayed = weight_decay is not None and weight_decay > limit
    strong, changes = [], []
    if thinned:
        strong.append(f"dropout {figure(dropout or 0)}")
        changes.append(Change(names.get("dropout", "dropout"), dropout, PROPOSED_DROPOUT))
    if decayed:
        strong.append(f"weight decay {figure(weight_decay or 0)}")
        changes.append(Change(names.get("weight_decay", "weight_decay"), weight_decay, PROPOSED_DECAY))
    # Decay raises both curves.
    accurate = any(score is not None and score.accuracy for score in (train_score, val_score))
    high = features.first.times > PENALISED if features.first.known else not accurate
    penalty = _penalty(train_loss, val_loss) if high else None
    beyond_doubt = dropout is not None and BEYOND_DOUBT <= dropout < 1
    # How far apart two losses end that both blew up says nothing.
    noisy = (
        penalty is None
        and not symptoms.has("diverged")
        and _noisy(features, params, NOISY_BEYOND_DOUBT if beyond_doubt else NOISY_RATIO)
        and (thinned or not decayed)
    )
    if not changes and not noisy and penalty is None:
        return None
    observations = _configured(dropout, strong_dropout, weight_decay, limit)
    if penalty is not None:
        observations.append(penalty)
    if noisy:
        observations.append(Likelihoods.NOISY())
    observations += _seen(features, symptoms, noisy, bool(changes))
    text = (
        in_words(tuple(changes))
        or ("divide the weight penalty by 10" if penalty is not None else "")
        or "halve dropout, augmentation or label smoothing"
    )
    settles = "run once without " + ("the weight penalty" if penalty is not None else "dropout and weight decay")
    if changes:
        settles = "run once with " + " and ".join(f"{c.param} {figure(c.after)}" for c in changes)
    first = foremost(observations)
    at = f" ({' and '.join(strong)})" if strong and first.source != "params" else ""
    return regularisation_too_strong.hypothesis(
        prior=prior,
        observations=observations,
        message=first.message + at,
        advice=text,
        prescription=Prescription(text, tuple(changes)),
        settles=settles,
        verdict="" if explained is not None and explained.known and explained.most > LEARNED_HALF else "underfitting",
    )


def _configured(
    dropout: float | None, strong_dropout: float, weight_decay: float | None, limit: float
) -> list[Observation]:
    """What the configured dropout and weight decay say."""
    observations: list[Observation] = []
    if dropout is not None and 0 <= dropout < 1:
        if dropout > strong_dropout:
            observations.append(Likelihoods.DROPOUT(times=(1 - strong_dropout) / (1 - dropout), dropout=dropout))
        elif dropout <= MODERATE_DROPOUT:
            observations.append(Likelihoods.MODERATE_DROPOUT(dropout=dropout))
    if weight_decay is not None and weight_decay > limit:
        observations.append(
            Likelihoods.DECAY(times=weight_decay / limit if limit > 0 else math.inf, decay=weight_decay)
        )
    return observations


def _penalty(train: Curve | None, val: Curve | None) -> Observation | None:
    """Whether training comes down to a flat validation loss: what falls is then something that only training has."""
    if train is None or val is None or not (train.long_enough and val.long_enough):
        return None
    ours, theirs = train.finite[1], val.finite[1]
    level = float(np.median(theirs))
    if level <= 0 or np.ptp(theirs) > STANDS * level or ours.size < train.raw.size:
        return None
    falls = EXPLODED * theirs[0] > ours[0] > PENALISED * theirs[0] and ours[1] > PENALISED_NEXT * level
    if not falls or not (1 - BELOW) * level < ours[-1] < (1 + ABOVE) * level:
        return None
    return Likelihoods.PENALTY(over=float(ours[0] / theirs[0]))


def _noisy(features: Features, params: Mapping[str, Any], ratio: float) -> bool:
    """Whether training ends far above validation, because of its own noise."""
    far_above = features.apart < -NOISY_GAP or features.loss_ratio > ratio
    return far_above and not any(params.get(name) for name in MIXING)


def _seen(features: Features, symptoms: Symptoms, noisy: bool, configured: bool) -> list[Observation]:
    """What the curves say about how much was learned."""
    if symptoms.has("underfitting", "frozen") or features.stuck_at_baseline:
        return [Likelihoods.NOTHING_LEARNED()]
    if symptoms.has("diverged", "unstable"):
        row = Likelihoods.CAME_APART_CONFIGURED if configured else Likelihoods.CAME_APART
        return [row(diverged_or_unstable="diverged" if symptoms.has("diverged") else "was unstable")]
    if symptoms.has("overfitting", "unrepresentative-train"):
        return [Likelihoods.OVERFITS()]
    return [] if noisy else [Likelihoods.LEARNS()]
