"""PP301 unscaled-inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.rules.api import (
    WHAT_TO_LOG,
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
from tracker_diag.rules.preprocessing._first_loss import FirstLoss, first_loss


class Likelihoods(FirstLoss):
    """What speaks for unscaled inputs, and against them."""

    LARGE = LikelihoodRatio(1.0, "the largest feature is of size {times:.3g}", "data", most=100.0)
    SMALL = LikelihoodRatio(0.05, "the largest feature is of size {size:.3g}", "data")
    PRETRAINED = LikelihoodRatio(0.1, "a pretrained model comes with its preprocessing", "params")
    SCALED = LikelihoodRatio(0.1, "the inputs are scaled ({scaling})", "params")


@rule(
    "PP301",
    "unscaled-inputs",
    seen_as=(
        "My loss is flat from the start",
        "My loss is NaN or infinite",
        "My loss explodes",
        "My first loss is far too high",
    ),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def unscaled_inputs(
    features: Features,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    input_scaling: object | None,
    learning_rate: float | None,
    dataset: Dataset | None,
    *,
    prior: float = 0.06,
    large: float = 10.0,
) -> Outcome:
    """Inputs are not centred, or not around unit scale.

    What it measures
    ----------------
    The size (offset or deviation) of the largest feature, where a dataset profile holds them; else what unscaled
    inputs do to curves: a first loss many times the baseline, or a loss that is lost at once although the rate
    is usual.

    Why it matters
    --------------
    "Most parts of a neural network assume that data is normalised: weight initialisation, activation functions, the
    optimisation algorithms."

    What to do
    ----------
    Standardise each feature with the mean and standard deviation of the training set; images: divide by 255 and
    centre. Token ids, trees and boosting need none.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    large : root mean square of the largest feature, where 1 is expected; that one dominates the first layer.

    References
    ----------
    Seminar: "Normalisation/Standardisation", "Data Transformation". LeCun et al. (1998), Efficient BackProp, §4.3.
    """
    observations: list[Observation] = []
    size = max((f.size for f in dataset.numbers if f.size), default=dataset.columns.largest_scale) if dataset else None
    if size is not None:
        observations.append(Likelihoods.SMALL(size=size) if size <= large else Likelihoods.LARGE(times=size))
    if params.get("pretrained"):
        observations.append(Likelihoods.PRETRAINED())
    if input_scaling:
        observations.append(Likelihoods.SCALED(scaling=input_scaling))
    observations.append(first_loss(features, symptoms, params, learning_rate))
    standard = "standard" in str(input_scaling).lower()
    name = names.get("input_scaling", "preprocessing.scaler")
    text = "standardise the inputs with the mean and standard deviation of the training set"
    return unscaled_inputs.hypothesis(
        prior=prior,
        observations=observations,
        message="the inputs look unscaled" + (f": the largest feature is of size {size:.3g}" if size else ""),
        advice=text,
        prescription=Prescription(text, () if standard else (Change(name, input_scaling or None, "standard"),)),
        settles=WHAT_TO_LOG,
    )
