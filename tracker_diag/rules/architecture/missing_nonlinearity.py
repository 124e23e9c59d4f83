"""AR707 missing-nonlinearity."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Change,
    Features,
    LikelihoodRatio,
    Model,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    rule,
)
from tracker_diag.rules.architecture._capacity import KEEPS_UP

#: Linear layers from which on a summary that lists nothing else shows a row: one or two may be a small model.
LINEAR_LAYERS = 3
#: Layers of the smallest network that has anything between layers.
LAYERS = 2


class Likelihoods:
    """What speaks for linear layers in a row, and against them."""

    LINEAR = LikelihoodRatio(60.0, "the activation is {activation}", "params")
    ONLY_LINEAR_LAYERS = LikelihoodRatio(3.0, "the model summary lists only linear layers", "params")
    LINEAR_LAYERS = LikelihoodRatio(60.0, "{layers} layers in a row have no activation between them", "params")
    HIGH_LEVEL = LikelihoodRatio(3.0, "training and validation level off together at a high loss")
    LEARNS = LikelihoodRatio(0.1, "the run learns its training set")


@rule(
    "AR707",
    "missing-nonlinearity",
    seen_as=("My loss is flat from the start",),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def missing_nonlinearity(
    features: Features,
    symptoms: Symptoms,
    names: Mapping[str, str],
    activation: str | None,
    layers: float | None,
    network: Model | None,
    layers_described: Layout | None,
    *,
    prior: float = 0.02,
) -> Outcome:
    """Linear layers follow each other without an activation in between.

    What it measures
    ----------------
    One of three things: hidden layers that are all dense and linear, by the description of the network; an activation
    that is configured as none or linear; or a PyTorch summary that lists three or more linear layers and nothing else.
    Activations that are called as functions (`F.relu`) do not show in summaries, so a summary alone counts little.
    Keras summaries do not show the activation of a layer.

    Why it matters
    --------------
    Several linear layers in a row can express only what one linear layer can: the depth adds nothing.

    What to do
    ----------
    Put a ReLU between the linear layers.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Network contains Bad Gradients" (activation functions). Schoop, Huang and Hartmann (2021), UMLAUT, CHI:
    missing activation.
    """
    configured = _described(layers_described) or _configured(activation, network)
    if configured is None or (layers is not None and layers < LAYERS):
        return None
    together = not features.memorised and features.apart < KEEPS_UP
    high = symptoms.has("underfitting", "unrepresentative-train") or together
    advice = "put a ReLU (or another non-linear activation) between the linear layers"
    return missing_nonlinearity.hypothesis(
        prior=prior,
        observations=[configured, Likelihoods.HIGH_LEVEL() if high else Likelihoods.LEARNS()],
        message=configured.message,
        advice=advice,
        prescription=Prescription(advice, (Change(names.get("activation", "activation"), activation, "relu"),)),
        settles="log the model summary and look for activations between the linear layers",
    )


def _described(laid: Layout | None) -> Observation | None:
    """What the layers say: that everything they compute together is linear."""
    if laid is None or not laid.hidden or not laid.linear_between:
        return None
    linear = all(unit.dense and unit.activation == "linear" for unit in laid.hidden)
    return Likelihoods.LINEAR_LAYERS(layers=len(laid.units)) if linear and len(laid.units) >= LAYERS else None


def _configured(activation: str | None, network: Model | None) -> Observation | None:
    """What the activation says; only if none is named, what the layers of a summary do."""
    word = str(activation or "").lower()
    if word:
        return Likelihoods.LINEAR(activation=activation) if word in ("linear", "identity", "none") else None
    kinds = [layer.type for layer in network.layers] if network is not None and network.framework == "torch" else []
    only_linear = len(kinds) >= LINEAR_LAYERS and set(kinds) == {"Linear"}
    return Likelihoods.ONLY_LINEAR_LAYERS() if only_linear else None
