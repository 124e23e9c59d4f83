"""AR705 network-too-small-for-data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import (
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    higher,
    rule,
)
from tracker_diag.rules.architecture._capacity import HIGH_LEVEL, KEEPS_UP, counted
from tracker_diag.rules.architecture._widths import resized

#: Factor by which the width is raised: less would hardly show beside the noise of another run.
TIMES_WIDER = 4


class Likelihoods:
    """What speaks for a network that is too small for its data, and against it."""

    FEW_WEIGHTS = LikelihoodRatio(8.0, "there are {ratio:figure} training examples per weight", "params")
    CAPACITY_ENOUGH = LikelihoodRatio(0.05, "the run memorises, overfits or diverges, so capacity is not the limit")
    HIGH_LEVEL = LikelihoodRatio(3.0, "training levels off at a high loss, or jumps")
    LEARNS = LikelihoodRatio(0.3, "the run learns")


@rule(
    "AR705",
    "network-too-small-for-data",
    seen_as=("My loss jumps, or swings up and down", "Training loss stops high, and validation with it"),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=higher("layers", "hidden_units"),
)
def network_too_small_for_data(
    features: Features,
    symptoms: Symptoms,
    n_train: int,
    n_weights: float,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    explained: Explained | None,
    n_weights_from: str | None,
    *,
    prior: float = 0.02,
    per_weight: float = 10.0,
) -> Outcome:
    """A small network on a large dataset: it cannot hold what there is to learn.

    What it measures
    ----------------
    The number of training examples per weight, and whether training and validation level off together at a high loss,
    or jump.

    Why it matters
    --------------
    "Big dataset and small network: you will see jumping of loss, network capacity can't store so much information."

    What to do
    ----------
    Add units, then layers, until training and validation first part.

    Thresholds
    ----------
    prior : how likely this cause is (as odds) in a run with a problem, before its data are looked at.
    per_weight : training examples per weight.

    References
    ----------
    Seminar: "Dataset problems" (network capacity vs dataset size).
    """
    ratio = n_train / n_weights
    if ratio < per_weight:
        return None
    name = names.get("hidden_units", "hidden_units")
    changes = resized(names, params, lambda w: TIMES_WIDER * w)
    text = f"raise {name} from {changes[0].before} to {changes[0].after}" if changes else "use a larger network"
    return network_too_small_for_data.hypothesis(
        prior=prior,
        observations=[Likelihoods.FEW_WEIGHTS(ratio=ratio), _seen(features, symptoms, explained)],
        message=f"{counted(n_weights, n_weights_from)} for {figure(n_train)} training examples",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with four times the units",
    )


def _seen(features: Features, symptoms: Symptoms, explained: Explained | None) -> Observation:
    """What the curves say about the capacity."""
    if features.memorised or features.apart > KEEPS_UP or symptoms.has("diverged", "overfitting"):
        return Likelihoods.CAPACITY_ENOUGH()
    high = explained is not None and explained.train < HIGH_LEVEL
    if high or symptoms.has("underfitting", "unstable", "loss-spikes"):
        return Likelihoods.HIGH_LEVEL()
    return Likelihoods.LEARNS()
