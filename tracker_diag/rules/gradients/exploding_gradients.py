"""GR603 exploding-gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.roles.learning_rates import rounded
from tracker_diag.rules.api import Change, Features, LikelihoodRatio, Observation, Outcome, Prescription, Symptoms, rule
from tracker_diag.stats.arrays import FloatArray

#: Norms that it takes to compute a median and an end.
FEWEST_NORMS = 5
#: Part of the norms that is the end: a tenth, as of curves.
PARTS_OF_END = 10
#: Share of the run after which a lost loss is a late one: something had been learned.
AT_ONCE = 0.05
#: Layers from which on plain networks multiply their gradient to extremes.
DEEP = 8
#: Norm at which gradients are clipped where none was logged: the usual choice.
USUAL_CLIP = 1.0


class Likelihoods:
    """What speaks for gradients that explode, and against it."""

    GROWN = LikelihoodRatio(30.0, "the gradient norm ends at {end:.2g}, its median is {median:.2g}", "data")
    STEADY = LikelihoodRatio(0.15, "the gradient norm ends at {end:.2g}, its median is {median:.2g}", "data")
    LOST_LATE = LikelihoodRatio(4.0, "the loss was lost after the run had learned")
    LOST_AT_ONCE = LikelihoodRatio(2.0, "the loss was lost at once")
    JUMPS = LikelihoodRatio(2.0, "the loss jumps")
    CLIPPED = LikelihoodRatio(0.2, "gradients are clipped at {clip:g}", "params")
    DEEP = LikelihoodRatio(2.0, "{layers:g} layers without normalisation", "params")


@rule(
    "GR603",
    "exploding-gradients",
    seen_as=("My loss is NaN or infinite", "My loss explodes"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def exploding_gradients(
    features: Features,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    layers: float | None,
    gradient_clip: float | None,
    gradient_norm: FloatArray | None,
    *,
    prior: float = 0.03,
    times: float = 100.0,
) -> Outcome:
    """Gradients grow without bounds.

    What it measures
    ----------------
    The logged gradient norm against its own median; else a loss that is lost in the midst of a run that learned, or
    jumps. Single infinite norms under mixed precision are the loss scaler at work.

    Why it matters
    --------------
    "Network contains Bad Gradients": one step along such a gradient undoes what thousands have learned.

    What to do
    ----------
    Clip the norm at about its median; lower the rate; normalise layers; for recurrent networks shorten the sequences.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    times : norm over its median.

    References
    ----------
    Seminar: "Network contains Bad Gradients". Pascanu, Mikolov and Bengio (2013), ICML.
    """
    observations, target = _measured(gradient_norm, times)
    observations += _seen(features, symptoms)
    if not observations:
        return None
    if gradient_clip:
        observations.append(Likelihoods.CLIPPED(clip=gradient_clip))
    if layers is not None and layers >= DEEP and params.get("normalisation", "none") == "none":
        observations.append(Likelihoods.DEEP(layers=layers))
    clipped = gradient_clip is not None and 0 < gradient_clip <= target
    name = names.get("gradient_clip", "gradient_clip")
    changes = () if clipped else (Change(name, gradient_clip, target),)
    text = (
        "lower the learning rate; normalise layers"
        if clipped
        else f"clip the gradient norm at {target:g}{', about its median' if target != USUAL_CLIP else ''}, "
        "and lower the learning rate"
    )
    return exploding_gradients.hypothesis(
        prior=prior,
        observations=observations,
        message="gradients seem to explode",
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the gradient norm",
    )


def _measured(gradient_norm: FloatArray | None, times: float) -> tuple[list[Observation], float]:
    """What the logged norm says, and the norm to clip at."""
    if gradient_norm is None or gradient_norm.size < FEWEST_NORMS:
        return [], USUAL_CLIP
    median = float(np.median(gradient_norm))
    end = float(np.median(gradient_norm[-max(1, gradient_norm.size // PARTS_OF_END) :]))
    row = Likelihoods.GROWN if median > 0 and end > times * median else Likelihoods.STEADY
    return [row(end=end, median=median)], rounded(median) if median > 0 else USUAL_CLIP


def _seen(features: Features, symptoms: Symptoms) -> list[Observation]:
    """What the loss says."""
    if symptoms.has("diverged"):
        late = features.lost_at is not None and features.lost_at > AT_ONCE
        return [Likelihoods.LOST_LATE() if late else Likelihoods.LOST_AT_ONCE()]
    return [Likelihoods.JUMPS()] if symptoms.has("loss-spikes") else []
