"""Whether the answers of a network that learned nothing depend on what it sees."""

from __future__ import annotations

import numpy as np

from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input

#: Values of an accuracy from which on their number says something, digits to which they are compared.
SEVERAL, DIGITS = 8, 6
#: Different values up to which one answer is given to all (each is the share of one class), and share of the values
#: from which on they differ too much for that.
FEW, MANY = 4, 0.4


@rule_input(
    missing="no validation accuracy found",
    log="log the validation accuracy each epoch, e.g. as val_accuracy",
    evidence="C",
)
def answers_vary(val_score: Curve) -> bool | None:
    """Whether validation's answers change from one evaluation to the next, or all get one class.

    Where every example gets the same class, the accuracy is the share of that class: it takes as few values as there
    are classes that were ever answered. One class for all is up to four different values; answers that change are five
    or more, and 40% of all values. None where that cannot be told: with fewer than eight values, and in between.
    """
    if not val_score.accuracy or val_score.metric.kind != "accuracy":
        return None
    values = val_score.finite[1]
    if values.size < SEVERAL:
        return None
    different = np.unique(np.round(values / val_score.whole, DIGITS)).size
    if different <= FEW:
        return False
    return True if different >= max(FEW + 1, MANY * values.size) else None
