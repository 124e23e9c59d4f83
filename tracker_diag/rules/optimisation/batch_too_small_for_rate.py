"""OP405 batch-too-small-for-rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Symptoms
from tracker_diag.core.rates import usual_rates
from tracker_diag.core.rule import Outcome, rule


@rule("OP405", "batch-too-small-for-rate", evidence="PC", unless=("boosting",))
def batch_too_small_for_rate(
    symptoms: Symptoms,
    batch_size: float,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    learning_rate: float | None = None,
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
    signs = [Sign(f"batches of {batch_size:g}", 3.0, "params")]
    if symptoms.has("unstable"):
        signs.append(Sign("the loss swings instead of settling", 6.0))
    elif symptoms.has("loss-spikes"):
        signs.append(Sign("the loss jumps", 3.0))
    else:
        return None
    high = usual_rates(params.get("optimizer"), params)[1]
    if learning_rate is not None and learning_rate > high / 5:
        signs.append(Sign(f"a rate of {learning_rate:g} is in the upper part of the usual range", 2.0, "params"))
    name = names.get("batch_size", "batch_size")
    target = int(max(16, 4 * batch_size))
    text = f"raise {name} from {batch_size:g} to {target}, or halve the rate"
    return suspicion(
        "OP405",
        "batch-too-small-for-rate",
        prior=prior,
        signs=signs,
        message=f"batches of {batch_size:g} at this rate leave a floor of noise",
        advice=text,
        prescription=Prescription(text, (Change(name, batch_size, target),)),
        settles="run once with four times the batch",
    )
