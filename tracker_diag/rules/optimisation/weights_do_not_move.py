"""OP407 weights-do-not-move."""

from __future__ import annotations

from tracker_diag.evidence.identical import Identical
from tracker_diag.evidence.saturation import Saturation
from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Curve,
    LayerSignals,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    rule,
)

#: Values that must be the same from the first on: two may be one model that was evaluated twice.
SEVERAL = 3
#: Looks at steps that a layer must not have moved at.
LOOKS = 2


class Likelihoods:
    """What speaks for weights that do not move, and against it."""

    NO_STEP = LikelihoodRatio(5000.0, "none of {count} layers moved at any of the {looks} steps looked at", "data")
    SOME_DO_NOT_STEP = LikelihoodRatio(
        1000.0, "{layer} has a gradient but does not move ({stuck} of {count} layers)", "data"
    )
    ALL_STEP = LikelihoodRatio(0.01, "all layers moved at the steps looked at", "data")
    ALL_LAYERS_FROZEN = LikelihoodRatio(3000.0, "no layer is trained ({count} with weights, all frozen)", "data")
    NEVER_MOVED = LikelihoodRatio(
        100.0, "{said}: to the last digit the value with which it began, at all of {values} values"
    )
    SATURATED = LikelihoodRatio(0.05, "the output is saturated, which leaves no gradient")
    MOVES = LikelihoodRatio(0.001, "the loss does change, or is too short to tell")


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
    *,
    prior: float = 0.03,
) -> Outcome:
    """No weight of the network is trained.

    What it measures
    ----------------
    Whether the description of the network says of every layer with weights, embeddings and normalisations included,
    that it is frozen (Keras's ``trainable=False``, the last column of torchinfo's table), and a frozen or a flat curve
    was found: layers may be frozen after the training, for the next one.

    And whether a frozen run has, at three evaluations or more, the losses and scores with which it began: units that
    die and gradients that vanish move something first. A saturated output is another reason. A loss that moved and then
    stood, and a score that stands beside a loss that moves, are not meant.

    Where a callback looked at steps, whether layers that have a gradient moved at all.

    Why it matters
    --------------
    Nothing is learned, and nothing complains: each epoch computes the same loss again.

    What to do
    ----------
    Freeze the layers of the pretrained part alone, and compile after that; the head has to be trained. Where none is
    frozen, see that the optimiser was given the parameters of this network and that its step is called, and that
    nothing between the weights and the loss detaches the gradient (``detach``, ``no_grad``, NumPy).

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Network contains Bad Gradients" (the training error does not change from epoch to epoch). Keras's guide:
    Transfer learning and fine-tuning.
    """
    observations: list[Observation] = []
    message = ""
    text = (
        "check that the optimiser was given these parameters and that its step is called, and that nothing detaches "
        "the loss from them; the gradient norm of the first step tells"
    )
    steps = _steps(layer_figures)
    if any_curve is None and steps is None:
        return weights_do_not_move.skip("no loss and no score", "log the training loss each epoch")
    if steps is not None and steps.ratio > 1:
        observations.append(steps)
        message = steps.text
    never_moved = identical is not None and identical.values >= SEVERAL and symptoms.has("frozen")
    if identical is not None and never_moved:
        observations.append(Likelihoods.NEVER_MOVED(said=identical.said, values=identical.values))
        message = f"no weight moves: {identical.said} never left the value with which it began"
        observations += [steps] if steps is not None and steps.ratio < 1 else []
        if saturation is not None:
            observations.append(Likelihoods.SATURATED())
    if layers_described is not None and layers_described.frozen and not layers_described.trained:
        count = len(layers_described.units)
        observations.append(Likelihoods.ALL_LAYERS_FROZEN(count=count))
        message = f"no layer is trained ({count} with weights, all frozen)"
        text = "train the layers of the head: freeze only those of a pretrained part, before the network is compiled"
        if not symptoms.has("frozen", "underfitting"):
            observations.append(Likelihoods.MOVES())
    if not observations:
        return None
    return weights_do_not_move.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=text,
        prescription=Prescription(text),
        settles="log the gradient norm, and the norm of the weights",
    )


def _steps(layers: LayerSignals | None) -> Observation | None:
    """What the steps say that were looked at: whether layers with a gradient moved."""
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
