"""OP404 batch-too-large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.rules.api import (
    Change,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    lower,
    rule,
)
from tracker_diag.rules.optimisation._progress import KEEPS_UP, STILL_FALLS

#: Share of the training set from which on a batch is all of it: what is left over is the rounding of a split.
ALL_OF_IT = 0.99
#: Epochs after which small and large batches have made updates enough.
MANY_EPOCHS = 100
#: Training examples below which any usual batch holds a large part of them.
FEW_EXAMPLES = 200
#: Times that a batch is made smaller at least: less would hardly change the number of updates.
TIMES_SMALLER = 4


class Likelihoods:
    """What speaks for a batch that is too large, and against it."""

    FULL_BATCH = LikelihoodRatio(40.0, "a batch holds {share:.0%} of the {n_train} training examples", "params")
    LARGE_SHARE = LikelihoodRatio(15.0, "a batch holds {share:.0%} of the {n_train} training examples", "params")
    STILL_FALLS = LikelihoodRatio(4.0, "the loss still falls at the end")
    FEW_EXAMPLES = LikelihoodRatio(0.2, "{n_train} training examples are few, whatever the batch", "params")
    NOT_ALL_EXPLAINED = LikelihoodRatio(3.0, "training explains less than four fifths, and validation keeps up")
    SETTLED = LikelihoodRatio(0.2, "the curves have settled")


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
    """The batch is so large against the training set that few noisy updates are left.

    What it measures
    ----------------
    The batch as a share of the training set, and whether the loss still falls at the end. Of graphs and of L-BFGS,
    where a full batch is usual, nothing is said; a full batch of a small table is sound where the curves have settled,
    and is an `info` at most. Silent where the run diverged, froze or learned nothing, which few updates do not do, and
    from 100 epochs on.

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
    prior : odds of this cause among runs somebody worries about.
    large_share : batch over training examples from which on an epoch has four updates or fewer.
    small : the largest batch that is proposed; a quarter of the present one where that is less.

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
    configured = Likelihoods.FULL_BATCH if share >= ALL_OF_IT else Likelihoods.LARGE_SHARE
    name = names.get("batch_size", "batch_size")
    target = min(small, int(batch_size) // TIMES_SMALLER)
    changes = (Change(name, batch_size, target),) if target else ()
    text = f"lower {name} from {batch_size:g} to {target}" if target else "get more training examples"
    return batch_too_large.hypothesis(
        prior=prior,
        observations=[
            configured(share=share, n_train=n_train),
            _seen(features, symptoms),
            *([Likelihoods.FEW_EXAMPLES(n_train=n_train)] if n_train < FEW_EXAMPLES else []),
        ],
        message=f"a batch holds {share:.0%} of the training set",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with a batch of 32",
    )


def _seen(features: Features, symptoms: Symptoms) -> Observation:
    """What the curves say of the number of updates."""
    if symptoms.has("undertrained", "slow-convergence") or features.gain > STILL_FALLS:
        return Likelihoods.STILL_FALLS()
    if features.apart < KEEPS_UP and not features.memorised:
        return Likelihoods.NOT_ALL_EXPLAINED()
    return Likelihoods.SETTLED()
