"""A cross-entropy beside the least that its wrong answers cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.registry import rule_input
from tracker_diag.evidence.saturation import Saturation
from tracker_diag.evidence.with_accuracy import WithAccuracy
from tracker_diag.roles.words import read

#: Evaluations over which it is compared; two, where there are no more.
EVALUATIONS, FEWEST = 3, 2
#: Share of wrong answers below which rounding and running means decide.
WRONG = 0.05
#: Share of the least that wrong answers cost below which a loss contradicts them where the number of classes is known,
#: and below which it does so even where it is not.
CLEARLY, CERTAINLY = 0.1, 0.01
_BINARY = frozenset({"binary", "bce"})


@dataclass(frozen=True, slots=True)
class CostOfErrors:
    """A plain cross-entropy, and what its wrong answers cost at least.

    Attributes
    ----------
    said : str
        Which loss: "training loss".
    loss, wrong : float
        At the last evaluation, in the loss's own unit; the share of wrong answers there.
    least : float
        What these cost at least, in the same unit: a model that chooses the wrong class gives the right one at most
        half.
    share : float
        The highest of loss over least at the last evaluations; below 1 is impossible.
    """

    said: str
    loss: float
    wrong: float
    least: float
    share: float


@rule_input(
    missing="no cross-entropy and accuracy of the same data found",
    log="log both loss and accuracy for the same split each epoch",
    evidence="CPM",
)
def cost_of_errors(
    accuracy_beside: tuple[WithAccuracy, ...],
    n_classes: int | None,
    loss_function: str | None,
    loss_asks: Asked | None,
    class_weight: object | None,
    saturation: Saturation | None,
) -> tuple[CostOfErrors, ...] | None:
    """Each plain cross-entropy, training's first, beside what its wrong answers cost at least.

    None where classes are weighted, where hardly an answer is wrong, and where the outputs over which a binary
    cross-entropy is averaged are not known.
    """
    if class_weight:
        return None
    found = []
    for pair in _where_known(accuracy_beside, loss_asks, saturation):
        losses, wrong = pair.losses[-EVALUATIONS:], pair.wrong[-EVALUATIONS:]
        if losses.size < FEWEST or float(wrong.min()) < WRONG or float(losses.min()) < 0:
            continue
        binary = loss_function == "binary_cross_entropy" or (loss_asks is not None and loss_asks.kind == "yes or no")
        outputs = n_classes if binary or read(pair.loss.name).words & _BINARY else 1
        if not outputs:
            continue
        nats = math.log(2) if pair.loss.metric.unit == "bits" else 1.0
        least = wrong * math.log(2) / outputs / nats
        share = float((losses / least).max())
        found.append(CostOfErrors(pair.loss.said, float(losses[-1]), float(wrong[-1]), float(least[-1]), share))
    return tuple(found) or None


def _where_known(
    pairs: Sequence[WithAccuracy], asks: Asked | None, saturation: Saturation | None
) -> Iterator[WithAccuracy]:
    """Those whose loss is known to be a plain cross-entropy: by its name, its function, or the clip that one shows."""
    if asks is not None and asks.kind not in ("classes", "yes or no"):
        return
    for pair in pairs:
        known = asks is not None or (saturation is not None and pair.loss.metric.of_classes)
        if pair.loss.metric.plain_cross_entropy or (known and pair.loss.metric.of_classes):
            yield pair
