"""PP309 unscaled-targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

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
    """What speaks for targets that are not scaled, and against it."""

    FAR_OFF = LikelihoodRatio(
        15.0,
        "at first the network is about {size:.3g} off its targets, where an untrained output is about 1 in size",
        own=True,
    )
    HARDLY_MOVED = LikelihoodRatio(8.0, "the whole run took away {share:.2g} of the first loss")
    FALLS_SHORT = LikelihoodRatio(
        3.0, "the network came most of the way to the targets, yet {left:.0%} of their variance is left", "data"
    )
    STAYS_FAR_OFF = LikelihoodRatio(
        2.0, "the run took away {share:.2g} of its first loss, and is about {size:.3g} off at best"
    )
    BLEW_UP = LikelihoodRatio(3.0, "the loss blew up")
    SPREAD = LikelihoodRatio(20.0, "the targets have a standard deviation of {deviation:.3g}", "data")
    NOT_AT_MEAN = LikelihoodRatio(
        20.0, "the loss comes down to {best:.3g}, and always answering the mean of the targets costs {mean:.3g}"
    )
    OUT_OF_REACH = LikelihoodRatio(
        3.0, "{updates} updates of {optimizer} at {rate:g} move a weight by about {reach:.2g} at most", "params"
    )
    LINEAR = LikelihoodRatio(1.5, "the output is linear, and so can reach them", "data")


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
    How far off its targets the network is at first: the root of the first squared error, or the first absolute error.
    An untrained output is about 1 in size, so that this is about the size of the targets themselves. Where it is large,
    and the whole run took away hardly any of it, or never came down to what always answering the mean costs, the
    network is still on its way there; where it took away less than three quarters and ends far off still, that is worth
    knowing. The standard deviation of the targets in a dataset profile settles it, and optimisers of the Adam kind show
    by rate and updates how far a weight can have come. A loss that blew up counts where the profile shows targets that
    are large: the first epoch's mean of such a run says nothing of them.

    A run that learned in the targets' own units is left alone, and so are targets that a profile shows to be of unit
    scale; a bounded output with such targets is `output-loss-mismatch`; a loss that does not move at all is another
    trouble. Trees need no scale, and returns of reinforcement have none.

    Why it matters
    --------------
    Weights begin near 0 and move by about the rate at each step. A house price of 200,000 is a long way off: thousands
    of steps go into the mean alone; with plain gradient descent the gradients are as large as the targets, and the loss
    explodes at any usual rate.

    What to do
    ----------
    Subtract the mean of the training targets and divide by their standard deviation (or take the logarithm of prices
    and counts); undo it in predictions.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    far : how far off the targets the network must be at first, in sizes of an untrained output: 30 is a squared error
        of about 1000.
    wide : standard deviation of the targets from which on, or one over it down to which, they are far from unit scale.
    hardly : share of the first loss that the run took away, up to which it is still on its way.
    above : times the variance of the targets down to which it is, where R² or a profile tells that variance: to answer
        the mean, whatever comes in, is the first thing that a network learns.

    References
    ----------
    Seminar: "Normalisation/Standardisation". Bishop (1995), Neural Networks for Pattern Recognition, §8.2: input
    normalisation and encoding, of targets as well.
    """
    kind, y = any_curve.metric.kind, any_curve.finite[1]
    if kind != SQUARED and kind not in SIZES:
        if params.get("loss_function"):
            return None
        return unscaled_targets.skip("the loss is not known to be an error of numbers", "log the loss function")
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
        course = Likelihoods.HARDLY_MOVED(share=max(0.0, moved))
    elif large and not spread and rest >= far and moved < MOST:
        course = Likelihoods.STAYS_FAR_OFF(share=moved, size=rest)
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
        message="the targets are far from unit scale: "
        + (f"the network begins about {size:.3g} off" if large else f"their standard deviation is {deviation:.3g}"),
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
