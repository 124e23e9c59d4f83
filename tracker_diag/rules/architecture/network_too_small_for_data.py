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

    FEW_WEIGHTS = LikelihoodRatio(
        8.0, "there are {ratio:figure} training examples for each weight of the network", "params"
    )
    CAPACITY_ENOUGH = LikelihoodRatio(0.05, "the run {memorises_overfits_or_diverges}, so capacity is not the limit")
    HIGH_LEVEL = LikelihoodRatio(3.0, "training levels off at a high loss")
    JUMPS = LikelihoodRatio(3.0, "the loss jumps instead of settling")
    LEARNS = LikelihoodRatio(0.3, "the run learns")


@rule(
    "AR705",
    "network-too-small-for-data",
    seen_as=("My loss jumps, or swings up and down", "Training and validation loss both stay high"),
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
    or have spikes.

    Why it matters
    --------------
    "Big dataset and small network: you will see jumping of loss, network capacity can't store so much information."

    What to do
    ----------
    Add units, then layers, until validation first falls behind training.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    per_weight : with this many training examples per weight or more, the network counts as small.

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
        settles=f"run once with {name} {changes[0].after}" if changes else "run once with four times the units",
    )


def _enough(features: Features, symptoms: Symptoms) -> str:
    """What shows that the network is large enough, the surest first."""
    if symptoms.has("diverged"):
        return "diverges"
    if symptoms.has("overfitting"):
        return "overfits"
    return "memorises its training set" if features.memorised else "fits training much better than validation"


def _seen(features: Features, symptoms: Symptoms, explained: Explained | None) -> Observation:
    """What the curves say about the capacity."""
    if features.memorised or features.apart > KEEPS_UP or symptoms.has("diverged", "overfitting"):
        return Likelihoods.CAPACITY_ENOUGH(memorises_overfits_or_diverges=_enough(features, symptoms))
    if (explained is not None and explained.train < HIGH_LEVEL) or symptoms.has("underfitting"):
        return Likelihoods.HIGH_LEVEL()
    if symptoms.has("unstable", "loss-spikes"):
        return Likelihoods.JUMPS()
    return Likelihoods.LEARNS()
