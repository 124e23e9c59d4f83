"""GR605 update-ratio-off."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tracker_diag.evidence.optimiser import HIGHEST_RATE
from tracker_diag.roles.learning_rates import rounded
from tracker_diag.rules.api import (
    Change,
    FloatArray,
    LayerSignals,
    LikelihoodRatio,
    Outcome,
    Prescription,
    Series,
    Symptoms,
    in_words,
    middle,
    rule,
)

#: Update-to-weight ratio of networks that learn well.
USUAL = 1e-3
#: Fewest logged ratios of a layer.
FEWEST = 3


class Likelihoods:
    """What speaks for steps that are too long or too short, and against them."""

    LONG = LikelihoodRatio(
        12.0, "each step changes the weights of every layer by at least {ratio:share} of their norm", "data"
    )
    SHORT = LikelihoodRatio(
        12.0, "each step changes the weights of each layer by at most {ratio:figure} of their norm", "data"
    )
    LEARNED = LikelihoodRatio(0.02, "the run still reached a good fit")


@rule(
    "GR605",
    "update-ratio-off",
    seen_as=("My loss jumps, or swings up and down", "My loss falls, but very slowly"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def update_ratio_off(
    layer_figures: LayerSignals,
    symptoms: Symptoms,
    names: Mapping[str, str],
    learning_rate: float | None,
    annealed: bool | None,
    *,
    prior: float = 0.02,
    long: float = 0.05,
    short: float = 1e-6,
) -> Outcome:
    """Steps are far longer or far shorter than a thousandth of the weights' norm.

    What it measures
    ----------------
    The norm of an update, divided by the norm of the weights that it changes: for each layer, the median over the steps
    that a callback logged. The rule reports if even the layer that changes least changes too much, or if even the layer
    that changes most changes too little. Weights that start at zero, or small, change much at first. If the learning
    rate is annealed to zero, only the first half of the run counts. Frozen weights are left out: `weights-do-not-move`
    reports those.

    Why it matters
    --------------
    Well-trained networks have a ratio of about 1e-3. With a ratio of 1/20, twenty steps in one direction are as long as
    the weights themselves. With a ratio of one in a million, that takes a million steps.

    What to do
    ----------
    Change the learning rate by the factor that brings the ratio to about 1e-3.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    long : a step with a ratio above this is too long.
    short : a step with a ratio below this is too short.

    References
    ----------
    Seminar: "Network contains Bad Gradients". Karpathy, CS231n, "Ratio of weights:updates" (about 1e-3).
    """
    ratios = {name: _ratio(series, annealed=bool(annealed)) for name, series in layer_figures.update_ratios.items()}
    measured = [ratio for ratio in ratios.values() if ratio is not None]
    if not measured:
        return update_ratio_off.skip(
            f"update-to-weight ratios were logged fewer than {FEWEST} times",
            "train with a callback from tracker_diag.probes",
        )
    known = [ratio for ratio in measured if ratio > 0]
    if not known:
        return None
    lowest, highest = min(known), max(known)
    if lowest > long:
        observations, ratio = [Likelihoods.LONG(ratio=lowest)], lowest
    elif highest < short:
        observations, ratio = [Likelihoods.SHORT(ratio=highest)], highest
    else:
        return None
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    verb = "reduce" if ratio > USUAL else "raise"
    name = names.get("learning_rate", "learning_rate")
    rate = learning_rate * USUAL / ratio if learning_rate else 0.0
    changes = (Change(name, learning_rate, rounded(rate)),) if 0 < rate <= HIGHEST_RATE else ()
    what = in_words(changes) or f"{verb} the learning rate"
    text = f"{what}, so that each step changes the weights by about 0.1% of their norm"
    return update_ratio_off.hypothesis(
        prior=prior,
        observations=observations,
        message=observations[0].message,
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the update-to-weight ratio every 100 steps: after the change, it should be near 0.1%",
    )


def _ratio(series: Series, *, annealed: bool) -> float | None:
    """The median ratio of a layer; None if too few are logged."""
    values: FloatArray = series.values[np.isfinite(series.values)]
    if annealed:
        values = values[: max(FEWEST, values.size // 2)]
    return middle(values) if values.size >= FEWEST else None
