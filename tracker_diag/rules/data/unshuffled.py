"""DS204 unshuffled."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.rules.api import (
    Change,
    Dataset,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    rule,
)

_OFF = ("false", "0", "no", "none", "0.0")


class Likelihoods:
    """What speaks for examples that come in an order, and against it."""

    OFF = LikelihoodRatio(40.0, "shuffling is off", "params", own=True)
    ON = LikelihoodRatio(0.05, "shuffling is on", "params")
    SORTED = LikelihoodRatio(10.0, "the labels are sorted", "data")
    MIXED = LikelihoodRatio(0.2, "the labels are mixed", "data")
    FAILS = LikelihoodRatio(4.0, "the run fails to learn, or swings")
    LEARNS = LikelihoodRatio(0.1, "the run learns")


@rule(
    "DS204",
    "unshuffled",
    seen_as=("My loss jumps, or swings up and down", "The network always says the same class"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def unshuffled(
    features: Features,
    symptoms: Symptoms,
    names: Mapping[str, str],
    shuffle: object | None,
    dataset: Dataset | None,
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
    Shuffle inputs and labels together, anew each epoch. Trees see all examples at once, in no order.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (shuffle the dataset). Bengio (2012), Practical recommendations, §3.2.
    """
    observations: list[Observation] = []
    if shuffle is not None:
        observations.append(Likelihoods.OFF() if str(shuffle).lower() in _OFF else Likelihoods.ON())
    order = dataset.train.labels_sorted if dataset else None
    if order is not None:
        observations.append(Likelihoods.SORTED() if order else Likelihoods.MIXED())
    if not any(s.ratio > 1 for s in observations):
        return None
    fails = symptoms.has("unstable", "underfitting", "loss-spikes", "diverged") or features.stuck_at_baseline
    observations.append(Likelihoods.FAILS() if fails else Likelihoods.LEARNS())
    name = names.get("shuffle", "shuffle")
    text = "shuffle inputs and labels together, anew each epoch"
    return unshuffled.hypothesis(
        prior=prior,
        observations=observations,
        message="the training examples come in an order",
        advice=text,
        prescription=Prescription(text, () if shuffle is True else (Change(name, shuffle, True),)),
        settles="log the labels of the first three batches",
    )
