"""OP404 batch-too-large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import share as percent
from tracker_diag.rules.api import (
    Change,
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
from tracker_diag.rules.optimisation._progress import KEEPS_UP, STILL_FALLS

#: Share of the training set from which on a batch holds all of it: the rest is the rounding of a split.
ALL_OF_IT = 0.99
#: Epochs after which small and large batches have both made enough updates.
MANY_EPOCHS = 100
#: Training examples below which any usual batch holds a large part of them.
FEW_EXAMPLES = 200
#: A batch is made smaller by at least this factor: less would hardly change the number of updates.
TIMES_SMALLER = 4


class Likelihoods:
    """What speaks for a batch that is too large, and against it."""

    FULL_BATCH = LikelihoodRatio(40.0, "each batch holds {part} of the {n_train:figure} training examples", "params")
    LARGE_SHARE = LikelihoodRatio(15.0, "each batch holds {part} of the {n_train:figure} training examples", "params")
    STILL_FALLS = LikelihoodRatio(4.0, "the loss is still falling at the end")
    FEW_EXAMPLES = LikelihoodRatio(
        0.2, "the training set has only {n_train:figure} examples, so any usual batch holds many of them", "params"
    )
    NOT_ALL_EXPLAINED = LikelihoodRatio(
        3.0, "the model has not memorised the training set, and validation stays close to training"
    )
    SETTLED = LikelihoodRatio(0.2, "the curves have levelled off, so more updates would not help")


@rule(
    "OP404",
    "batch-too-large",
    seen_as=("My loss falls, but very slowly",),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=lower("batch_size"),
)
def batch_too_large(
    features: Features,
    symptoms: Symptoms,
    batch_size: float,
    n_train: int,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    epochs: float | None,
    *,
    prior: float = 0.03,
    large_share: float = 0.25,
    small: int = 32,
) -> Outcome:
    """The batch is so large for the training set that there are few updates, with little noise.

    What it measures
    ----------------
    The batch as a share of the training set, and whether the loss still falls at the end.

    The rule says nothing about graphs and L-BFGS, for which a full batch is usual. A full batch of a small table is
    sound once the curves have levelled off, and is reported as an `info` at most. The rule also says nothing about runs
    that diverged, froze or learned nothing, since too few updates do not cause that, and nothing about runs of 100
    epochs or more.

    Why it matters
    --------------
    "Using too large a batch size can have a negative effect on the accuracy of your network since it reduces the
    stochasticity of the gradient descent."

    What to do
    ----------
    "Find the minimum batch size with which you can tolerate the training time. Don't be scared to start with a very
    small batch size such as 16, 8, or even 1."

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    large_share : a batch with this share of the training examples or more is large, at which an epoch has only four
        updates or fewer.
    small : the rule proposes this batch size, or a quarter of the present one if that is smaller.

    References
    ----------
    Seminar: "Batch Size". Keskar et al. (2017), ICLR; McCandlish et al. (2018), gradient noise scale.
    """
    share = min(1.0, batch_size / n_train)
    if share < large_share:
        return None
    if "lbfgs" in str(params.get("optimizer") or "").lower() or "graph" in str(params.get("task") or "").lower():
        return None
    elsewhere = symptoms.has("diverged", "frozen", "underfitting") or features.stuck_at_baseline
    if elsewhere or (epochs is not None and epochs >= MANY_EPOCHS):
        return None
    row = Likelihoods.FULL_BATCH if share >= ALL_OF_IT else Likelihoods.LARGE_SHARE
    configured = row(part="all" if share == 1 else percent(share), n_train=n_train)
    name = names.get("batch_size", "batch_size")
    target = min(small, int(batch_size) // TIMES_SMALLER)
    changes = (Change(name, batch_size, target),) if target else ()
    text = in_words(changes) or "get more training examples"
    return batch_too_large.hypothesis(
        prior=prior,
        observations=[
            configured,
            _seen(features, symptoms),
            *([Likelihoods.FEW_EXAMPLES(n_train=n_train)] if n_train < FEW_EXAMPLES else []),
        ],
        message=configured.message,
        advice=text,
        prescription=Prescription(text, changes),
        settles=f"run once with {name} {target}" if target else "run once with batch size 1" if batch_size > 1 else "",
    )


def _seen(features: Features, symptoms: Symptoms) -> Observation:
    """What the curves say of the number of updates."""
    if symptoms.has("undertrained", "slow-convergence") or features.gain > STILL_FALLS:
        return Likelihoods.STILL_FALLS()
    if features.apart < KEEPS_UP and not features.memorised:
        return Likelihoods.NOT_ALL_EXPLAINED()
    return Likelihoods.SETTLED()
