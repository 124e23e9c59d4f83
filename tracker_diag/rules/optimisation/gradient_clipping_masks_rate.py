"""OP403 gradient-clipping-masks-rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.roles.learning_rates import rounded
from tracker_diag.rules.api import (
    Change,
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
from tracker_diag.rules.optimisation._progress import STAYS_WITH
from tracker_diag.stats.arrays import FloatArray

_SCALE_FREE = (
    "adam",
    "adamw",
    "nadam",
    "adamax",
    "radam",
    "rmsprop",
    "adagrad",
    "adadelta",
    "lion",
    "lamb",
    "adafactor",
)

#: Share of the clip above which the median norm shows that it bites: norms logged behind the clip lie just at it.
BITES_ABOVE = 0.95
#: Times the median norm that a clip leaves nearly all steps alone.
TIMES_MEDIAN = 2
#: Share of the baseline loss that a run has explained at most which barely gets on: an ordinary step gets further.
LITTLE_EXPLAINED = 0.6


class Likelihoods:
    """What speaks for a clip that sets the step, and against it."""

    NORM_ABOVE = LikelihoodRatio(15.0, "the median gradient norm is {median:.3g}, the clip {clip:g}", "data")
    NORM_BELOW = LikelihoodRatio(0.1, "the median gradient norm is {median:.3g}, the clip {clip:g}", "data")
    TIGHT = LikelihoodRatio(4.0, "the clip of {clip:g} is far below an ordinary gradient norm", "params", most=80.0)
    USUAL = LikelihoodRatio(0.2, "a clip of {clip:g} is usual", "params")
    GETS_ON = LikelihoodRatio(0.1, "the run does not lack progress")
    BARELY_GETS_ON = LikelihoodRatio(5.0, "the run barely gets on")


@rule(
    "OP403",
    "gradient-clipping-masks-rate",
    seen_as=("Is my setting of the rate worth anything?",),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=higher("gradient_clip"),
)
def gradient_clipping_masks_rate(
    features: Features,
    symptoms: Symptoms,
    gradient_clip: float,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    explained: Explained | None,
    gradient_norm: FloatArray | None,
    *,
    prior: float = 0.03,
    tight: float = 0.05,
    usual: float = 1.0,
) -> Outcome:
    """Clipping is so tight that the clip, not the gradient, sets the step.

    What it measures
    ----------------
    The clipping threshold, against the logged gradient norm where there is one; and whether the run learns as slowly
    as a tiny step would make it.

    Why it matters
    --------------
    "Turn gradient clipping off" while the rate is searched: a clipped step has the length clip × rate whatever the
    loss, so the rate that is found is that of the clip. Optimisers of the Adam family cancel a constant factor, so
    there a tight clip does little.

    What to do
    ----------
    Switch clipping off, or set it to the usual gradient norm (about 1), and then choose the rate.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    tight : norm below which a clip bites at nearly every step of an ordinary network.
    usual : the norm that is proposed; twice the logged median, where that is more.

    References
    ----------
    Seminar: "How to find best learning rate?". Pascanu, Mikolov and Bengio (2013), ICML, clipping by norm.
    """
    if not gradient_clip or gradient_clip < 0:
        return None
    optimizer = str(params.get("optimizer") or "").lower()
    if optimizer in _SCALE_FREE:
        return gradient_clipping_masks_rate.skip(f"{optimizer} cancels a constant clip")
    median = None if gradient_norm is None else float(np.median(gradient_norm))
    target = max(usual, rounded(TIMES_MEDIAN * median)) if median and median > 0 else usual
    name = names.get("gradient_clip", "gradient_clip")
    changes = (Change(name, gradient_clip, target),) if target > gradient_clip else ()
    text = (
        f"raise {name} from {gradient_clip:g} to {target:g}, or switch clipping off"
        if changes
        else "switch clipping off"
    )
    return gradient_clipping_masks_rate.hypothesis(
        prior=prior,
        observations=[_against_norms(gradient_clip, median, tight), *_seen(features, symptoms, explained)],
        message=f"clipping at {gradient_clip:g} sets the length of the step",
        advice=text + ", then choose the learning rate",
        prescription=Prescription(text, changes),
        settles="log the gradient norm before clipping",
        verdict="slow-convergence",
    )


def _against_norms(clip: float, median: float | None, tight: float) -> Observation:
    """The clip against the logged norms, or against those of ordinary networks."""
    if median is not None:
        row = Likelihoods.NORM_ABOVE if median > BITES_ABOVE * clip else Likelihoods.NORM_BELOW
        return row(median=median, clip=clip)
    return Likelihoods.TIGHT(times=tight / clip, clip=clip) if clip < tight else Likelihoods.USUAL(clip=clip)


def _seen(features: Features, symptoms: Symptoms, explained: Explained | None) -> list[Observation]:
    """What the curves say of the progress."""
    if symptoms.has("diverged", "overfitting"):
        return [Likelihoods.GETS_ON()]
    slow = symptoms.has("slow-convergence", "undertrained") or features.above or features.stuck_at_baseline
    much_left = explained is not None and explained.most < LITTLE_EXPLAINED and features.apart < STAYS_WITH
    return [Likelihoods.BARELY_GETS_ON()] if slow or much_left else []
