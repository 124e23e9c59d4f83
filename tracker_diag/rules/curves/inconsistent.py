"""LC113 inconsistent."""

from __future__ import annotations

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
        "a loss that contradicts its score is not the loss that was meant, so its level and its course say nothing",
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
    - Whether a cross-entropy, which cannot be below 0, falls below -1.
    - Whether it is lower than the wrong answers beside it cost. A model that chooses the wrong class gives the right
      one at most half, so that a share w of wrong answers costs at least w · ln 2 (over k for a binary cross-entropy,
      which is averaged over k outputs). A loss of 0 at the accuracy of guessing is such a contradiction: labels or
      loss are not those that were meant, or the two are not of the same data. It must hold at each of the last three
      evaluations (of two, where there are no more), with 5 % wrong answers or more, for a loss that is known to be a
      plain cross-entropy, without weights of classes, and the accuracy of the same data. Where the number of classes is
      unknown, only a hundredth of that cost speaks: answers may be sequences, and the loss that of one word.
    - Whether it rests, at each of the last three evaluations, on what softmax twice leaves: of k classes the right one
      is given at most e/(e + k − 1), so that the loss is at least ln(1 + (k − 1)/e), and more by the share of wrong
      answers, since each costs 1 more. Where the number of classes is unknown, 3 to 12 are tried, closer, and nearly
      all answers must be right. Accuracy .99 beside a loss of 1.48 for ten classes is such a case. It must be
      more than any calibrated model of that accuracy loses, the labels smoothed; and neither loss was ever lower. Three
      of five answers must be right, and below 95 % rest must be shown, by an equivalence test over the last third of
      eight values or more: a network that is still learning is less sure of its answers than it is right.

    An accuracy beside an error of numbers says nothing of it. A focal loss, a sum of losses, penalties that are part
    of the loss and smoothed labels are left out.

    Why it matters
    --------------
    "Make sure input and output match": something computes the wrong thing, and nothing complains. What is read off
    such a curve (that it fits, that it overfits) is not so.

    What to do
    ----------
    Print labels, outputs and loss of one batch and compute the loss by hand. Look for labels that were scaled or cast,
    targets outside 0 and 1, a loss that is divided before it is logged, and softmax before a loss that applies it
    itself.

    Thresholds
    ----------
    clearly : share of the least that its wrong answers cost below which a loss is a warning. Weights of classes that
        nobody logged may halve it; of answers that are sequences, the loss of one word may be a few tenths of it.
    certainly : share below which it is an error, and speaks without the number of classes. No division of the loss by
        accumulated batches, and no sequence of words, makes it so small.
    near : share of the level that softmax twice leaves by which the loss may lie off it: noise and answers that are
        not yet certain.
    near_without_classes : the same where the number of classes is unknown: half of the distance between the levels of
        twelve and thirteen classes is 2.2 %.
    explained_by_smoothing : share of the labels that smoothing may have spread over the classes, unlogged: twice what
        is usual.

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
                f"{curve.name} is a cross-entropy, which cannot be below 0, and it falls to {below:.4g}",
                "give it targets between 0 and 1, and outputs that are probabilities or logits, as it asks for",
                {"lowest": below, "metric": curve.name},
            )
    if accuracy_beside is None:
        return inconsistent.skip("no accuracy of the same data beside a loss", "log loss and accuracy of the same data")
    for cost in cost_of_errors or ():
        if cost.share < (clearly if n_classes else certainly):
            return inconsistent.finding(
                Severity.ERROR if cost.share < certainly else Severity.WARNING,
                0.97 if cost.share < certainly else 0.85,
                f"{cost.said} is {cost.loss:.3g} where {cost.wrong:.0%} of the answers are wrong: those alone cost "
                f"{cost.least:.3g} at least",
                "compute the loss of one batch by hand: labels that were scaled or cast, or a loss that is divided",
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
        f"{found.said} rests at {found.loss:.3g} where {found.accuracy:.0%} of the answers are right; a network that "
        f"is as sure as it is right would be at {found.allowed:.2g} or below, one with softmax twice at "
        f"{found.floor:.3g} or above",
        "take the softmax out of the network, or tell the loss that it gets probabilities",
        {"loss": found.loss, "accuracy": found.accuracy, "allowed": found.allowed, "floor": found.floor},
    )
