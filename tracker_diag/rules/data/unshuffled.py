"""DS204 unshuffled."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import Dataset
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("DS204", "unshuffled", evidence="PBC")
def unshuffled(
    shape: Shape,
    symptoms: Symptoms,
    names: Mapping[str, str],
    shuffle: object = None,
    dataset: Dataset | None = None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """Data come in an order, by label or by time.

    What it measures
    ----------------
    Whether shuffling is switched off, whether the labels of a dataset profile are sorted, and whether the run fails
    to learn or swings.

    Why it matters
    --------------
    "If your dataset has a particular order to it (ordered by label) this could negatively impact the learning. Make
    sure your batches don't contain a single label."

    What to do
    ----------
    Shuffle inputs and labels together, anew each epoch.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (shuffle the dataset). Bengio (2012), Practical recommendations, §3.2.
    """
    signs: list[Sign] = []
    if shuffle is not None:
        off = str(shuffle).lower() in ("false", "0", "no", "none", "0.0")
        signs.append(Sign(f"shuffling is {'off' if off else 'on'}", 40.0 if off else 0.05, "params"))
    order = dataset.train.labels_sorted if dataset else None
    if order is not None:
        signs.append(Sign("the labels are sorted" if order else "the labels are mixed", 10.0 if order else 0.2, "data"))
    if not any(s.ratio > 1 for s in signs):
        return None
    if symptoms.has("unstable", "underfitting", "loss-spikes", "diverged") or shape.stands:
        signs.append(Sign("the run fails to learn, or swings", 4.0))
    else:
        signs.append(Sign("the run learns", 0.1))
    name = names.get("shuffle", "shuffle")
    text = "shuffle inputs and labels together, anew each epoch"
    return suspicion(
        "DS204",
        "unshuffled",
        prior=prior,
        signs=signs,
        message="the training examples come in an order",
        advice=text,
        prescription=Prescription(text, () if shuffle is True else (Change(name, shuffle, True),)),
        settles="log the labels of the first three batches",
    )
