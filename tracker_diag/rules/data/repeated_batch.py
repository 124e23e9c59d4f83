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
from tracker_diag.rules.from_to import beside_guessing, ends, from_to, reference

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
    """What speaks for the same batch over and over, and against it."""

    REPEATED = LikelihoodRatio(5000.0, "{part:share} of the batches had already appeared in the same epoch", "data")
    NOT_REPEATED = LikelihoodRatio(0.01, "no batch that the callback saw appeared twice in an epoch", "data")
    AT_ONCE = LikelihoodRatio(4.0, "training made half of its improvement in the first {part:share} of the run")
    EXPLAINED = LikelihoodRatio(1.5, "training loss ends {part:share} below {level}")
    NOT_AT_ONCE = LikelihoodRatio(
        0.3,
        "training loss needed {part:share} of the run for half of its fall; a single repeated batch would be learned "
        "faster",
    )
    BEHIND = LikelihoodRatio(4.0, "validation ends far behind training ({ends})")
    APART_AT_BEST = LikelihoodRatio(3.0, "even when validation was best, training was already far better")
    TOGETHER = LikelihoodRatio(0.1, "validation still matched training when training had made half of its improvement")
    FELL_AT_FIRST = LikelihoodRatio(0.1, "validation improved together with training at first")
    KEEPS_UP = LikelihoodRatio(0.05, "validation keeps up with training")
    FIRST_EPOCH_AT_ONCE = LikelihoodRatio(
        4.0, "training loss is far below validation loss already in the first epoch, and falls quickly", own=True
    )
    FIRST_EPOCH = LikelihoodRatio(4.0, "training loss is far below validation loss already in the first epoch")
    MANY_EXAMPLES = LikelihoodRatio(3.0, "{count:figure} training examples take long to memorise", "params")
    FEW_EXAMPLES = LikelihoodRatio(0.2, "{count:figure} training examples are memorised quickly", "params")
    PRETRAINED = LikelihoodRatio(0.3, "a pretrained network can memorise within a few epochs", "params")
    FAR_OFF = LikelihoodRatio(
        0.1, "validation loss starts at {over:times} the training loss, which memorising one batch does not explain"
    )
    BELOW_GUESSING = LikelihoodRatio(
        0.2, "validation accuracy is {accuracy}, which memorising one batch does not explain"
    )
    LEARNED_LATER = LikelihoodRatio(0.3, "validation improved a lot after the first epoch")
    LEARNED_WELL = LikelihoodRatio(0.1, "validation at its best was {part:share} better than {level}")


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
    """The network gets the same batch over and over.

    What it measures
    ----------------
    The rule looks for a training loss that makes half of its improvement in the first 6% of the run, or ends at least
    80% better than chance level, while validation improves little. The whole training set could hardly be memorised
    that fast. If both losses fall together at first, or if a pretrained network is used, this cause is unlikely.

    If a callback recorded hashes of batches, the rule uses them first. It reports a run in which more than 30% of the
    batches had already appeared in the same epoch.

    Why it matters
    --------------
    "Using the same image or batch over and over?" A generator may never advance, or a loader may be rebuilt at each
    step. Training then looks perfect.

    What to do
    ----------
    Log a hash of each batch, or print the first labels of three consecutive batches.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    many : with this number of training examples or more, memorising them takes more than a few epochs.

    References
    ----------
    Seminar: "Dataset issues" (check the data loader).
    """
    repeated = watched.median("batches_repeated") if watched else None
    if repeated is not None and repeated > MANY_REPEATED:
        seen = Likelihoods.REPEATED(part=repeated)
        return _found([seen], seen.text, prior)
    if features is None or explained is None or train is None:
        return repeated_batch.skip(
            "no training loss, and no callback looked at batches", "log the training loss every epoch"
        )
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
    message = f"{from_to(explained)}: training may see the same few examples again and again"
    return _found(observations, message, prior)


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
    """What the curves of a run say that memorised its training set."""
    half_way = int(np.argmax(train.y <= 0.5 * (train.start + train.best)))
    before = 0 if val is None else int((val.x < train.x[half_way]).sum())
    at_once = features.quick <= AT_ONCE and before < SOME_EPOCHS
    level = reference(explained)
    observations = [
        Likelihoods.AT_ONCE(part=features.quick)
        if at_once
        else Likelihoods.EXPLAINED(part=explained.train, level=level)
    ]
    if features.quick > NOT_AT_ONCE:
        observations.append(Likelihoods.NOT_AT_ONCE(part=features.quick))
    observations += _behind(features, explained)
    if val is not None and features.apart > BEHIND:
        beside = float(np.interp(train.x[half_way], val.x, val.y))
        if beside - float(train.y[half_way]) < TOGETHER * (explained.baseline - explained.bottom):
            observations.append(Likelihoods.TOGETHER())
    if features.val_first > FAR_OFF and features.val_wrong > FAR_OFF:
        observations.append(Likelihoods.FAR_OFF(over=features.val_first))
    if times_guessing is not None and times_guessing < FAR_BELOW_GUESSING:
        observations.append(Likelihoods.BELOW_GUESSING(accuracy=beside_guessing(times_guessing)))
    if params.get("pretrained"):
        observations.append(Likelihoods.PRETRAINED())
    if n_train is not None:
        observations.append((Likelihoods.MANY_EXAMPLES if n_train >= many else Likelihoods.FEW_EXAMPLES)(count=n_train))
    if explained.val_best - explained.val_start > GAINED:
        observations.append(Likelihoods.LEARNED_LATER())
    if explained.val_best > LEARNED_WELL:
        observations.append(Likelihoods.LEARNED_WELL(part=explained.val_best, level=level))
    return observations


def _found(observations: list[Observation], message: str, prior: float) -> Outcome:
    return repeated_batch.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice="print the first labels of three consecutive batches; create the data iterator "
        "once per epoch, not at every step, and draw each batch from it",
        settles="log a hash of each batch: the same hash twice in an epoch means a repeated batch",
    )


def _behind(features: Features, explained: Explained) -> list[Observation]:
    """What validation beside training says."""
    if features.apart > BEHIND:
        observations = [
            Likelihoods.BEHIND(ends=ends(explained)),
            Likelihoods.APART_AT_BEST() if features.parted > APART_AT_BEST else Likelihoods.FELL_AT_FIRST(),
        ]
    else:
        observations = [Likelihoods.KEEPS_UP()]
    if features.val_first > FIRST_BEHIND and features.first.times < FIRST_BELOW:
        at_once = features.quick <= AT_ONCE
        observations.append(Likelihoods.FIRST_EPOCH_AT_ONCE() if at_once else Likelihoods.FIRST_EPOCH())
    return observations
