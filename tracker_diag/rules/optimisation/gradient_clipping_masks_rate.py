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
    Watched,
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

    ALWAYS_CLIPPED = LikelihoodRatio(
        300.0, "{share:.0%} of the steps looked at were clipped, to {ratio:.2g} of their length", "data"
    )
    SELDOM_CLIPPED = LikelihoodRatio(0.02, "{share:.0%} of the steps looked at were clipped", "data")
    LEARNED = LikelihoodRatio(0.05, "the run learned all the same")
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
    features: Features | None,
    symptoms: Symptoms,
    gradient_clip: float | None,
    watched: Watched | None,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    explained: Explained | None,
    gradient_norm: FloatArray | None,
    *,
    prior: float = 0.03,
    tight: float = 0.05,
    usual: float = 1.0,
    always: float = 0.9,
    shortened: float = 0.1,
) -> Outcome:
    """Clipping is so tight that the clip, not the gradient, sets the step.

    What it measures
    ----------------
    Where a callback looked at steps, whether nearly all were clipped, and to what share of their length. Else the
    clipping threshold, against the logged gradient norm where there is one; and whether the run learns as slowly
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
    always : share of the steps looked at that are clipped, from which on the clip sets the step.
    shortened : median length behind the clip over that before it, up to which it does.
    tight : norm below which a clip bites at nearly every step of an ordinary network.
    usual : the norm that is proposed; twice the logged median, where that is more.

    References
    ----------
    Seminar: "How to find best learning rate?". Pascanu, Mikolov and Bengio (2013), ICML, clipping by norm.
    """
    clipped = _clipped(watched, always, shortened)
    if clipped is None and gradient_clip is None:
        return gradient_clipping_masks_rate.skip("no gradient clip", "log the norm at which gradients are clipped")
    if (clipped is None or clipped.ratio < 1) and (not gradient_clip or gradient_clip < 0):
        return None
    optimizer = str(params.get("optimizer") or "").lower()
    if optimizer in _SCALE_FREE:
        return gradient_clipping_masks_rate.skip(f"{optimizer} cancels a constant clip")
    median = None if gradient_norm is None else float(np.median(gradient_norm))
    target = max(usual, rounded(TIMES_MEDIAN * median)) if median and median > 0 else usual
    name = names.get("gradient_clip", "gradient_clip")
    if clipped is not None and clipped.ratio > 1:
        learned = [Likelihoods.LEARNED()] if symptoms.verdict == "good-fit" else []
        return _found([clipped, *learned], gradient_clip, name, watched, prior)
    if gradient_clip is None or features is None:
        return None
    changes = (Change(name, gradient_clip, target),) if target > gradient_clip else ()
    text = (
        f"raise {name} from {gradient_clip:g} to {target:g}, or switch clipping off"
        if changes
        else "switch clipping off"
    )
    return gradient_clipping_masks_rate.hypothesis(
        prior=prior,
        observations=[
            clipped or _against_norms(gradient_clip, median, tight),
            *_seen(features, symptoms, explained),
        ],
        message=f"clipping at {gradient_clip:g} sets the length of the step",
        advice=text + ", then choose the learning rate",
        prescription=Prescription(text, changes),
        settles="log the gradient norm before clipping",
        verdict="slow-convergence",
    )


def _clipped(watched: Watched | None, always: float, shortened: float) -> Observation | None:
    """What the steps say that were looked at; those that are clipped a little now and then are what a clip is for."""
    share = watched.median("clipped") if watched is not None else None
    ratio = watched.median("clip_ratio") if watched is not None else None
    if watched is None or share is None or ratio is None:
        return None
    share = float(watched.values("clipped").mean())
    row = Likelihoods.ALWAYS_CLIPPED if share >= always and ratio <= shortened else Likelihoods.SELDOM_CLIPPED
    return row(share=share, ratio=ratio)


def _found(
    observations: list[Observation], clip: float | None, name: str, watched: Watched | None, prior: float
) -> Outcome:
    """The finding, from what was looked at, and the norm that would leave the steps alone."""
    norm = watched.median("grad_norm") if watched is not None else None
    target = rounded(TIMES_MEDIAN * norm) if norm else 0.0
    loosens = target > (clip or 0.0)
    text = f"raise {name} to {target:g}, or switch clipping off" if loosens else "switch clipping off"
    changes = (Change(name, clip, target),) if clip and loosens else ()
    return gradient_clipping_masks_rate.hypothesis(
        prior=prior,
        observations=observations,
        message=observations[0].text,
        advice=text + ", then choose the learning rate",
        prescription=Prescription(text, changes),
        settles="switch clipping off for the first hundred steps",
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
