"""GR606 saturated-output."""

from __future__ import annotations

from tracker_diag.evidence.saturation import Saturation
from tracker_diag.rules.api import Curve, LikelihoodRatio, Outcome, Prescription, rule


class Likelihoods:
    """What speaks for an output that saturates."""

    EVERY_ERROR_AT_CLIP = LikelihoodRatio(
        110.0,
        "the {side} loss is {cost:.2f} times the share of wrong answers: each costs the most there is, "
        "since the framework clips the logarithm",
    )
    ALL_WRONG_AT_CLIP = LikelihoodRatio(
        110.0,
        "the {side} loss stands at {cost:.6g}, the most that one answer can cost: all are wrong, and given with "
        "certainty",
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
    """Every wrong answer costs the most there is: the output saturates.

    What it measures
    ----------------
    A cross-entropy over the share of wrong answers, at each of the last three evaluations, where at least one answer in
    a hundred is wrong. Frameworks clip the logarithm, so that a wrong answer of which the network is certain costs
    16.12 (Keras; a yes or no 15.94), 87.34 (the smallest number of single precision) or 100 (PyTorch's BCELoss). Where
    the ratio stands there, all answers are given with certainty, right and wrong ones. A loss that itself stands at
    87.34, 16.12 or 15.94 over its last two values needs no accuracy beside it: every answer is wrong.

    Why it matters
    --------------
    Where the output is saturated its gradient is nearly nothing: the network goes on saying what it said, often one
    class for every input.

    What to do
    ----------
    Scale the inputs to unit variance (raw pixels and prices are the usual reason), use the framework's initialisation,
    a lower rate, and a loss from logits, which is not clipped.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Network contains Bad Gradients", "Normalisation/Standardisation". Keras: ``backend.epsilon``; PyTorch:
    ``BCELoss``, which clamps its logarithms at −100.
    """
    if saturation is None:
        return None
    row = Likelihoods.ALL_WRONG_AT_CLIP if saturation.all_wrong else Likelihoods.EVERY_ERROR_AT_CLIP
    text = "scale the inputs to unit variance, lower the rate, and use a loss from logits"
    return saturated_output.hypothesis(
        prior=prior,
        observations=[row(side=saturation.side, cost=saturation.cost)],
        message=f"every wrong answer costs {saturation.cost:.2f}, the most there is: the output is saturated",
        advice=text,
        prescription=Prescription(text),
        settles="log the range of the inputs, and of what the last layer computes before its activation",
        verdict="underfitting",
    )
