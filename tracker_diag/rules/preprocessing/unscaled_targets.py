"""PP309 unscaled-targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.roles.layout import Layout
from tracker_diag.roles.learning_rates import OF_ONE_LENGTH
from tracker_diag.rules.api import (
    WHAT_TO_LOG,
    Curve,
    Dataset,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    Watched,
    rule,
)

#: What the first loss is the size of: roots of squares, or sizes.
SQUARED, SIZES = "squared error", ("root of the squared error", "absolute error")
#: Outputs that reach any target.
UNBOUNDED = ("linear", "none")
#: Share of the first loss that a run takes away which learned in the targets' own units: the mean, and more than half
#: of the variance about it.
MOST = 0.75
#: Deviations of the targets that the network begins off, where their mean is far from 0, and the share of their
#: variance that is left where the rest of the run did not suffice.
FAR_FROM_MEAN, LEFT = 2.0, 0.2


class Likelihoods:
    """What speaks for unscaled targets, and against them."""

    FAR_OFF = LikelihoodRatio(
        15.0,
        "the first predictions miss the targets by about {size:figure}, while an untrained output is about 1 in size",
        own=True,
    )
    HARDLY_MOVED = LikelihoodRatio(8.0, "the loss fell by {part:share} in the whole run")
    FALLS_SHORT = LikelihoodRatio(
        3.0,
        "the loss fell far, but the best model leaves {left:share} of the variance of the targets unexplained",
        "data",
    )
    STAYS_FAR_OFF = LikelihoodRatio(
        2.0,
        "the loss fell by {part:share}, but the best predictions still miss the targets by about {size:figure}",
    )
    BLEW_UP = LikelihoodRatio(3.0, "the loss blew up")
    SPREAD = LikelihoodRatio(20.0, "the targets have standard deviation {deviation:figure}", "data")
    NOT_AT_MEAN = LikelihoodRatio(
        20.0, "the best loss is {best:figure}, worse than always predicting the mean of the targets ({mean:figure})"
    )
    OUT_OF_REACH = LikelihoodRatio(
        3.0,
        "{updates:figure} updates by {optimizer} at learning rate {rate:figure} can move a weight by about "
        "{reach:figure} at most",
        "params",
    )
    LINEAR = LikelihoodRatio(1.5, "the output is linear, so its range is not the problem", "data")


@rule(
    "PP309",
    "unscaled-targets",
    seen_as=("My loss falls, but very slowly", "My first loss is far too high", "My loss explodes"),
    unless=("boosting", "reinforcement"),
    likelihoods=Likelihoods,
)
def unscaled_targets(
    any_curve: Curve,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    layers_described: Layout | None,
    dataset: Dataset | None,
    n_updates: int | None,
    target_variance: float | None,
    variance_shown: float | None,
    watched: Watched | None,
    *,
    prior: float = 0.04,
    far: float = 30.0,
    wide: float = 100.0,
    hardly: float = 0.1,
    above: float = 1.1,
) -> Outcome:
    """The targets of a regression are far from unit scale.

    What it measures
    ----------------
    The rule estimates by how much the first predictions miss the targets: the root of the first squared error, or the
    first absolute error. An untrained output is about 1 in size, so this is about the size of the targets themselves.

    If that error is large, the rule looks at the rest of the run. The network has not reached the targets if the loss
    hardly fell, or if it never got as low as that of always predicting the mean. If the loss fell by less than 75% and
    the predictions still miss by much, that is a weaker sign.

    The standard deviation of the targets in a dataset profile settles the question. For optimisers like Adam, the
    learning rate and the number of updates show how far a weight can have moved. A loss that blew up counts only if the
    profile shows large targets, because the first mean loss of such a run says nothing about them.

    The rule does not report a run that learned in the targets' own units, nor targets of unit scale in a profile. If
    the output is bounded and the targets are large, output-loss-mismatch reports it. A loss that does not move at all
    has another cause. The rule does not apply to trees, which need no scale, nor to returns of reinforcement learning.

    Why it matters
    --------------
    With Adam, weights start near 0 and move by about the learning rate at each step. A house price of 200,000 is far
    from that, so the network spends thousands of steps on the mean alone. With plain gradient descent, gradients grow
    with the targets, and the loss explodes at any normal learning rate.

    What to do
    ----------
    Subtract the mean of the training targets and divide by their standard deviation. For prices and counts, take the
    logarithm. Undo the transform in predictions.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    far : smallest first error that counts, as a multiple of the size of an untrained output (about 1). The default,
        30, is a squared error of about 1000.
    wide : with this standard deviation or more, targets are far from unit scale. For small targets the limit is its
        inverse.
    hardly : if the loss fell by this share or less, the network has not reached the targets.
    above : the best loss counts as worse than always predicting the mean if it is above this multiple of the targets'
        variance. The variance comes from R² or a profile. Predicting the mean is the first thing a network learns.

    References
    ----------
    Seminar: "Normalisation/Standardisation". Bishop (1995), Neural Networks for Pattern Recognition, §8.2: input
    normalisation and encoding, of targets as well.
    """
    kind, y = any_curve.metric.kind, any_curve.finite[1]
    if kind != SQUARED and kind not in SIZES:
        if params.get("loss_function"):
            return None
        return unscaled_targets.skip(
            "the loss is not known to be a squared or absolute error",
            "log the name of the loss function, e.g. loss = mse",
        )
    output = _output(layers_described, params)
    if (output is not None and output not in UNBOUNDED) or symptoms.has("frozen"):
        return None
    first, best = (float(y[0]), float(y.min())) if y.size else (math.inf, math.inf)
    size = math.sqrt(first) if kind == SQUARED and first > 0 else first
    moved = 1 - best / first if 0 < first < math.inf else 0.0
    variance = _variance(dataset, watched)
    deviation = math.sqrt(variance) if variance else None
    spread = deviation is not None and not (deviation * wide > 1 and deviation < wide)
    # A first value that is an epoch's mean of a run which blew up says nothing of the targets.
    blew_up = symptoms.has("diverged") and moved <= hardly
    large = not blew_up and size >= far
    if (deviation is not None and not spread) or not (large or spread):
        return None
    nothing = target_variance or variance_shown
    rest = math.sqrt(best) if kind == SQUARED and best > 0 else best
    # Small targets do not blow a loss up.
    if blew_up:
        course = None if deviation is None or deviation < wide else Likelihoods.BLEW_UP()
    elif nothing is not None and best > above * nothing:
        course = Likelihoods.NOT_AT_MEAN(best=best, mean=nothing)
    elif moved <= hardly:
        course = Likelihoods.HARDLY_MOVED(part=max(0.0, moved))
    elif large and not spread and rest >= far and moved < MOST:
        course = Likelihoods.STAYS_FAR_OFF(part=moved, size=rest)
    else:
        course = _falls_short(variance, size, best) if large and spread else None
    if course is None:
        return None
    # On the small side only the profile tells: a network that begins far off small targets has a first loss to mend.
    scale = [Likelihoods.FAR_OFF(size=size)] if large else []
    scale += [Likelihoods.SPREAD(deviation=deviation)] if spread else []
    observations = [*scale, course]
    reach = _reach(params, n_updates)
    on_its_way = course.key != Likelihoods.STAYS_FAR_OFF.key
    if reach is not None and large and on_its_way and reach < size:
        observations.append(
            Likelihoods.OUT_OF_REACH(
                updates=n_updates, optimizer=params["optimizer"], rate=params["learning_rate"], reach=reach
            )
        )
    if output is not None:
        observations.append(Likelihoods.LINEAR())
    text = "subtract the mean of the training targets and divide by their standard deviation; undo it in predictions"
    return unscaled_targets.hypothesis(
        prior=prior,
        observations=observations,
        message=f"first predictions miss the targets by about {figure(size)}: targets are far from unit scale"
        if large or deviation is None
        else f"target standard deviation is {figure(deviation)}: targets are far from unit scale",
        advice=text,
        prescription=Prescription(text),
        settles=WHAT_TO_LOG,
        verdict="slow-convergence",
    )


def _falls_short(variance: float | None, size: float, best: float) -> Observation | None:
    """Whether a network went most of the way to targets far from 0, and explains little of how they differ."""
    if not variance or size <= FAR_FROM_MEAN * math.sqrt(variance) or best <= LEFT * variance:
        return None
    return Likelihoods.FALLS_SHORT(left=best / variance)


def _variance(dataset: Dataset | None, watched: Watched | None) -> float | None:
    """That of the targets, by a dataset profile, or by the batches that a callback looked at."""
    if dataset is not None and dataset.target.variance is not None:
        return dataset.target.variance
    deviation = watched.median("target_std") if watched is not None else None
    return None if deviation is None else deviation**2


def _output(layers: Layout | None, params: Mapping[str, Any]) -> str | None:
    """The output's activation, as the layers or a parameter say it; None where neither does."""
    if layers is not None and layers.output is not None and layers.output.activation is not None:
        return layers.output.activation
    said = params.get("output_activation")
    return str(said) if said else None


def _reach(params: Mapping[str, Any], n_updates: int | None) -> float | None:
    """How far a weight can have come; None where the steps are as long as gradients make them."""
    rate = params.get("learning_rate")
    if n_updates is None or not isinstance(rate, int | float) or params.get("optimizer") not in OF_ONE_LENGTH:
        return None
    return float(rate) * n_updates
