"""OP406 too-few-updates."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tracker_diag.core.case import Ratio, Sign
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.rules.optimisation._progress import KEEPS_UP, STILL_FALLS
from tracker_diag.stats.extrapolation import Extrapolation

#: Part of ``few`` (a third) up to which updates are very few: they carry no weights far, whatever the network.
PART_OF_FEW = 3
#: Examples of the batch that is proposed where updates are few: a usual small one.
BATCH = 32
#: Times as long that is proposed where nothing says how long would do,
TWICE = 2.0
#: and at most, whatever the extrapolation says: so far ahead it is a guess.
AT_MOST = 10.0


class Signs:
    """What speaks for a run that was too short, and against it."""

    VERY_FEW = Ratio(10.0, "{updates} updates in all", "params")
    FEW = Ratio(4.0, "{updates} updates in all", "params")
    FALLS_SLOWLY = Ratio(6.0, "the loss falls slowly to the end")
    STILL_FALLS = Ratio(25.0, "the loss still falls at the end")
    OTHER_TROUBLE = Ratio(0.05, "the trouble is not one of length")
    FALLS_A_LITTLE = Ratio(3.0, "the loss still falls a little at the end")
    NOT_ALL_EXPLAINED = Ratio(3.0, "training has not explained all it could")
    SETTLED = Ratio(0.2, "the curves have settled")


@rule("OP406", "too-few-updates", unless=("boosting",), also=("too-few-epochs",), signs=Signs)
def too_few_updates(
    shape: Shape,
    symptoms: Symptoms,
    names: Mapping[str, str],
    active: bool,
    epochs: float | None,
    batch_size: float | None,
    n_updates: int | None,
    further: Extrapolation | None,
    *,
    prior: float = 0.04,
    few: int = 300,
) -> Outcome:
    """Too few weight updates: epochs times batches per epoch.

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
    few : number of updates up to which they are few: some hundred carry no network far.

    References
    ----------
    Seminar: "Underfitting" (continues to decrease), "Batch Size". Hoffer, Hubara and Soudry (2017), NeurIPS: train
    longer, generalise better.
    """
    falling = symptoms.has("undertrained", "slow-convergence")
    scarce = n_updates is not None and n_updates <= few
    if active or (not falling and not scarce):
        return None
    signs: list[Sign] = []
    if n_updates is not None and n_updates <= few:
        row = Signs.VERY_FEW if n_updates <= few / PART_OF_FEW else Signs.FEW
        signs.append(row(updates=n_updates))
    signs.append(_seen(shape, symptoms))
    prescription = _prescription(names, scarce, epochs, batch_size, further)
    return too_few_updates.suspicion(
        name="" if scarce and not symptoms.has("undertrained") else "too-few-epochs",
        prior=prior,
        signs=signs,
        message=f"{n_updates} updates in all" if n_updates else "stopped while the loss was still falling",
        advice=prescription.text,
        prescription=prescription,
        settles="train twice as long once",
    )


def _seen(shape: Shape, symptoms: Symptoms) -> Sign:
    """What the curves say of the length: the first of these that holds."""
    if symptoms.has("slow-convergence"):
        return Signs.FALLS_SLOWLY()
    if symptoms.has("undertrained"):
        return Signs.STILL_FALLS()
    if symptoms.has("diverged", "frozen") or shape.stands:
        return Signs.OTHER_TROUBLE()
    if shape.gain > STILL_FALLS:
        return Signs.FALLS_A_LITTLE()
    if shape.apart < KEEPS_UP and not shape.memorised:
        return Signs.NOT_ALL_EXPLAINED()
    return Signs.SETTLED()


def _prescription(
    names: Mapping[str, str],
    scarce: bool,
    epochs: float | None,
    batch_size: float | None,
    further: Extrapolation | None,
) -> Prescription:
    """Smaller batches where updates are scarce, else more epochs."""
    name, batch = names.get("epochs", "epochs"), names.get("batch_size", "batch_size")
    if scarce and batch_size and batch_size > BATCH:
        more = f"which makes {batch_size / BATCH:.3g} times the updates"
        return Prescription(
            f"lower {batch} from {batch_size:g} to {BATCH}, {more}", (Change(batch, batch_size, BATCH),)
        )
    times = min(further.enough, AT_MOST) if further and further.enough > 1 else TWICE
    if epochs:
        longer = max(math.ceil(times * epochs), int(epochs) + 1)
        return Prescription(f"raise {name} from {epochs:g} to {longer}", (Change(name, epochs, longer),))
    return Prescription(f"train about {times:g} times as long")
