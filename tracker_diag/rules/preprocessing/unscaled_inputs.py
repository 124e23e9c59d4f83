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
    Model,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    Watched,
    rule,
)
from tracker_diag.rules.preprocessing._first_loss import FirstLoss, first_loss

#: Times the least large size from which on inputs are certainly unscaled.
CERTAINLY = 3.0
#: How layers are called that scale their inputs.
SCALING_LAYERS = ("rescal", "scal", "normali", "batchnorm", "layernorm", "groupnorm", "instancenorm", "standardi")
#: How layers are called that leave values as they are.
SHAPING_LAYERS = ("flatten", "unflatten", "input", "permute", "reshape", "identity")
#: Largest over smallest size of the columns from which on that is the trouble.
APART = 100.0


class Likelihoods(FirstLoss):
    """What speaks for unscaled inputs, and against them."""

    LARGE_IN_BATCHES = LikelihoodRatio(
        500.0, "network inputs have mean {mean:figure} and standard deviation {deviation:figure}", "data"
    )
    FAR_IN_BATCHES = LikelihoodRatio(
        60.0, "network inputs have mean {mean:figure} and standard deviation {deviation:figure}", "data"
    )
    SMALL_IN_BATCHES = LikelihoodRatio(
        300.0, "network inputs have root mean square {size:figure}, while about 1 is expected", "data"
    )
    SOUND_IN_BATCHES = LikelihoodRatio(
        0.02, "network inputs have mean {mean:figure} and standard deviation {deviation:figure}", "data"
    )
    FIRST_LAYER_SCALES = LikelihoodRatio(0.02, "the first layer of the network normalises its inputs", "data")
    LEARNED = LikelihoodRatio(0.1, "the run learned anyway")
    SOME_COLUMNS = LikelihoodRatio(
        0.1, "the largest column scale is {ratio:times} the smallest, so only some columns are large", "data"
    )
    LARGE = LikelihoodRatio(
        1.0, "the largest feature has scale {times:figure}, while about 1 is expected", "data", most=100.0
    )
    SMALL = LikelihoodRatio(0.05, "the largest feature has scale {size:figure}, which is not large", "data")
    PRETRAINED = LikelihoodRatio(0.1, "a pretrained model comes with its own preprocessing", "params")
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
    features: Features | None,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    input_scaling: object | None,
    learning_rate: float | None,
    dataset: Dataset | None,
    watched: Watched | None,
    network: Model | None,
    *,
    prior: float = 0.06,
    large: float = 10.0,
    small: float = 0.01,
) -> Outcome:
    """Inputs are not centred, or far from unit scale.

    What it measures
    ----------------
    If a callback recorded batches, the rule takes the mean and standard deviation of the network's inputs. If there is
    a dataset profile, it takes the scale (root mean square) of the largest feature. Otherwise it looks for what
    unscaled inputs do to curves: a first loss many times chance level, or a loss that blows up immediately at a normal
    learning rate.

    Why it matters
    --------------
    "Most parts of a neural network assume that data is normalised: weight initialisation, activation functions, the
    optimisation algorithms."

    What to do
    ----------
    Standardise each feature with the mean and standard deviation of the training set. For images, divide by 255 and
    subtract the mean. Token ids, trees and boosting need no scaling.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    small : with a root mean square of all inputs below this, the network can hardly tell them from 0.
    large : with a root mean square above this (about 1 is expected), the largest feature dominates the first layer.

    References
    ----------
    Seminar: "Normalisation/Standardisation", "Data Transformation". LeCun et al. (1998), Efficient BackProp, §4.3.
    """
    if features is None and watched is None:
        return unscaled_inputs.skip("no curves, and no callback looked at batches", WHAT_TO_LOG)
    observations: list[Observation] = _in_batches(watched, large, small)
    if _scales_itself(network):
        observations = [Likelihoods.FIRST_LAYER_SCALES()] if observations else []
    size = max((f.size for f in dataset.numbers if f.size), default=dataset.columns.largest_scale) if dataset else None
    if size is not None and not observations:
        observations.append(Likelihoods.SMALL(size=size) if size <= large else Likelihoods.LARGE(times=size))
    if params.get("pretrained"):
        observations.append(Likelihoods.PRETRAINED())
    if input_scaling:
        observations.append(Likelihoods.SCALED(scaling=input_scaling))
    if any(s.key in (Likelihoods.LARGE_IN_BATCHES.key, Likelihoods.FAR_IN_BATCHES.key) for s in observations):
        observations += [Likelihoods.LEARNED()] if symptoms.verdict == "good-fit" else []
    elif features is not None and Likelihoods.SMALL_IN_BATCHES.key not in {s.key for s in observations}:
        # Inputs that are too small leave the first loss where it is.
        observations.append(first_loss(features, symptoms, params, learning_rate))
    standard = "standard" in str(input_scaling).lower()
    name = names.get("input_scaling", "preprocessing.scaler")
    text = "standardise the inputs (mean 0, standard deviation 1) with the statistics of the training set"
    seen = next((s.text for s in observations if s.ratio > 1), "")
    return unscaled_inputs.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{seen}: inputs look unscaled",
        advice=text,
        prescription=Prescription(text, () if standard else (Change(name, input_scaling or None, "standard"),)),
        settles=WHAT_TO_LOG,
    )


def _scales_itself(network: Model | None) -> bool:
    """Whether the network begins with a layer that scales what it is given."""
    kinds = [layer.type.lower() for layer in network.layers] if network is not None else []
    first = next((kind for kind in kinds if not kind.startswith(SHAPING_LAYERS)), "")
    return first.startswith(SCALING_LAYERS)


def _in_batches(watched: Watched | None, large: float, small: float) -> list[Observation]:
    """What the inputs in the batches that were looked at say; token ids are none."""
    size = watched.input_size if watched is not None else None
    if watched is None or size is None:
        return []
    mean, deviation = watched.median("input_mean"), watched.median("input_std")
    if 0 < size < small:
        return [Likelihoods.SMALL_IN_BATCHES(size=size)]
    if size <= large:
        return [Likelihoods.SOUND_IN_BATCHES(mean=mean, deviation=deviation)]
    row = Likelihoods.LARGE_IN_BATCHES if size > CERTAINLY * large else Likelihoods.FAR_IN_BATCHES
    apart = watched.median("input_scale_ratio")
    some = [Likelihoods.SOME_COLUMNS(ratio=apart)] if apart is not None and apart >= APART else []
    return [row(mean=mean, deviation=deviation), *some]
