"""LC113 inconsistent."""

from __future__ import annotations

from tracker_diag.core.numbers import figure, share
from tracker_diag.evidence.cost_of_errors import CERTAINLY, CLEARLY, CostOfErrors
from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.with_accuracy import WithAccuracy
from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._contradictions import on_floor_of_softmax_twice

#: Classes for which the levels that softmax twice leaves lie far enough apart to be told, where nobody says how many.
FEW_CLASSES = range(3, 13)


@rule(
    "LC113",
    "inconsistent",
    seen_as=(
        "My loss is 0 and the accuracy is at chance",
        "My loss is below 0",
        "The loss is high although nearly all answers are right",
    ),
    verdict=Verdict(
        25,
        "a loss that contradicts its score is computed wrongly, so its level and its course mean nothing",
        dismisses=True,
    ),
)
def inconsistent(
    any_curve: Curve,
    any_train: Curve | None,
    any_val: Curve | None,
    accuracy_beside: tuple[WithAccuracy, ...] | None,
    n_classes: int | None,
    loss_asks: Asked | None,
    cost_of_errors: tuple[CostOfErrors, ...] | None,
    label_smoothing: float | None,
    layers_described: Layout | None,
    *,
    clearly: float = CLEARLY,
    certainly: float = CERTAINLY,
    near: float = 0.03,
    near_without_classes: float = 0.01,
    explained_by_smoothing: float = 0.2,
) -> Outcome:
    """Loss, score and configuration contradict each other.

    What it measures
    ----------------
    The rule checks for three contradictions.

    **A negative cross-entropy.** It cannot be below 0. The rule reports one that falls below −1.

    **A loss that is too low for its wrong predictions.** A model that predicts the wrong class gives the right class a
    probability of at most one half. With a share w of wrong predictions, the loss is therefore at least w · ln 2
    (divided by k for a binary cross-entropy that is averaged over k outputs). For example, a loss of 0 at chance-level
    accuracy means that the labels or the loss are wrong, or that the two come from different data. The contradiction
    must hold at each of the last three evaluations (two, if there are no more), with at least 5% wrong predictions. The
    loss must be known as a plain cross-entropy without class weights, with the accuracy of the same data. If the number
    of classes is unknown, the loss must be below a hundredth of that bound, because the predictions may be sequences
    and the loss that of one word.

    **A loss at the level of softmax applied twice.** Among k classes the right one then gets a probability of at most
    e/(e + k − 1). The loss is at least ln(1 + (k − 1)/e), and higher by the share of wrong predictions, because each of
    them costs 1 more. Accuracy 0.99 with a loss of 1.48 for ten classes is such a case. These conditions must hold:

    - The loss is at that level at each of the last three evaluations, and neither loss was ever lower.
    - The loss is higher than that of any calibrated model of the same accuracy, even with smoothed labels.
    - Three of five predictions are right. Below 95%, a plateau must be shown by an equivalence test over the last
      third of eight values or more, because a network that is still learning is less confident than it is accurate.
    - If the number of classes is unknown, 3 to 12 classes are tried with a smaller tolerance, and nearly all
      predictions must be right.

    Losses that no accuracy can bound are left out: a regression error, a focal loss, a sum of losses, a loss with
    penalties, and a loss with smoothed labels.

    Why it matters
    --------------
    "Make sure input and output match": something is computed wrongly, and nothing raises an error. Conclusions from
    such a curve (a good fit, overfitting) are wrong.

    What to do
    ----------
    Print labels, outputs and loss of one batch, and compute the loss by hand. Check for labels that were scaled or
    cast, for targets outside 0 and 1, for a loss that is divided before it is logged, and for a softmax before a loss
    that applies softmax itself.

    Thresholds
    ----------
    clearly : a loss below this share of the smallest loss that its wrong predictions allow is a warning. Class weights
        that were not logged may halve the loss. For sequences, the loss of one word may be a few tenths of that bound.
    certainly : a loss below this share of it is an error, even if the number of classes is unknown. Neither a division
        by accumulated batches nor a sequence of words makes a loss so small.
    near : how far the loss may be from the level of softmax applied twice, as a share of that level. It allows for
        noise and for predictions that are not yet certain.
    near_without_classes : the same if the number of classes is unknown. Half of the distance between the levels of
        twelve and thirteen classes is 2.2%.
    explained_by_smoothing : label smoothing that the run may have used without logging it. The default is twice the
        usual amount.

    References
    ----------
    Seminar: "Dataset issues" (make sure input and output match), "Become one with the data". Schoop, Huang and Hartmann
    (2021), UMLAUT, CHI. The bounds are proved above; that of a calibrated model is the entropy of its answers (Cover
    and Thomas, Elements of Information Theory, Fano's inequality).
    """
    for curve in (any_train, any_val):
        below = None if curve is None else curve.below_zero
        if curve is not None and below is not None:
            return inconsistent.finding(
                Severity.ERROR,
                0.95,
                f"{curve.name} falls to {figure(below, 4)}, but a cross-entropy cannot be below 0",
                "use targets between 0 and 1, and check whether the loss expects probabilities or logits",
                {"lowest": below, "metric": curve.name},
            )
    if accuracy_beside is None:
        return inconsistent.skip(
            "no split has both a loss and an accuracy", "log both loss and accuracy for the same split each epoch"
        )
    for cost in cost_of_errors or ():
        if cost.share < (clearly if n_classes else certainly):
            return inconsistent.finding(
                Severity.ERROR if cost.share < certainly else Severity.WARNING,
                0.97 if cost.share < certainly else 0.85,
                f"{cost.said} is {figure(cost.loss)} although {share(cost.wrong)} of the {cost.said.partition(' ')[0]} "
                "predictions are wrong; "
                f"with so many wrong predictions, a cross-entropy cannot be below {figure(cost.least)}",
                "compute the loss of one batch by hand; check for labels that were scaled or cast, and for a loss that "
                "is divided before it is logged",
                {"loss": cost.loss, "wrong": cost.wrong, "share_of_least": cost.share},
            )
    if label_smoothing or (layers_described is not None and layers_described.decay):
        return None
    tried = {n_classes: near} if n_classes else dict.fromkeys(FEW_CLASSES, near_without_classes)
    floors = (
        on_floor_of_softmax_twice(accuracy_beside, loss_asks, k, close, explained_by_smoothing, sure=not n_classes)
        for k, close in tried.items()
    )
    found = next((floor for floor in floors if floor is not None), None)
    if found is None:
        return None
    return inconsistent.finding(
        Severity.WARNING,
        0.9,
        f"{found.said} levels off at {figure(found.loss)} although {share(found.accuracy)} of the predictions "
        f"are right; a calibrated model with this accuracy has a loss of at most {figure(found.allowed, 2)}; softmax "
        f"is probably applied twice, as the loss then cannot fall below {figure(found.floor)}",
        "remove the softmax from the network, or tell the loss that it receives probabilities",
        {"loss": found.loss, "accuracy": found.accuracy, "allowed": found.allowed, "floor": found.floor},
    )
