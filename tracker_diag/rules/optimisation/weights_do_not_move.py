"""OP407 weights-do-not-move."""

from __future__ import annotations

from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import Curve, LikelihoodRatio, Outcome, Prescription, Symptoms, rule


class Likelihoods:
    """What speaks for weights that do not move, and against it."""

    ALL_LAYERS_FROZEN = LikelihoodRatio(3000.0, "no layer is trained ({count} with weights, all frozen)", "data")
    MOVES = LikelihoodRatio(0.001, "the loss does change, or is too short to tell")


@rule(
    "OP407",
    "weights-do-not-move",
    seen_as=("My loss does not change at all", "My loss is flat from the start"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def weights_do_not_move(
    any_curve: Curve, symptoms: Symptoms, layers_described: Layout, *, prior: float = 0.03
) -> Outcome:
    """No weight of the network is trained.

    What it measures
    ----------------
    Whether the description of the network says of every layer with weights, embeddings and normalisations included,
    that it is frozen (Keras's ``trainable=False``, the last column of torchinfo's table), and a frozen or a flat curve
    was found: layers may be frozen after the training, for the next one.

    Why it matters
    --------------
    Nothing is learned, and nothing complains: each epoch computes the same loss again.

    What to do
    ----------
    Freeze the layers of the pretrained part alone, and compile after that; the head has to be trained.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Network contains Bad Gradients" (the training error does not change from epoch to epoch). Keras's guide:
    Transfer learning and fine-tuning.
    """
    units = layers_described.units
    if layers_described.trained or not layers_described.frozen:
        return None
    observations = [Likelihoods.ALL_LAYERS_FROZEN(count=len(units))]
    if not symptoms.has("frozen", "underfitting"):
        observations.append(Likelihoods.MOVES())
    text = "train the layers of the head: freeze only those of a pretrained part, before the network is compiled"
    return weights_do_not_move.hypothesis(
        prior=prior,
        observations=observations,
        message=f"no layer is trained ({len(units)} with weights, all frozen)",
        advice=text,
        prescription=Prescription(text),
    )
