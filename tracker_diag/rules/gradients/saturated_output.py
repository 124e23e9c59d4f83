"""GR606 saturated-output."""

from __future__ import annotations

from tracker_diag.evidence.saturation import Saturation
from tracker_diag.rules.api import Curve, LikelihoodRatio, Outcome, Prescription, rule


class Likelihoods:
    """What speaks for an output that saturates."""

    EVERY_ERROR_AT_CLIP = LikelihoodRatio(
        110.0,
        "the {side} loss is {cost:.2f} per wrong prediction, the highest that the framework's clipped logarithm allows",
    )
    ALL_WRONG_AT_CLIP = LikelihoodRatio(
        110.0,
        "the {side} loss is stuck at {cost:.6g}, the highest for one prediction: all predictions are wrong, and the "
        "network "
        "is certain of them",
    )


@rule(
    "GR606",
    "saturated-output",
    seen_as=("Accuracy is stuck at chance", "My first loss is far too high", "The network always says the same class"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def saturated_output(
    any_curve: Curve,
    saturation: Saturation | None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """The output is saturated: every wrong prediction has the highest loss that the framework allows.

    What it measures
    ----------------
    The rule divides a cross-entropy by the share of wrong predictions, at each of the last three evaluations, if at
    least 1% of the predictions are wrong. Frameworks clip the logarithm. A wrong prediction of which the network is
    certain therefore has a loss of 16.12 (Keras; 15.94 for yes/no), 87.34 (the smallest number of single precision) or
    100 (PyTorch's BCELoss). If the ratio has one of these values, the network is certain of all its predictions, right
    and wrong ones. If the loss itself is stuck at 87.34, 16.12 or 15.94 over its last two values, no accuracy is
    needed: every prediction is wrong.

    Why it matters
    --------------
    A saturated output has almost no gradient. The network keeps giving the same answers, often one class for every
    input.

    What to do
    ----------
    Scale the inputs to unit variance (raw pixels and prices are the usual cause). Use the framework's initialisation, a
    lower learning rate, and a loss that takes logits, which is not clipped.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Network contains Bad Gradients", "Normalisation/Standardisation". Keras: ``backend.epsilon``; PyTorch:
    ``BCELoss``, which clamps its logarithms at −100.
    """
    if saturation is None:
        return None
    row = Likelihoods.ALL_WRONG_AT_CLIP if saturation.all_wrong else Likelihoods.EVERY_ERROR_AT_CLIP
    text = "scale the inputs to unit variance, lower the learning rate, and use a loss that takes logits"
    return saturated_output.hypothesis(
        prior=prior,
        observations=[row(side=saturation.side, cost=saturation.cost)],
        message=f"loss is {saturation.cost:.2f} per wrong prediction, the most that the framework's clipped logarithm "
        "allows: the output is saturated",
        advice=text,
        prescription=Prescription(text),
        settles="log the range of the inputs, and of the last layer's output before its activation",
        verdict="underfitting",
    )
