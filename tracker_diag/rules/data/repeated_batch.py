"""DS202 repeated-batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.rules.api import (
    Curve,
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Symptoms,
    Watched,
    rule,
)

#: Share of the baseline loss that training must have explained to have learned a batch.
LEARNED = 0.5
#: Share of the run in which half of the improvement comes at once, and from which on it does not.
AT_ONCE, NOT_AT_ONCE = 0.06, 0.1
#: Evaluations of validation before that from which on it did not come at once: a long run has many in a small share.
SOME_EPOCHS = 4
#: Times training's first loss, and uninformed levels, that validation's is where something else than a batch is wrong.
FAR_OFF = 10.0
#: Times what guessing gets right below which validation's answers are wrong for a reason.
FAR_BELOW_GUESSING = 0.5
#: Uninformed levels that validation lies behind training when that is half-way down, below which both fall together.
TOGETHER = 0.1
#: Uninformed levels that validation stays behind where what was learned holds for nothing else,
BEHIND = 0.3
#: and those it lay behind at its best where it never fell with training.
APART_AT_BEST = 0.25
#: Times the first training loss that validation's is, and baselines below which training's is, where the first
#: epoch already learned a batch.
FIRST_BEHIND, FIRST_BELOW = 1.2, 0.9
#: Share of the baseline loss that validation gains after its first value where it learned,
GAINED = 0.25
#: and has explained at its best where it learned well.
LEARNED_WELL = 0.8


#: Share of the batches that came before in their epoch, from which on it is no chance.
MANY_REPEATED = 0.3


class Likelihoods:
    """What speaks for one batch over and over, and against it."""

    REPEATED = LikelihoodRatio(5000.0, "{share:.0%} of the batches had come before in the same epoch", "data")
    NOT_REPEATED = LikelihoodRatio(0.01, "no batch that was looked at came twice in an epoch", "data")
    AT_ONCE = LikelihoodRatio(4.0, "half of what training gained came within {share:.0%} of the run")
    EXPLAINED = LikelihoodRatio(1.5, "training explains four fifths or more")
    NOT_AT_ONCE = LikelihoodRatio(0.3, "half of what training gained took longer than a tenth of the run")
    BEHIND = LikelihoodRatio(4.0, "validation stays {share:.0%} of the uninformed loss behind")
    APART_AT_BEST = LikelihoodRatio(3.0, "where validation was best, training was far below it already")
    TOGETHER = LikelihoodRatio(0.1, "when training was half-way down, validation was beside it")
    FELL_AT_FIRST = LikelihoodRatio(0.1, "validation fell with training at first")
    KEEPS_UP = LikelihoodRatio(0.05, "validation keeps up")
    FIRST_EPOCH_AT_ONCE = LikelihoodRatio(
        4.0, "in the first epoch already training is far below validation, and soon at its end", own=True
    )
    FIRST_EPOCH = LikelihoodRatio(4.0, "in the first epoch already training is far below validation")
    MANY_EXAMPLES = LikelihoodRatio(3.0, "{count} training examples take long to memorise", "params")
    FEW_EXAMPLES = LikelihoodRatio(0.2, "{count} training examples are soon memorised", "params")
    PRETRAINED = LikelihoodRatio(0.3, "a pretrained network memorises within a few epochs", "params")
    FAR_OFF = LikelihoodRatio(
        0.1, "validation begins at {over:.2g} times training's loss: a batch learned by heart does not do that"
    )
    BELOW_GUESSING = LikelihoodRatio(
        0.2, "validation is right {share:.2g} times as often as guessing: one batch learned by heart does not do that"
    )
    LEARNED_LATER = LikelihoodRatio(0.3, "validation learned much after its first epoch")
    LEARNED_WELL = LikelihoodRatio(0.1, "validation did well at its best")


@rule(
    "DS202",
    "repeated-batch",
    seen_as=("Validation is far worse than training",),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def repeated_batch(
    features: Features | None,
    symptoms: Symptoms,
    explained: Explained | None,
    train: Curve | None,
    val: Curve | None,
    watched: Watched | None,
    n_train: int | None,
    params: Mapping[str, Any],
    times_guessing: float | None,
    *,
    prior: float = 0.03,
    many: int = 300,
) -> Outcome:
    """The same batch over and over.

    What it measures
    ----------------
    A training loss that gains half of what it gains within 6 % of the run, and explains four fifths or more in the end,
    while validation gains little: as many examples as there are said to be cannot be memorised that fast. Where both
    losses fall together at first, or a pretrained network is trained on, it is hardly this. Where a callback looked at
    batches, their hashes decide: more than three tenths that came before in the same epoch.

    Why it matters
    --------------
    "Using the same image or batch over and over?" A generator that is not advanced, a loader that is rebuilt for each
    step: training looks perfect.

    What to do
    ----------
    Log a hash of each batch, or print the first labels of three batches in a row.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    many : training examples that take more than a few epochs to memorise.

    References
    ----------
    Seminar: "Dataset issues" (check the data loader).
    """
    repeated = watched.median("batches_repeated") if watched else None
    if repeated is not None and repeated > MANY_REPEATED:
        return _found([Likelihoods.REPEATED(share=repeated)], prior)
    if features is None or explained is None or train is None:
        return repeated_batch.skip("no training loss, and no look at batches", "log the training loss each epoch")
    if (
        symptoms.has("diverged", "frozen")
        or features.stuck_at_baseline
        or not explained.train > LEARNED
        or not features.memorised
    ):
        return None
    observations = _of_curves(features, explained, train, val, n_train, params, times_guessing, many)
    if repeated == 0:
        observations.append(Likelihoods.NOT_REPEATED())
    return _found(observations, prior)


def _of_curves(
    features: Features,
    explained: Explained,
    train: Curve,
    val: Curve | None,
    n_train: int | None,
    params: Mapping[str, Any],
    times_guessing: float | None,
    many: int,
) -> list[Observation]:
    """What the curves of a run say that learned its training data by heart."""
    half_way = int(np.argmax(train.y <= 0.5 * (train.start + train.best)))
    before = 0 if val is None else int((val.x < train.x[half_way]).sum())
    at_once = features.quick <= AT_ONCE and before < SOME_EPOCHS
    observations = [Likelihoods.AT_ONCE(share=features.quick) if at_once else Likelihoods.EXPLAINED()]
    if features.quick > NOT_AT_ONCE:
        observations.append(Likelihoods.NOT_AT_ONCE())
    observations += _behind(features)
    if val is not None and features.apart > BEHIND:
        beside = float(np.interp(train.x[half_way], val.x, val.y))
        if beside - float(train.y[half_way]) < TOGETHER * (explained.baseline - explained.bottom):
            observations.append(Likelihoods.TOGETHER())
    if features.val_first > FAR_OFF and features.val_wrong > FAR_OFF:
        observations.append(Likelihoods.FAR_OFF(over=features.val_first))
    if times_guessing is not None and times_guessing < FAR_BELOW_GUESSING:
        observations.append(Likelihoods.BELOW_GUESSING(share=times_guessing))
    if params.get("pretrained"):
        observations.append(Likelihoods.PRETRAINED())
    if n_train is not None:
        observations.append((Likelihoods.MANY_EXAMPLES if n_train >= many else Likelihoods.FEW_EXAMPLES)(count=n_train))
    if explained.val_best - explained.val_start > GAINED:
        observations.append(Likelihoods.LEARNED_LATER())
    if explained.val_best > LEARNED_WELL:
        observations.append(Likelihoods.LEARNED_WELL())
    return observations


def _found(observations: list[Observation], prior: float) -> Outcome:
    return repeated_batch.hypothesis(
        prior=prior,
        observations=observations,
        message="training learns as if it saw few examples again and again",
        advice="print the first labels of three batches in a row; advance or rebuild the loader once an epoch",
        settles="log a hash of each batch",
    )


def _behind(features: Features) -> list[Observation]:
    """What validation beside training says."""
    if features.apart > BEHIND:
        observations = [
            Likelihoods.BEHIND(share=features.apart),
            Likelihoods.APART_AT_BEST() if features.parted > APART_AT_BEST else Likelihoods.FELL_AT_FIRST(),
        ]
    else:
        observations = [Likelihoods.KEEPS_UP()]
    if features.val_first > FIRST_BEHIND and features.first.times < FIRST_BELOW:
        at_once = features.quick <= AT_ONCE
        observations.append(Likelihoods.FIRST_EPOCH_AT_ONCE() if at_once else Likelihoods.FIRST_EPOCH())
    return observations
