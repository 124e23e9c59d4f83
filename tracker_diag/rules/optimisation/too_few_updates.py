"""OP406 too-few-updates."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.extrapolation import Extrapolation


@rule("OP406", "too-few-updates", evidence="PDC", unless=("boosting",), also=("too-few-epochs",))
def too_few_updates(
    shape: Shape,
    symptoms: Symptoms,
    names: Mapping[str, str],
    epochs: float | None = None,
    batch_size: float | None = None,
    n_updates: int | None = None,
    further: Extrapolation | None = None,
    active: bool = False,
    *,
    prior: float = 0.04,
    few: int = 300,
) -> Outcome:
    """Epochs times batches an epoch are few for the network.

    Or the run was simply stopped too soon (cause `too-few-epochs`).

    What it measures
    ----------------
    The number of updates the configuration makes in all, and whether the loss still falls at the end. Where the
    updates are few, the cause is named `too-few-updates` and smaller batches come first; where they are not, or are
    not known, it is `too-few-epochs`.

    Why it matters
    --------------
    "Training process was halted prematurely": weights can only move as far as the updates carry them. A few hundred
    updates are few for any network that starts from scratch.

    What to do
    ----------
    Smaller batches where the updates are few; else more epochs, as many as the extrapolation says.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    few : updates in all.

    References
    ----------
    Seminar: "Underfitting" (continues to decrease), "Batch Size". Hoffer, Hubara and Soudry (2017), NeurIPS: train
    longer, generalise better.
    """
    falling = symptoms.has("undertrained", "slow-convergence")
    scarce = n_updates is not None and n_updates <= few
    if active or (not falling and not scarce):
        return None
    signs = []
    if n_updates is not None and n_updates <= few:
        signs.append(Sign(f"{n_updates} updates in all", 10.0 if n_updates <= few / 3 else 4.0, "params"))
    if symptoms.has("slow-convergence"):
        signs.append(Sign("the loss falls slowly to the end", 6.0))
    elif symptoms.has("undertrained"):
        signs.append(Sign("the loss still falls at the end", 25.0))
    elif symptoms.has("diverged", "frozen") or shape.stands:
        signs.append(Sign("the trouble is not one of length", 0.05))
    elif shape.gain > 0.03:
        signs.append(Sign("the loss still falls a little at the end", 3.0))
    elif shape.apart < 0.1 and not shape.memorised:
        signs.append(Sign("training has not explained all it could", 3.0))
    else:
        signs.append(Sign("the curves have settled", 0.2))
    name, batch = names.get("epochs", "epochs"), names.get("batch_size", "batch_size")
    times = min(further.enough, 10.0) if further and further.enough > 1 else 2.0
    if scarce and batch_size and batch_size > 32:
        changes: tuple[Change, ...] = (Change(batch, batch_size, 32),)
        text = f"lower {batch} from {batch_size:g} to 32, which makes {batch_size / 32:.3g} times the updates"
    elif epochs:
        longer = max(math.ceil(times * epochs), int(epochs) + 1)
        changes = (Change(name, epochs, longer),)
        text = f"raise {name} from {epochs:g} to {longer}"
    else:
        changes, text = (), f"train about {times:g} times as long"
    return suspicion(
        "OP406",
        "too-few-updates" if scarce and not symptoms.has("undertrained") else "too-few-epochs",
        prior=prior,
        signs=signs,
        message=f"{n_updates} updates in all" if n_updates else "stopped while the loss was still falling",
        advice=text,
        prescription=Prescription(text, changes),
        settles="train twice as long once",
    )
