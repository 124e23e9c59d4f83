"""OP407 weights-do-not-move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.evidence.identical import Identical
from tracker_diag.evidence.saturation import Saturation
from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Curve,
    LayerSignals,
    LikelihoodRatio,
    Model,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    rule,
)
from tracker_diag.rules.framework import KERAS, TORCH, framework

#: Values that must be the same from the first on: two may be one model that was evaluated twice.
SEVERAL = 3
#: What to check if no layer is known to be frozen, by the framework.
CHECKS = {
    KERAS: "check that the layers are trainable, that `compile` comes after any change of `trainable`, and that a "
    "`train_step` of your own applies the gradients",
    TORCH: "check that the optimiser has this model's parameters, that its step is called, and that nothing detaches "
    "the "
    "loss from them (detach, no_grad, NumPy)",
    "": "check that the optimiser has this model's parameters, that its step is called, and that nothing cuts the "
    "gradient between the loss and them",
}
#: Logged steps at which a layer must not have moved.
LOOKS = 2


class Likelihoods:
    """What speaks for weights that do not move, and against it."""

    NO_STEP = LikelihoodRatio(
        5000.0, "no layer's weights changed at any of the {looks} logged steps (layers logged: {count})", "data"
    )
    SOME_DO_NOT_STEP = LikelihoodRatio(
        1000.0,
        "the weights of layer {layer} do not change although they have a gradient ({stuck} of {count} layers)",
        "data",
    )
    ALL_STEP = LikelihoodRatio(0.01, "the weights of all layers changed at the logged steps", "data")
    ALL_LAYERS_FROZEN = LikelihoodRatio(3000.0, "every layer with weights is frozen ({count} in all)", "data")
    NEVER_MOVED = LikelihoodRatio(100.0, "{said} kept exactly the same value over {values} evaluations")
    SATURATED = LikelihoodRatio(0.05, "the output is saturated, which leaves no gradient")
    MOVES = LikelihoodRatio(0.001, "{changes_or_too_short}, so layers may have been frozen after the training")


@rule(
    "OP407",
    "weights-do-not-move",
    seen_as=("My loss does not change at all", "My loss is flat from the start"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def weights_do_not_move(
    any_curve: Curve | None,
    layer_figures: LayerSignals | None,
    symptoms: Symptoms,
    layers_described: Layout | None,
    identical: Identical | None,
    saturation: Saturation | None,
    network: Model | None,
    flat_params: Mapping[str, Any],
    *,
    prior: float = 0.03,
) -> Outcome:
    """No weight of the network is trained.

    What it measures
    ----------------
    Each of three things can show it:

    - The description of the network says that every layer with weights is frozen, embeddings and normalisation included
      (Keras's ``trainable=False``, the last column of torchinfo's table). This counts only together with a frozen or
      flat curve, since layers may have been frozen after the training, for the next one.
    - All losses and scores keep their first values for three evaluations or more. With dead units or vanishing
      gradients, the loss changes a little first. A saturated output is another possible reason. A loss that changed
      before it became constant does not count, nor does a constant score beside a loss that changes.
    - A callback logged that layers with a gradient did not change in a step.

    Why it matters
    --------------
    Nothing is learned, and nothing complains: each epoch computes the same loss again.

    What to do
    ----------
    Freeze only the layers of the pretrained part, and compile after that; the head has to be trained. If no layer is
    frozen, check that the optimiser has the parameters of this network and that its ``step`` is called. Check also that
    nothing between the weights and the loss detaches the gradient (``detach``, ``no_grad``, NumPy).

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Network contains Bad Gradients" (the training error does not change from epoch to epoch). Keras's guide:
    Transfer learning and fine-tuning.
    """
    observations: list[Observation] = []
    message = ""
    text = CHECKS.get(framework(network, flat_params), CHECKS[""])
    steps = _steps(layer_figures)
    if any_curve is None and steps is None:
        return weights_do_not_move.skip("no loss and no score", "log the training loss each epoch")
    if steps is not None and steps.ratio > 1:
        observations.append(steps)
        message = steps.message
    never_moved = identical is not None and identical.values >= SEVERAL and symptoms.has("frozen")
    if identical is not None and never_moved:
        constant = Likelihoods.NEVER_MOVED(said=identical.said, values=identical.values)
        observations.append(constant)
        message = constant.message
        observations += [steps] if steps is not None and steps.ratio < 1 else []
        if saturation is not None:
            observations.append(Likelihoods.SATURATED())
    if layers_described is not None and layers_described.frozen and not layers_described.trained:
        frozen = Likelihoods.ALL_LAYERS_FROZEN(count=len(layers_described.units))
        observations.append(frozen)
        message = frozen.message
        text = "unfreeze the head: freeze only the layers of a pretrained part, before the network is compiled"
        if not symptoms.has("frozen", "underfitting"):
            observations.append(Likelihoods.MOVES(changes_or_too_short=_changes(any_curve)))
    if not observations:
        return None
    return weights_do_not_move.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=text,
        prescription=Prescription(text),
        settles="log the norm of the weights after each epoch: it must change",
    )


def _changes(curve: Curve | None) -> str:
    if curve is not None and len(set(curve.finite[1])) > 1:
        return f"the {curve.said} changes during the run"
    return "the curve is too short to tell whether the loss changes"


def _steps(layers: LayerSignals | None) -> Observation | None:
    """What the logged steps say: whether layers with a gradient changed."""
    if layers is None:
        return None
    ratios = {name: series.values for name, series in layers.update_ratios.items() if len(series) >= LOOKS}
    if not ratios:
        return None
    stuck = [name for name, values in ratios.items() if not values.any()]
    if len(stuck) == len(ratios):
        return Likelihoods.NO_STEP(count=len(ratios), looks=max(v.size for v in ratios.values()))
    pushed = [
        name for name in stuck if name in layers.gradient_norms and (layers.gradient_norms[name].values > 0).all()
    ]
    if pushed:
        return Likelihoods.SOME_DO_NOT_STEP(layer=pushed[0], stuck=len(pushed), count=len(ratios))
    return None if stuck else Likelihoods.ALL_STEP()
