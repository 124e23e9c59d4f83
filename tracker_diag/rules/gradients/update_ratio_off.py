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
    middle,
    rule,
)

#: What the ratio is near in networks that learn well.
USUAL = 1e-3
#: Looks at which a ratio has to be off.
FEWEST = 3


class Likelihoods:
    """What speaks for steps of a wrong length, and against them."""

    LONG = LikelihoodRatio(12.0, "a step moves the weights of every layer by {ratio:.2g} of their size", "data")
    SHORT = LikelihoodRatio(12.0, "a step moves the weights of no layer by more than {ratio:.2g} of their size", "data")
    LEARNED = LikelihoodRatio(0.02, "the run learned all the same")


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
    """A step is far longer or far shorter than a thousandth of the weights.

    What it measures
    ----------------
    The norm of a step over the norm of the weights that it changes, by layer, in the median over the steps that a
    callback looked at: the layer that moves least has to move too far, or the one that moves most too little. Weights
    that begin at zero, or small, move far at first. Of a run whose rate is annealed to zero
    the first half counts. Frozen weights are left out: weights-do-not-move says that.

    Why it matters
    --------------
    A ratio of about 1e-3 is what well-trained networks have. At a twentieth the weights are new after twenty steps; at
    a millionth they are all but the same after a hundred thousand.

    What to do
    ----------
    Change the learning rate by the factor that brings the ratio to about 1e-3.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    long : ratio above which a step is too long.
    short : ratio below which it is too short.

    References
    ----------
    Seminar: "Network contains Bad Gradients". Karpathy, CS231n, "Ratio of weights:updates" (about 1e-3).
    """
    ratios = {name: _ratio(series, annealed=bool(annealed)) for name, series in layer_figures.update_ratios.items()}
    measured = [ratio for ratio in ratios.values() if ratio is not None]
    if not measured:
        return update_ratio_off.skip(
            f"no ratio of updates to weights was logged {FEWEST} times", "train with a callback of tracker_diag.probes"
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
    verb = "lower" if ratio > USUAL else "raise"
    name = names.get("learning_rate", "learning_rate")
    rate = learning_rate * USUAL / ratio if learning_rate else 0.0
    changes = (Change(name, learning_rate, rounded(rate)),) if 0 < rate <= HIGHEST_RATE else ()
    text = f"{verb} the learning rate until a step moves the weights by about a thousandth"
    return update_ratio_off.hypothesis(
        prior=prior,
        observations=observations,
        message=observations[0].text,
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the ratio at every hundredth step",
    )


def _ratio(series: Series, *, annealed: bool) -> float | None:
    """The median of a layer; None where there are too few."""
    values: FloatArray = series.values[np.isfinite(series.values)]
    if annealed:
        values = values[: max(FEWEST, values.size // 2)]
    return middle(values) if values.size >= FEWEST else None
