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

#: Linear layers in a summary that lists nothing else which make a row: one or two are a small model of any kind.
LINEAR_LAYERS = 3
#: Layers of the smallest network that has something between them.
LAYERS = 2


class Likelihoods:
    """What speaks for linear layers in a row, and against them."""

    LINEAR = LikelihoodRatio(60.0, "the activation is {activation}", "params")
    ONLY_LINEAR_LAYERS = LikelihoodRatio(3.0, "the model summary lists linear layers and nothing else", "params")
    LINEAR_LAYERS = LikelihoodRatio(60.0, "{layers} layers stand in a row with no activation between them", "params")
    HIGH_LEVEL = LikelihoodRatio(3.0, "training and validation rest together at a high level")
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
    """Linear layers in a row.

    What it measures
    ----------------
    Hidden layers that are all dense and, by the description of the network, linear; an activation configured as none or
    linear; or a summary of PyTorch that lists three or more linear layers and nothing else. Functional activations and
    adapters do not show in summaries, so a summary alone weighs little; Keras's show no activations at all.

    Why it matters
    --------------
    Linear layers in a row are one linear layer: depth adds nothing that the network could express.

    What to do
    ----------
    Put a ReLU between them.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

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
    advice = "put a ReLU (or another non-linear activation) between linear layers"
    return missing_nonlinearity.hypothesis(
        prior=prior,
        observations=[configured, Likelihoods.HIGH_LEVEL() if high else Likelihoods.LEARNS()],
        message="linear layers in a row",
        advice=advice,
        prescription=Prescription(advice, (Change(names.get("activation", "activation"), activation, "relu"),)),
        settles="log the model summary",
    )


def _described(laid: Layout | None) -> Observation | None:
    """What the layers say: that whatever they compute together is linear."""
    if laid is None or not laid.hidden or not laid.linear_between:
        return None
    linear = all(unit.dense and unit.activation == "linear" for unit in laid.hidden)
    return Likelihoods.LINEAR_LAYERS(layers=len(laid.units)) if linear and len(laid.units) >= LAYERS else None


def _configured(activation: str | None, network: Model | None) -> Observation | None:
    """What the activation says; only where none is named, what the layers of a summary do."""
    word = str(activation or "").lower()
    if word:
        return Likelihoods.LINEAR(activation=activation) if word in ("linear", "identity", "none") else None
    kinds = [layer.type for layer in network.layers] if network is not None and network.framework == "torch" else []
    only_linear = len(kinds) >= LINEAR_LAYERS and set(kinds) == {"Linear"}
    return Likelihoods.ONLY_LINEAR_LAYERS() if only_linear else None
