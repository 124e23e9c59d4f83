"""GR601 dead-relu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.roles.learning_rates import between, rounded, usual_rates
from tracker_diag.rules.api import (
    Change,
    Features,
    LayerSignals,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    Watched,
    middle,
    rule,
)
from tracker_diag.rules.hypothesis import foremost

#: Activations whose units can die.
RECTIFIED = ("relu", "relu6")
#: Root mean square from which on the inputs are what kills units.
LARGE = 10.0
#: Layers from which on depth is a likelier cause.
DEEP = 8


class Likelihoods:
    """What speaks for units that died, and against it."""

    MOST_DEAD = LikelihoodRatio(
        500.0, "{part:share} of the ReLU units before layer {layer} output 0 for whole batches", "data"
    )
    MANY_DEAD = LikelihoodRatio(
        8.0, "{part:share} of the ReLU units before layer {layer} output 0 for whole batches", "data"
    )
    FEW_DEAD = LikelihoodRatio(
        0.03, "in every layer, at most {part:share} of the units output 0 for whole batches", "data"
    )
    LEARNED = LikelihoodRatio(0.02, "the run still reached a good fit")
    INPUTS_ARE_LARGE = LikelihoodRatio(
        0.05, "large inputs (root mean square {size:figure}) kill units, and are then the cause themselves", "data"
    )
    FROZEN = LikelihoodRatio(6.0, "the loss does not change from epoch to epoch")
    STAYS = LikelihoodRatio(5.0, "the loss stays at the level a network reaches by learning the output bias alone")
    CAME_DOWN = LikelihoodRatio(2.5, "the loss fell to the level a network reaches by learning the output bias alone")
    ANSWERS_VARY = LikelihoodRatio(0.15, "predictions change from one evaluation to the next")
    RECTIFIED = LikelihoodRatio(1.5, "the activation is {activation}, whose units can die", "params")
    NOT_RECTIFIED = LikelihoodRatio(0.05, "the activation is {activation}, whose units do not die", "params")
    HIGH_RATE = LikelihoodRatio(3.0, "learning rate {rate:figure} is so high that one step can kill a layer", "params")
    USUAL_RATE = LikelihoodRatio(0.6, "learning rate {rate:figure} seldom kills units", "params")
    DEEP = LikelihoodRatio(
        0.5, "the network has {layers:figure} layers, and such a depth is a likelier cause", "params"
    )


@rule(
    "GR601",
    "dead-relu",
    seen_as=(
        "My loss is flat from the start",
        "My loss does not change at all",
        "The network always says the same class",
    ),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def dead_relu(
    features: Features | None,
    symptoms: Symptoms,
    layer_figures: LayerSignals | None,
    watched: Watched | None,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    activation: str | None,
    initialiser: str | None,
    layers: float | None,
    learning_rate: float | None,
    answers_vary: bool | None,
    *,
    prior: float = 0.03,
    most: float = 0.9,
    many: float = 0.6,
) -> Outcome:
    """Many ReLU units output 0 for every input.

    What it measures
    ----------------
    The share of units that are 0 for every example of a batch: the median over the batches that a callback logged, for
    the worst layer. Otherwise a loss that is frozen or stays at chance level, in a network of rectified units.

    Why it matters
    --------------
    "If you find that your training error does not change from epoch to epoch it may be that all your neurons have
    died." A dead unit has no gradient, so it stays dead. If a whole layer is dead, only what comes after it
    still learns: the output bias moves to the class frequencies.

    What to do
    ----------
    Use leaky ReLU or ELU, He initialisation with zero biases, and a lower learning rate: one large step can kill a
    layer.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    most : with this share of dead units or more, a layer counts as blocked.
    many : with this share or more, dead units count as a sign if the loss does not change either.

    References
    ----------
    Seminar: "Network contains Bad Gradients". Lu et al. (2020), Dying ReLU and initialization, CiCP 28:1671.
    """
    dead = _dead(layer_figures, most, many)
    seen = None if features is None else _seen(features, symptoms)
    # Many rectified units that are often 0 are sparse, which is what they are for: the curves must fail too.
    if seen is None and (dead is None or dead.key != Likelihoods.MOST_DEAD.key):
        return None
    low, high = usual_rates(params.get("optimizer"), params)
    too_high = learning_rate is not None and learning_rate > high
    vary = [Likelihoods.ANSWERS_VARY()] if answers_vary else []
    if symptoms.verdict == "good-fit":
        vary.append(Likelihoods.LEARNED())
    size = watched.input_size if watched is not None else None
    if size is not None and size > LARGE:
        vary.append(Likelihoods.INPUTS_ARE_LARGE(size=size))
    observations = [
        *(s for s in (dead, seen) if s is not None),
        *vary,
        *_configured(activation, learning_rate, too_high, layers),
    ]
    changes: list[Change] = []
    if not activation or _rectified(activation):
        changes.append(Change(names.get("activation", "activation"), activation, "leaky_relu"))
        if initialiser != "he":
            changes.append(Change(names.get("initialiser", "initialiser"), initialiser, "he"))
        if too_high:
            target = rounded(between(low, high))
            changes.append(Change(names.get("learning_rate", "learning_rate"), learning_rate, target))
    text = "use leaky_relu or elu instead of relu, He initialisation with zero biases, and a lower learning rate"
    return dead_relu.hypothesis(
        prior=prior,
        observations=observations,
        message=foremost(s for s in (dead, seen) if s is not None).message,
        advice=text,
        prescription=Prescription(text, tuple(changes)),
        settles="log the share of units that output 0 for a whole batch, and check that it falls after the change",
    )


def _seen(features: Features, symptoms: Symptoms) -> Observation | None:
    """What the curves say: whether the loss is constant as that of dead units is."""
    if symptoms.has("frozen"):
        return Likelihoods.FROZEN()
    if features.starts_at_baseline:
        return Likelihoods.STAYS()
    return (
        Likelihoods.CAME_DOWN()
        if features.stuck_at_baseline and features.lost_at is None and not features.above
        else None
    )


def _dead(layers: LayerSignals | None, most: float, many: float) -> Observation | None:
    """What the logged units say, for the layer that is fed by the largest share of dead ones."""
    shares = {} if layers is None else {name: middle(series.values) for name, series in layers.dead.items()}
    known = {name: share for name, share in shares.items() if share is not None}
    if not known:
        return None
    layer = max(known, key=known.__getitem__)
    if known[layer] >= many:
        return (Likelihoods.MOST_DEAD if known[layer] >= most else Likelihoods.MANY_DEAD)(
            part=known[layer], layer=layer
        )
    return Likelihoods.FEW_DEAD(part=known[layer])


def _rectified(activation: str) -> bool:
    return str(activation).lower() in RECTIFIED


def _configured(
    activation: str | None, learning_rate: float | None, too_high: bool, layers: float | None
) -> list[Observation]:
    """What the configuration says."""
    observations: list[Observation] = []
    if activation:
        row = Likelihoods.RECTIFIED if _rectified(activation) else Likelihoods.NOT_RECTIFIED
        observations.append(row(activation=activation))
    if learning_rate is not None:
        row = Likelihoods.HIGH_RATE if too_high else Likelihoods.USUAL_RATE
        observations.append(row(rate=learning_rate))
    if layers is not None and layers >= DEEP:
        observations.append(Likelihoods.DEEP(layers=layers))
    return observations
