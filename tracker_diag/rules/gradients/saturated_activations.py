"""GR604 saturated-activations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.roles.activations import SATURATING
from tracker_diag.rules.api import Change, LayerSignals, LikelihoodRatio, Outcome, Prescription, Symptoms, middle, rule


class Likelihoods:
    """What speaks for units that are saturated, and against them."""

    MOST = LikelihoodRatio(3000.0, "{part:share} of the activations that go into layer {layer} are saturated", "data")
    MANY = LikelihoodRatio(30.0, "{part:share} of the activations that go into layer {layer} are saturated", "data")
    LEARNED = LikelihoodRatio(0.005, "the run still reached a good fit")


@rule(
    "GR604",
    "saturated-activations",
    seen_as=("My loss is flat from the start", "My loss falls, but very slowly"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def saturated_activations(
    layer_figures: LayerSignals,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    activation: str | None,
    *,
    prior: float = 0.03,
    most: float = 0.8,
    many: float = 0.5,
) -> Outcome:
    """Activations are saturated: units lie at the flat ends of their activation function.

    What it measures
    ----------------
    The share of a layer's inputs that lie within 0.02 of the ends of a tanh or sigmoid (−1 and 1, or 0 and 1): the
    median over the batches that a callback logged, for the worst layer. Gates of recurrent cells are left out, since
    they are open or shut on purpose.

    Why it matters
    --------------
    At their flat ends, a sigmoid has a slope below 0.02 and a tanh a slope below 0.04. Two such layers pass back about
    a thousandth of the gradient. The units always give the same answer, whatever the input.

    What to do
    ----------
    Scale the inputs, use Xavier initialisation with zero biases, and normalise the layer. Or use an activation that
    does not saturate.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    most : with this share of saturated activations or more, hardly any gradient passes back through the layer.
    many : with this share or more, saturation slows learning down.

    References
    ----------
    Seminar: "Network contains Bad Gradients". Glorot and Bengio (2010), AISTATS, §3: saturation of sigmoids and tanh.
    """
    shares = {name: middle(series.values) for name, series in layer_figures.saturated.items()}
    known = {name: share for name, share in shares.items() if share is not None}
    if not known:
        return saturated_activations.skip(
            "no share of saturated units is logged", "train with a callback from tracker_diag.probes"
        )
    layer = max(known, key=known.__getitem__)
    if known[layer] < many:
        return None
    row = Likelihoods.MOST if known[layer] >= most else Likelihoods.MANY
    observations = [row(part=known[layer], layer=layer)]
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    text = "scale the inputs, use Xavier initialisation with zero biases, and normalise before the activation"
    replaced = str(activation or "").lower() in SATURATING and not params.get("pretrained")
    changes = (Change(names.get("activation", "activation"), activation, "relu"),) if replaced else ()
    return saturated_activations.hypothesis(
        prior=prior,
        observations=observations,
        message=observations[0].message,
        advice=text + (", or use relu" if changes else ""),
        prescription=Prescription(text, changes),
        settles="log the mean and standard deviation of each layer's output before its activation",
    )
