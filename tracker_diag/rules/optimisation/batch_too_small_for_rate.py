"""OP405 batch-too-small-for-rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.roles.learning_rates import usual_rates
from tracker_diag.rules.api import Change, LikelihoodRatio, Outcome, Prescription, Symptoms, higher, in_words, rule

#: A learning rate is in the upper part of the usual range down to this factor below the highest usual one: noise grows
#: with the rate.
UPPER_PART = 5
#: Factor by which the batch is made larger, which halves the noise of its mean.
TIMES_LARGER = 4
#: Smallest batch size that is proposed: the smallest usual one.
LEAST_BATCH = 16


class Likelihoods:
    """What speaks for a batch that is too small for the learning rate."""

    SMALL_BATCH = LikelihoodRatio(3.0, "the batch size is only {batch:figure}", "params")
    SWINGS = LikelihoodRatio(6.0, "the loss keeps oscillating instead of settling")
    JUMPS = LikelihoodRatio(3.0, "the loss has spikes")
    HIGH_RATE = LikelihoodRatio(2.0, "learning rate {rate:figure} is near the upper end of the usual range", "params")


@rule(
    "OP405",
    "batch-too-small-for-rate",
    seen_as=("My loss jumps, or swings up and down", "Validation is noisy"),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=higher("batch_size"),
)
def batch_too_small_for_rate(
    symptoms: Symptoms,
    batch_size: float,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    learning_rate: float | None,
    *,
    prior: float = 0.02,
    small: int = 8,
) -> Outcome:
    """The batch is too small for this learning rate: noise keeps the loss from settling.

    What it measures
    ----------------
    Whether the loss oscillates or spikes while the batch is small and the learning rate is in the upper part of the
    usual range.

    Why it matters
    --------------
    At a constant learning rate, the loss fluctuates around its minimum in proportion to learning rate over batch
    size. Small batches work with small learning rates, and make the loss jump with large ones.

    What to do
    ----------
    Double the batch size or halve the learning rate until the jumps are gone; or decay the learning rate.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    small : with this batch size or a smaller one, noise is to be expected.

    References
    ----------
    Seminar: "Batch Size", "Dataset problems" (jumping of loss). Smith and Le (2018), ICLR: noise scale ~ rate × n /
    batch.
    """
    if batch_size > small:
        return None
    if symptoms.has("unstable"):
        seen = Likelihoods.SWINGS()
    elif symptoms.has("loss-spikes"):
        seen = Likelihoods.JUMPS()
    else:
        return None
    observations = [Likelihoods.SMALL_BATCH(batch=batch_size), seen]
    high = usual_rates(params.get("optimizer"), params)[1]
    if learning_rate is not None and learning_rate > high / UPPER_PART:
        observations.append(Likelihoods.HIGH_RATE(rate=learning_rate))
    name = names.get("batch_size", "batch_size")
    changes = (Change(name, batch_size, int(max(LEAST_BATCH, TIMES_LARGER * batch_size))),)
    text = f"{in_words(changes)}, or halve the learning rate"
    return batch_too_small_for_rate.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{seen.message} (batch size {figure(batch_size)})",
        advice=text,
        prescription=Prescription(text, changes),
        settles=f"run once with {name} {changes[0].after}",
    )
