"""OP403 gradient-clipping-masks-rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
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
    in_words,
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

#: Median norm, as a share of the clipping threshold, above which the clip acts: norms logged after clipping lie just at
#: the threshold.
BITES_ABOVE = 0.95
#: A threshold of so many times the median norm leaves nearly all steps alone.
TIMES_MEDIAN = 2
#: Largest explained share of the baseline loss of a run that barely progresses: ordinary steps get further.
LITTLE_EXPLAINED = 0.6


class Likelihoods:
    """What speaks for a clip that sets the step length, and against it."""

    ALWAYS_CLIPPED = LikelihoodRatio(
        300.0,
        "clipping acted on {part:share} of the logged steps, and the median step is cut to {ratio:share} of its length",
        "data",
    )
    SELDOM_CLIPPED = LikelihoodRatio(
        0.02,
        "clipping acted on {part:share} of the logged steps, and the median step is cut to {ratio:share} of its length",
        "data",
    )
    LEARNED = LikelihoodRatio(0.05, "the run still reached a good fit")
    NORM_ABOVE = LikelihoodRatio(
        15.0, "the median gradient norm ({median:figure}) is not below the clipping threshold ({clip:figure})", "data"
    )
    NORM_BELOW = LikelihoodRatio(
        0.1, "the median gradient norm is {median:figure}, below the clipping threshold of {clip:figure}", "data"
    )
    TIGHT = LikelihoodRatio(
        4.0, "the clipping threshold of {clip:figure} is far below ordinary gradient norms", "params", most=80.0
    )
    USUAL = LikelihoodRatio(0.2, "a clipping threshold of {clip:figure} is usual", "params")
    GETS_ON = LikelihoodRatio(0.1, "the run {diverged_or_overfits}, so its steps are long enough")
    BARELY_GETS_ON = LikelihoodRatio(5.0, "the run makes very little progress")


@rule(
    "OP403",
    "gradient-clipping-masks-rate",
    seen_as=("Does my learning rate have any effect?",),
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
    """Gradient clipping is so tight that the threshold, not the gradient, sets the step length.

    What it measures
    ----------------
    If a callback logged steps, the rule checks whether nearly all of them were clipped, and how much shorter that made
    them. If not, it compares the threshold with the logged gradient norm (if there is one), and checks whether the run
    learns as slowly as tiny steps would make it.

    Why it matters
    --------------
    "Turn gradient clipping off" while you search for a learning rate. The length of a clipped step is threshold ×
    learning rate, whatever the gradient, so the learning rate that you find is right only for that threshold.
    Optimisers of the Adam family divide by the size of the gradient, so clipping hardly changes their steps.

    What to do
    ----------
    Switch clipping off, or set the threshold to twice the median gradient norm (to 1 if no norm is logged). Then choose
    the learning rate.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    always : if this share of the logged steps or more are clipped, the threshold is taken to set their length.
    shortened : in addition, the median step must be shortened to this share of its length or less.
    tight : a clipping threshold below this clips nearly every step of an ordinary network.
    usual : the clipping threshold that is proposed. If a norm is logged and twice its median is larger, that is
        proposed instead, rounded to 1, 2 or 5 times a power of ten.

    References
    ----------
    Seminar: "How to find best learning rate?". Pascanu, Mikolov and Bengio (2013), ICML, clipping by norm.
    """
    clipped = _clipped(watched, always, shortened)
    if clipped is None and gradient_clip is None:
        return gradient_clipping_masks_rate.skip(
            "no gradient clipping is logged", "log the norm at which gradients are clipped"
        )
    if (clipped is None or clipped.ratio < 1) and (not gradient_clip or gradient_clip < 0):
        return None
    optimizer = str(params.get("optimizer") or "").lower()
    if optimizer in _SCALE_FREE:
        return gradient_clipping_masks_rate.skip(
            f"{optimizer} divides by the size of the gradient, so clipping hardly changes its steps"
        )
    median = None if gradient_norm is None else float(np.median(gradient_norm))
    target = max(usual, rounded(TIMES_MEDIAN * median)) if median and median > 0 else usual
    name = names.get("gradient_clip", "gradient_clip")
    if clipped is not None and clipped.ratio > 1:
        learned = [Likelihoods.LEARNED()] if symptoms.verdict == "good-fit" else []
        return _found([clipped, *learned], gradient_clip, name, watched, prior)
    if gradient_clip is None or features is None:
        return None
    changes = (Change(name, gradient_clip, target),) if target > gradient_clip else ()
    text = f"{in_words(changes)}, or switch clipping off" if changes else "switch clipping off"
    return gradient_clipping_masks_rate.hypothesis(
        prior=prior,
        observations=[
            clipped or _against_norms(gradient_clip, median, tight),
            *_seen(features, symptoms, explained),
        ],
        message=f"gradients are clipped at {figure(gradient_clip)}, so the threshold sets the length of the steps",
        advice=text + ", then choose the learning rate",
        prescription=Prescription(text, changes),
        settles=f"log the gradient norm before clipping: if most norms are above {figure(gradient_clip)}, "
        "the threshold sets the length of the steps",
        verdict="slow-convergence",
    )


def _clipped(watched: Watched | None, always: float, shortened: float) -> Observation | None:
    """What the logged steps say; a few steps that are clipped a little are what clipping is for."""
    part = watched.median("clipped") if watched is not None else None
    ratio = watched.median("clip_ratio") if watched is not None else None
    if watched is None or part is None or ratio is None:
        return None
    part = float(watched.values("clipped").mean())
    row = Likelihoods.ALWAYS_CLIPPED if part >= always and ratio <= shortened else Likelihoods.SELDOM_CLIPPED
    return row(part=part, ratio=ratio)


def _found(
    observations: list[Observation], clip: float | None, name: str, watched: Watched | None, prior: float
) -> Outcome:
    """The finding from logged steps, with a threshold that would leave nearly all of them alone."""
    norm = watched.median("grad_norm") if watched is not None else None
    target = rounded(TIMES_MEDIAN * norm) if norm else 0.0
    loosens = target > (clip or 0.0)
    changes = (Change(name, clip, target),) if clip and loosens else ()
    raised = in_words(changes) or f"raise {name} to {figure(target)}"
    text = f"{raised}, or switch clipping off" if loosens else "switch clipping off"
    return gradient_clipping_masks_rate.hypothesis(
        prior=prior,
        observations=observations,
        message=observations[0].message,
        advice=text + ", then choose the learning rate",
        prescription=Prescription(text, changes),
        settles="run the first 100 steps without clipping: if the loss changes much faster, clipping is the cause",
        verdict="slow-convergence",
    )


def _against_norms(clip: float, median: float | None, tight: float) -> Observation:
    """The threshold, compared with the logged norms or with those of ordinary networks."""
    if median is not None:
        row = Likelihoods.NORM_ABOVE if median > BITES_ABOVE * clip else Likelihoods.NORM_BELOW
        return row(median=median, clip=clip)
    return Likelihoods.TIGHT(times=tight / clip, clip=clip) if clip < tight else Likelihoods.USUAL(clip=clip)


def _seen(features: Features, symptoms: Symptoms, explained: Explained | None) -> list[Observation]:
    """What the curves say about the progress."""
    if symptoms.has("diverged", "overfitting"):
        return [Likelihoods.GETS_ON(diverged_or_overfits="diverged" if symptoms.has("diverged") else "overfits")]
    slow = symptoms.has("slow-convergence", "undertrained") or features.above or features.stuck_at_baseline
    much_left = explained is not None and explained.most < LITTLE_EXPLAINED and features.apart < STAYS_WITH
    return [Likelihoods.BARELY_GETS_ON()] if slow or much_left else []
