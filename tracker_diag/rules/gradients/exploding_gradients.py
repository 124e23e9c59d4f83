"""GR603 exploding-gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.roles.learning_rates import rounded
from tracker_diag.rules.api import Change, Features, LikelihoodRatio, Observation, Outcome, Prescription, Symptoms, rule
from tracker_diag.rules.hypothesis import foremost
from tracker_diag.stats.arrays import FloatArray

#: Fewest norms from which a median and an end are computed.
FEWEST_NORMS = 5
#: One over the part of the norms that is the end: a tenth, as for curves.
PARTS_OF_END = 10
#: Share of the run after which a loss diverged late: something had been learned.
AT_ONCE = 0.05
#: Layers from which on plain networks multiply their gradient to extremes.
DEEP = 8
#: Clipping threshold that is proposed if no norm was logged: the usual choice.
USUAL_CLIP = 1.0


class Likelihoods:
    """What speaks for gradients that explode, and against it."""

    GROWN = LikelihoodRatio(
        30.0, "the gradient norm ends at {end:figure}, far above its median of {median:figure}", "data"
    )
    STEADY = LikelihoodRatio(
        0.15,
        "the gradient norm ends at {end:figure} and has a median of {median:figure}, which is no explosion",
        "data",
    )
    LOST_LATE = LikelihoodRatio(4.0, "the loss diverged later in the run, not right at the start")
    LOST_AT_ONCE = LikelihoodRatio(2.0, "the loss diverged right at the start")
    JUMPS = LikelihoodRatio(2.0, "the loss has spikes")
    CLIPPED = LikelihoodRatio(0.2, "gradients are clipped at {clip:figure}", "params")
    DEEP = LikelihoodRatio(2.0, "the network has {layers:figure} layers and no normalisation", "params")


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
    The logged gradient norm, compared with its own median. Otherwise a loss that diverges or has spikes. Single
    infinite norms under mixed precision come from the loss scaler, and do not count.

    Why it matters
    --------------
    "Network contains Bad Gradients": one step along such a gradient undoes what thousands of steps have learned.

    What to do
    ----------
    Clip the gradient norm at about its median. Lower the learning rate. Add normalisation layers. Shorten the sequences
    of recurrent networks.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    times : gradients explode if their norm at the end is more than this many times its median.

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
    median = ", about its median" if target != USUAL_CLIP else ""
    text = (
        "lower the learning rate and add normalisation layers"
        if clipped
        else f"clip the gradient norm at {figure(target)}{median}, and lower the learning rate"
    )
    return exploding_gradients.hypothesis(
        prior=prior,
        observations=observations,
        message=foremost(observations).message,
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the gradient norm at every step: if this is the cause, it rises before the loss does",
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
