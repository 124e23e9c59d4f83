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

#: Activations whose units can die.
RECTIFIED = ("relu", "relu6")
#: Root mean square of the inputs from which on they are what kills units.
LARGE = 10.0
#: Layers from which on their number is a likelier reason.
DEEP = 8


class Likelihoods:
    """What speaks for units that died, and against it."""

    MOST_DEAD = LikelihoodRatio(500.0, "{share:.0%} of the units that feed {layer} are 0 for whole batches", "data")
    MANY_DEAD = LikelihoodRatio(8.0, "{share:.0%} of the units that feed {layer} are 0 for whole batches", "data")
    FEW_DEAD = LikelihoodRatio(
        0.03, "at most {share:.0%} of the units that feed a layer are 0 for whole batches", "data"
    )
    LEARNED = LikelihoodRatio(0.02, "the run learned all the same")
    INPUTS_ARE_LARGE = LikelihoodRatio(
        0.05, "inputs of size {size:.3g} kill units, and are the trouble themselves", "data"
    )
    FROZEN = LikelihoodRatio(6.0, "the loss does not change from epoch to epoch")
    STAYS = LikelihoodRatio(5.0, "the loss stays where only the last bias learns")
    CAME_DOWN = LikelihoodRatio(2.5, "the loss came down to where only the last bias learns")
    ANSWERS_VARY = LikelihoodRatio(0.15, "the answers change from one evaluation to the next")
    RECTIFIED = LikelihoodRatio(1.5, "the activation is {activation}", "params")
    NOT_RECTIFIED = LikelihoodRatio(0.05, "the activation is {activation}", "params")
    HIGH_RATE = LikelihoodRatio(3.0, "one step at a rate of {rate:g} can kill a layer", "params")
    USUAL_RATE = LikelihoodRatio(0.6, "a rate of {rate:g} seldom kills units", "params")
    DEEP = LikelihoodRatio(0.5, "{layers:g} layers are a likelier reason", "params")


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
    """Units that never fire: the training error does not change from epoch to epoch.

    What it measures
    ----------------
    The share of units that are 0 for every example of a batch, in the median over the batches that a callback looked
    at, of the worst layer. Else a loss that is frozen or stands at the baseline, in a network of rectified units.

    Why it matters
    --------------
    "If you find that your training error does not change from epoch to epoch it may be that all your neurons have
    died." A dead unit has no gradient, so it stays dead: only the last bias still learns, and it learns how often
    each answer occurs.

    What to do
    ----------
    Leaky ReLU or ELU; He initialisation with biases at zero; a lower rate, since one large step can kill a layer.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    most : share of a layer's units from which on, dead, they let nothing through.
    many : share from which on it counts beside a loss that does not move.

    References
    ----------
    Seminar: "Network contains Bad Gradients". Lu et al. (2020), Dying ReLU and initialization, CiCP 28:1671.
    """
    dead = _dead(layer_figures, most, many)
    seen = None if features is None else _seen(features, symptoms)
    # Rectified units that are many and often at rest are sparse, which is what they are for: the curves must fail too.
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
    text = "use leaky_relu or elu in place of relu, He initialisation with biases at zero, and a lower rate"
    return dead_relu.hypothesis(
        prior=prior,
        observations=observations,
        message="no unit seems to answer to the input",
        advice=text,
        prescription=Prescription(text, tuple(changes)),
        settles="log the share of units that are zero for a whole batch",
    )


def _seen(features: Features, symptoms: Symptoms) -> Observation | None:
    """What the curves say: whether the loss stands as that of dead units does."""
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
    """What the units say that were looked at: those that feed the layer of which the largest share is at rest."""
    shares = {} if layers is None else {name: middle(series.values) for name, series in layers.dead.items()}
    known = {name: share for name, share in shares.items() if share is not None}
    if not known:
        return None
    layer = max(known, key=known.__getitem__)
    if known[layer] >= many:
        return (Likelihoods.MOST_DEAD if known[layer] >= most else Likelihoods.MANY_DEAD)(
            share=known[layer], layer=layer
        )
    return Likelihoods.FEW_DEAD(share=known[layer])


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
