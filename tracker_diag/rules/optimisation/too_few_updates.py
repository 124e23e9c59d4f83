"""OP406 too-few-updates."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tracker_diag.core.numbers import figure, times
from tracker_diag.evidence.features import FAR_OFF
from tracker_diag.rules.api import (
    FIRST_LOSS,
    Change,
    Curve,
    Ending,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    higher,
    in_words,
    rule,
)
from tracker_diag.rules.optimisation._progress import KEEPS_UP, STILL_FALLS
from tracker_diag.stats.extrapolation import Extrapolation

#: Part of ``few`` (a third) up to which updates are very few: they carry no weights far, whatever the network.
PART_OF_FEW = 3
#: Batch size that is proposed if updates are few: a usual small one.
BATCH = 32
#: How many times as long the run is to train if nothing says how long would do,
TWICE = 2.0
#: and at most, whatever the extrapolation says: so far ahead it is a guess.
AT_MOST = 10.0


class Likelihoods:
    """What speaks for a run that was too short, and against it."""

    VERY_FEW = LikelihoodRatio(10.0, "the whole run made only {updates}", "params")
    FEW = LikelihoodRatio(4.0, "the whole run made only {updates}", "params")
    FALLS_SLOWLY = LikelihoodRatio(6.0, "the {loss} is still falling slowly at the end")
    STILL_FALLS = LikelihoodRatio(25.0, "the {loss} is still falling at the end")
    OTHER_TROUBLE = LikelihoodRatio(
        0.05, "the run {diverged_or_learned_nothing}, and a longer run does not change that"
    )
    FALLS_A_LITTLE = LikelihoodRatio(3.0, "the {loss} is still falling slightly at the end")
    NOT_ALL_EXPLAINED = LikelihoodRatio(
        3.0, "the model has not memorised the training set, and validation stays close to training"
    )
    SETTLED = LikelihoodRatio(0.2, "the curves have levelled off, so longer training would not help")
    BEGAN_FAR_OFF = LikelihoodRatio(0.1, FIRST_LOSS)


@rule(
    "OP406",
    "too-few-updates",
    seen_as=("My loss falls, but very slowly", "My loss still falls when training ends"),
    unless=("boosting",),
    also=("too-few-epochs",),
    likelihoods=Likelihoods,
    cured_by=higher("epochs", "max_steps", name="too-few-epochs"),
)
def too_few_updates(
    course: Curve | None,
    features: Features,
    symptoms: Symptoms,
    names: Mapping[str, str],
    active: bool,
    epochs: float | None,
    batch_size: float | None,
    n_updates: int | None,
    n_train: int | None,
    further: Extrapolation | None,
    ending: Ending | None,
    *,
    prior: float = 0.04,
    few: int = 300,
) -> Outcome:
    """Too few weight updates (epochs times batches per epoch).

    Or training was simply stopped too soon (cause `too-few-epochs`).

    What it measures
    ----------------
    The number of updates that the configuration makes in all, and whether the loss still falls at the end. If the
    updates are few, the cause is `too-few-updates`, and smaller batches come first. If they are not, or are not known,
    the cause is `too-few-epochs`.

    Why it matters
    --------------
    "Training process was halted prematurely": weights can move only as far as the updates carry them. A few hundred
    updates are few for any network that starts from scratch.

    What to do
    ----------
    Use smaller batches if the updates are few. Otherwise train for more epochs, as many as the extrapolation says.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    few : this many updates or fewer are few: a few hundred do not carry any network far.

    References
    ----------
    Seminar: "Underfitting" (continues to decrease), "Batch Size". Hoffer, Hubara and Soudry (2017), NeurIPS: train
    longer, generalise better.
    """
    falling = symptoms.has("undertrained", "slow-convergence")
    scarce = n_updates is not None and n_updates <= few
    if active or (not falling and not scarce):
        return None
    seen = _seen(features, symptoms, course.said if course is not None else "loss")
    made = f"{figure(n_updates)} update{'' if n_updates == 1 else 's'}" if n_updates is not None else ""
    observations: list[Observation] = [seen]
    message = f"{seen.message} ({made})" if made else seen.message
    if n_updates is not None and n_updates <= few:
        row = Likelihoods.VERY_FEW if n_updates <= few / PART_OF_FEW else Likelihoods.FEW
        observations.insert(0, row(updates=made))
        message = f"only {made} in the whole run"
    if features.first.known and features.first.times > FAR_OFF and features.lost_at is None:
        observations.append(Likelihoods.BEGAN_FAR_OFF(**features.first.seen))
    prescription = _prescription(names, scarce, epochs, batch_size, n_train, further, ending)
    return too_few_updates.hypothesis(
        name="" if scarce and not symptoms.has("undertrained") else "too-few-epochs",
        prior=prior,
        observations=observations,
        message=message,
        advice=prescription.text,
        prescription=prescription,
        settles=_settles(prescription, names.get("batch_size", "batch_size")),
    )


def _seen(features: Features, symptoms: Symptoms, loss: str) -> Observation:
    """What the curves say about the length: the first of these that holds."""
    if symptoms.has("slow-convergence"):
        return Likelihoods.FALLS_SLOWLY(loss=loss)
    if symptoms.has("undertrained"):
        return Likelihoods.STILL_FALLS(loss=loss)
    if symptoms.has("diverged", "frozen") or features.stuck_at_baseline:
        diverged = "diverged" if symptoms.has("diverged") else "learned nothing"
        return Likelihoods.OTHER_TROUBLE(diverged_or_learned_nothing=diverged)
    if features.gain > STILL_FALLS:
        return Likelihoods.FALLS_A_LITTLE(loss=loss)
    if features.apart < KEEPS_UP and not features.memorised:
        return Likelihoods.NOT_ALL_EXPLAINED()
    return Likelihoods.SETTLED()


def _settles(prescription: Prescription, batch: str) -> str:
    """The proposed batch size itself; more epochs show after a few of them."""
    smaller = next((change for change in prescription.changes if change.param == batch), None)
    if smaller is not None:
        return f"run once with {batch} {smaller.after}"
    return "continue from the last checkpoint: if the loss keeps falling, the run was too short"


def _prescription(
    names: Mapping[str, str],
    scarce: bool,
    epochs: float | None,
    batch_size: float | None,
    n_train: int | None,
    further: Extrapolation | None,
    ending: Ending | None,
) -> Prescription:
    """Smaller batches if updates are scarce, otherwise more epochs: more than were made, not than were planned."""
    name, batch = names.get("epochs", "epochs"), names.get("batch_size", "batch_size")
    if scarce and batch_size and batch_size > BATCH:
        smaller = (Change(batch, batch_size, BATCH),)
        # The last batch of an epoch may be a small one.
        more = math.ceil(n_train / BATCH) / math.ceil(n_train / batch_size) if n_train else batch_size / BATCH
        return Prescription(f"{in_words(smaller)}, for about {times(more)} as many updates", smaller)
    longer = min(further.enough, AT_MOST) if further and further.enough > 1 else TWICE
    made = ending.progress if ending is not None and not ending.complete else None
    if epochs and made is not None and made.unit == "epoch" and longer * made.reached <= epochs:
        return Prescription(
            f"keep training: the run has made only {figure(made.reached)} of the {figure(epochs)} planned epochs"
        )
    if epochs:
        base = made.reached if made is not None and made.unit == "epoch" else epochs
        changes = (Change(name, epochs, max(math.ceil(longer * base), int(epochs) + 1)),)
        return Prescription(in_words(changes), changes)
    return Prescription(f"train about {times(longer)} as long")
