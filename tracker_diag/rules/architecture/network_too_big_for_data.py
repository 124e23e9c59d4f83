"""AR704 network-too-big-for-data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import (
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    in_words,
    lower,
    rule,
    stop_at_best,
)
from tracker_diag.rules.architecture._capacity import KEEPS_UP, counted

#: Examples below which a training set is small by itself, whatever the network.
FEW_EXAMPLES = 300
#: Lower limit of ``per_example`` (weights per example), so that a threshold of zero does not divide.
LEAST_PER_EXAMPLE = 1e-15


class Likelihoods:
    """What speaks for a network that is too big for its data, and against it."""

    MANY_WEIGHTS = LikelihoodRatio(2.0, "there are {ratio:figure} weights per training example", "params", most=12.0)
    FEW_EXAMPLES = LikelihoodRatio(3.0, "the training set is small ({n_train:figure} examples)", "params")
    OVERFITS = LikelihoodRatio(4.0, "the network fits training much better than validation")
    BEHIND = LikelihoodRatio(2.0, "validation loss ends above training loss by {apart:share} of the chance-level loss")
    KEEPS_UP = LikelihoodRatio(0.1, "validation stays close to training")
    NOTHING_LEARNED = LikelihoodRatio(0.1, "nothing was learned, so nothing was memorised")


@rule(
    "AR704",
    "network-too-big-for-data",
    seen_as=("Validation gets worse while training gets better", "Validation is far worse than training"),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=lower("hidden_units", "layers"),
)
def network_too_big_for_data(
    features: Features,
    symptoms: Symptoms,
    n_train: int,
    n_weights: float,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    epochs: float | None,
    n_weights_from: str | None,
    *,
    prior: float = 0.04,
    per_example: float = 10.0,
) -> Outcome:
    """A large network on a small dataset: it memorises the training set.

    What it measures
    ----------------
    The number of weights per training example (from the model summary, a parameter, or width and depth), and whether
    training fits better than validation. Large networks that generalise are sound, so the number alone is an `info`.

    Why it matters
    --------------
    "Small dataset and big network: will stop learning." With many more weights than examples, the network can store
    the examples instead of learning the rule.

    What to do
    ----------
    Stop where validation was best, get more data, or regularise. Try a smaller network only after that: "number of
    hidden units often has quite a small impact", and a narrower network may do worse as well as better.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    per_example : a network with this many weights per training example or more counts as large.

    References
    ----------
    Seminar: "Dataset problems" (network capacity vs dataset size), "Number of Hidden Units". Zhang et al. (2017), ICLR;
    Nakkiran et al. (2021), ICLR: optimal regularisation can mitigate double descent, width alone does not.
    """
    if params.get("pretrained"):
        return network_too_big_for_data.skip("the weights of a pretrained model are not learned from these examples")
    ratio = n_weights / n_train
    if ratio < per_example:
        return None
    observations = [Likelihoods.MANY_WEIGHTS(times=math.sqrt(ratio / max(per_example, LEAST_PER_EXAMPLE)), ratio=ratio)]
    if n_train < FEW_EXAMPLES:
        observations.append(Likelihoods.FEW_EXAMPLES(n_train=n_train))
    observations.append(_seen(features, symptoms))
    changes = stop_at_best(symptoms, names, epochs)
    # If validation never turned, nothing in the run says how much smaller a network, or how much noise, would do.
    more = "get more training examples or augment them; then try weight decay, dropout or a quarter of the units"
    text = f"{in_words(changes)}; {more}" if changes else more
    return network_too_big_for_data.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{counted(n_weights, n_weights_from)} for {figure(n_train)} training examples",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with a quarter of the units: if validation does not improve, size is not the problem",
    )


def _seen(features: Features, symptoms: Symptoms) -> Observation:
    """What the curves say about memorising."""
    if symptoms.has("overfitting", "unrepresentative-train"):
        return Likelihoods.OVERFITS()
    if features.apart > KEEPS_UP and not features.stuck_at_baseline:
        return Likelihoods.BEHIND(apart=features.apart)
    return Likelihoods.NOTHING_LEARNED() if features.apart > KEEPS_UP else Likelihoods.KEEPS_UP()
