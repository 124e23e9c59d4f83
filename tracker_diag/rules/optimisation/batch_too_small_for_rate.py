"""OP405 batch-too-small-for-rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.roles.learning_rates import usual_rates
from tracker_diag.rules.api import Change, LikelihoodRatio, Outcome, Prescription, Symptoms, higher, rule

#: Times below the highest usual rate down to which a rate is in the upper part of the range: noise goes with the rate.
UPPER_PART = 5
#: Times that the batch is made larger, which halves the noise of its mean,
TIMES_LARGER = 4
#: and examples that it then holds at least: the smallest batch that is usual.
LEAST_BATCH = 16


class Likelihoods:
    """What speaks for a batch that is too small for the rate."""

    SMALL_BATCH = LikelihoodRatio(3.0, "batches of {batch:g}", "params")
    SWINGS = LikelihoodRatio(6.0, "the loss swings instead of settling")
    JUMPS = LikelihoodRatio(3.0, "the loss jumps")
    HIGH_RATE = LikelihoodRatio(2.0, "a rate of {rate:g} is in the upper part of the usual range", "params")


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
    """The batch sets a floor of noise under the loss at this rate.

    What it measures
    ----------------
    An oscillating or jumping loss together with a small batch and a rate in the upper part of the usual range.

    Why it matters
    --------------
    At a fixed rate the loss fluctuates around its minimum in proportion to rate over batch: small batches are fine
    with small rates, and jump with large ones.

    What to do
    ----------
    Double the batch or halve the rate until the jumps are gone; or anneal the rate.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    small : batch up to which noise is to be expected.

    References
    ----------
    Seminar: "Batch Size", "Dataset problems" (jumping of loss). Smith and Le (2018), ICLR: noise scale ~ rate × n /
    batch.
    """
    if batch_size > small:
        return None
    observations = [Likelihoods.SMALL_BATCH(batch=batch_size)]
    if symptoms.has("unstable"):
        observations.append(Likelihoods.SWINGS())
    elif symptoms.has("loss-spikes"):
        observations.append(Likelihoods.JUMPS())
    else:
        return None
    high = usual_rates(params.get("optimizer"), params)[1]
    if learning_rate is not None and learning_rate > high / UPPER_PART:
        observations.append(Likelihoods.HIGH_RATE(rate=learning_rate))
    name = names.get("batch_size", "batch_size")
    target = int(max(LEAST_BATCH, TIMES_LARGER * batch_size))
    text = f"raise {name} from {batch_size:g} to {target}, or halve the rate"
    return batch_too_small_for_rate.hypothesis(
        prior=prior,
        observations=observations,
        message=f"batches of {batch_size:g} at this rate leave a floor of noise",
        advice=text,
        prescription=Prescription(text, (Change(name, batch_size, target),)),
        settles="run once with four times the batch",
    )
