"""OP404 batch-too-large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("OP404", "batch-too-large", evidence="PDC", unless=("boosting",))
def batch_too_large(
    shape: Shape,
    symptoms: Symptoms,
    batch_size: float,
    n_train: int,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    *,
    prior: float = 0.03,
    large_share: float = 0.25,
    small: int = 32,
) -> Outcome:
    """The batch is so large against the training set that few noisy updates are left.

    What it measures
    ----------------
    The batch as a share of the training set, and whether the loss still falls at the end. Full batches of graphs, of
    small tables and with second-order methods are sound: then the curves have settled, and nothing is said.

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
    signs = [
        Sign(f"a batch holds {share:.0%} of the {n_train} training examples", 40.0 if share >= 0.99 else 15.0, "params")
    ]
    if symptoms.has("undertrained", "slow-convergence") or shape.gain > 0.03:
        signs.append(Sign("the loss still falls at the end", 4.0))
    elif symptoms.has("diverged", "frozen") or shape.stands:
        signs.append(Sign("the trouble is not one of too few updates", 0.1))
    elif shape.apart < 0.1 and not shape.memorised:
        signs.append(Sign("training has not explained all it could", 3.0))
    else:
        signs.append(Sign("the curves have settled", 0.2))
    name = names.get("batch_size", "batch_size")
    target = min(small, int(batch_size) // 4)
    changes = (Change(name, batch_size, target),) if target else ()
    text = f"lower {name} from {batch_size:g} to {target}" if target else "get more training examples"
    return suspicion(
        "OP404",
        "batch-too-large",
        prior=prior,
        signs=signs,
        message=f"a batch holds {share:.0%} of the training set",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with a batch of 32",
    )
