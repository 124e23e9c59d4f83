"""GR602 vanishing-gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.roles.activations import SATURATING
from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Change,
    Features,
    LayerSignals,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Series,
    Symptoms,
    in_words,
    middle,
    rule,
)
from tracker_diag.rules.hypothesis import foremost
from tracker_diag.stats.arrays import FloatArray

#: Fewest norms from which a median is computed.
FEWEST_NORMS = 3
#: Share of the run within which a loss that levels off at once makes half of its improvement.
AT_ONCE = 0.05
#: Share of the total improvement that twice the training would bring, above which a loss has not levelled off.
STILL_FALLS = 0.02
#: Gap of validation at the end, as a share of the baseline, from which on training did learn something.
FAR_APART = 0.2
#: Layers up to which a gradient reaches the first one; so many are proposed.
FEW_LAYERS = 4
#: Layers of saturating units from which on depth counts: each passes back at most a quarter of its gradient (sigmoid).
SEVERAL = 4
#: Share of the logged steps with a gradient that is lost on the way, from which on that held learning back.
FOR_LONG = 0.25


class Likelihoods:
    """What speaks for gradients that vanish, and against it."""

    LOST_ON_THE_WAY = LikelihoodRatio(300.0, "the gradient of {first} is {ratio:times} that of {last}", "data")
    LOST_FOR_LONG = LikelihoodRatio(
        100.0,
        "at {count} of {looks} logged steps, the gradient of {first} is below {bound:times} that of {last}",
        "data",
    )
    ARRIVES = LikelihoodRatio(0.03, "the gradient of {first} is {ratio:times} that of {last}", "data")
    VANISHED = LikelihoodRatio(30.0, "the median gradient norm is {median:figure}", "data")
    NOT_VANISHED = LikelihoodRatio(0.1, "the median gradient norm is {median:figure}", "data")
    STAYS = LikelihoodRatio(4.0, "the loss stays at chance level")
    NOTHING_LEARNED = LikelihoodRatio(2.0, "nothing is learned")
    RESTS_AT_ONCE = LikelihoodRatio(2.0, "the loss levelled off at once at a high value")
    LEARNS = LikelihoodRatio(0.1, "the run learns")
    DEEP_AND_PLAIN = LikelihoodRatio(
        12.0, "the network has {layers:figure} layers without skip connections or normalisation", "params"
    )
    DEEP = LikelihoodRatio(2.0, "the network has {layers:figure} layers", "params")
    FEW_LAYERS = LikelihoodRatio(0.3, "the network is shallow (depth {layers:figure})", "params")
    SEVERAL_SATURATE = LikelihoodRatio(8.0, "{count} layers use {activation}, which saturates", "params")
    SATURATES = LikelihoodRatio(3.0, "the activation is {activation}, which saturates", "params")


@rule(
    "GR602",
    "vanishing-gradients",
    seen_as=("My loss is flat from the start", "My loss falls, but very slowly"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def vanishing_gradients(
    features: Features | None,
    symptoms: Symptoms,
    layer_figures: LayerSignals | None,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    layers: float | None,
    activation: str | None,
    gradient_norm: FloatArray | None,
    layers_described: Layout | None,
    *,
    prior: float = 0.03,
    deep: int = 8,
    vanished: float = 1e-6,
    shrunk: float = 1e-4,
) -> Outcome:
    """Gradients shrink to nothing on their way back.

    What it measures
    ----------------
    How much of the last layer's gradient is left at the first layer, if norms are logged by layer. If not, the gradient
    norm of the whole network. If that is not logged either, a loss that stays at chance level, or that levels off at
    once at a high value, in a network that is deep without skip connections or has saturating units. Depth and
    activations come from the description of the network, which also says how many layers saturate, or else from
    parameters.

    Why it matters
    --------------
    "Weights will be multiplied with each other many times that will lead to very small numbers which will almost kill
    gradients on back-propagation."

    What to do
    ----------
    Use fewer layers, residual connections, normalisation, He or Xavier initialisation, and ReLU-like units.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    deep : with this many layers or more, plain networks lose their gradient.
    vanished : with a median gradient norm below this, nothing is learned any more.
    shrunk : the gradient is lost on the way if that of the first layer, divided by that of the last, is below this.

    References
    ----------
    Seminar: "Initialisation", "Network contains Bad Gradients". Hochreiter (1991); Glorot and Bengio (2010), AISTATS.
    """
    arrives = _arrives(layer_figures, shrunk)
    measured = [arrives] if arrives is not None else _measured(gradient_norm, vanished)
    seen = None if features is None else _seen(features, symptoms)
    if not measured and seen is None:
        return None
    saturates = str(activation or "").lower() in SATURATING
    # A loss that levels off at once has many causes: depth or saturating units have to make this one likely.
    rests = not measured and seen is not None and seen.key == Likelihoods.RESTS_AT_ONCE.key
    if rests and not saturates and (layers is None or layers < deep):
        return None
    learns = [] if features is None else [Likelihoods.LEARNS()]
    observations = [*measured, *(learns if seen is None else [seen]), *_depth(layers, deep, params)]
    if saturates:
        count = _saturating(layers_described)
        several = Likelihoods.SEVERAL_SATURATE(count=count, activation=activation)
        observations.append(several if count >= SEVERAL else Likelihoods.SATURATES(activation=activation))
    name = names.get("layers", "layers")
    changes: tuple[Change, ...] = (Change(name, layers, FEW_LAYERS),) if layers is not None and layers >= deep else ()
    text = f"{in_words(changes) or 'use fewer layers'}, or add skip connections and normalisation"
    text += "; use He or Xavier initialisation and ReLU"
    if saturates:
        changes += (Change(names.get("activation", "activation"), activation, "relu"),)
    first = foremost(observations).message
    return vanishing_gradients.hypothesis(
        prior=prior,
        observations=observations,
        message=first if measured else f"gradients may not reach the first layers: {first}",
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the gradient norm of the first and of the last layer: after the change, they should be similar",
    )


def _arrives(layers: LayerSignals | None, shrunk: float) -> Observation | None:
    """How much of the gradient is left at the first layer, in the median over the logged steps."""
    if layers is None or not layers.ordered:
        return None
    norms = {name: middle(series.values) for name, series in layers.gradient_norms.items()}
    known = [(name, norm) for name, norm in norms.items() if norm is not None]
    if len(known) < FEW_LAYERS or not known[-1][1] > 0:
        return None
    (first, low), (last, high) = known[0], known[-1]
    if low < shrunk * high:
        return Likelihoods.LOST_ON_THE_WAY(first=first, last=last, ratio=low / high)
    lost = _lost(layers.gradient_norms[first], layers.gradient_norms[last], shrunk)
    if lost.size and lost.mean() >= FOR_LONG:
        said = {"count": int(lost.sum()), "looks": lost.size, "bound": shrunk}
        return Likelihoods.LOST_FOR_LONG(first=first, last=last, **said)
    return Likelihoods.ARRIVES(first=first, last=last, ratio=low / high)


def _lost(first: Series, last: Series, shrunk: float) -> NDArray[np.bool_]:
    """At which steps that were logged for both layers the gradient is lost on the way."""
    _, low, high = np.intersect1d(first.steps, last.steps, return_indices=True)
    lost: NDArray[np.bool_] = first.values[low] < shrunk * last.values[high]
    return lost


def _saturating(laid: Layout | None) -> int:
    """How many layers in a row have units that saturate; none if the layers are not described."""
    if laid is None or laid.normalisation is not None or laid.shortcuts:
        return 0
    return sum(unit.activation in SATURATING for unit in laid.hidden if not unit.recurrent)


def _measured(gradient_norm: FloatArray | None, vanished: float) -> list[Observation]:
    """What the logged norm says."""
    if gradient_norm is None or gradient_norm.size < FEWEST_NORMS:
        return []
    median = float(np.median(gradient_norm))
    row = Likelihoods.VANISHED if median < vanished else Likelihoods.NOT_VANISHED
    return [row(median=median)]


def _seen(features: Features, symptoms: Symptoms) -> Observation | None:
    """What the loss says for it: that it never moved, or levelled off at once."""
    if features.starts_at_baseline:
        return Likelihoods.STAYS()
    if symptoms.has("frozen", "underfitting") and features.lost_at is None:
        return Likelihoods.NOTHING_LEARNED()
    flat_early = features.quick <= AT_ONCE and not features.memorised and not features.gain > STILL_FALLS
    return Likelihoods.RESTS_AT_ONCE() if flat_early and features.apart < FAR_APART else None


def _depth(layers: float | None, deep: int, params: Mapping[str, Any]) -> list[Observation]:
    """What the number of layers says."""
    if layers is None:
        return []
    if layers >= deep:
        normalised = params.get("normalisation", "none") != "none"
        plain = not params.get("residual") and not normalised and not params.get("pretrained")
        row = Likelihoods.DEEP_AND_PLAIN if plain else Likelihoods.DEEP
        return [row(layers=layers)]
    return [Likelihoods.FEW_LAYERS(layers=layers)] if layers <= FEW_LAYERS else []
