"""Inputs on boosted trees: how many examples a leaf holds, and how much of what was learned validation gained too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tracker_diag.evidence.curve import MINIMUM, Curve
from tracker_diag.evidence.registry import rule_input

#: Share of its first value that is left of a training loss which has been learned by heart.
BY_HEART = 0.1
#: Share of its fall at which both losses are compared: late enough to be beyond the first tree, and long before what is
#: learned is noise in any case.
HALF = 0.5
#: Depth from which on a full tree has more leaves than there are examples anywhere.
DEEPEST = 60


@rule_input(
    missing="tree depth, number of leaves or number of training examples not found",
    log="log max_depth or num_leaves, and how many training examples there are",
    evidence="PD",
    unit="examples",
)
def examples_a_leaf(
    n_train: int, max_depth: int | None, num_leaves: int | None, leaf_examples: int | None
) -> float | None:
    """Training examples to a leaf of a tree that is as large as it may be, and the least that a leaf may hold."""
    sizes = [2 ** min(max_depth, DEEPEST)] if max_depth else []
    sizes += [num_leaves] if num_leaves else []
    return max(n_train / min(sizes), leaf_examples or 0) if sizes else None


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """How much of what training gained at first was gained on validation, too.

    Attributes
    ----------
    share : float
        What validation had gained since its first value over what training had, when training had come half of its
        way; below 0 where validation had got worse.
    step : float
        Where that was.
    left : float
        Share of its first value that was left of the training loss at its lowest.
    """

    share: float
    step: float
    left: float


@rule_input(missing="no training loss of trees that memorised the training set, with a validation loss", evidence="C")
def carried_over(train_loss: Curve, val_loss: Curve, traits: frozenset[str]) -> CarriedOver | None:
    """How much of what trees learned at first holds for validation; None where training was not learned by heart."""
    if "boosting" not in traits or not (train_loss.long_enough and val_loss.long_enough):
        return None
    (x, y), (at, beside) = train_loss.finite, val_loss.finite
    lowest = float(y.min())
    if y.size <= MINIMUM or x[0] != at[0] or not 0 <= lowest <= BY_HEART * y[0] or not y[0] > 0:
        return None
    half = int(np.flatnonzero(y <= y[0] - HALF * (y[0] - lowest))[0])
    gained = float(beside[0]) - float(np.interp(x[half], at, beside))
    return CarriedOver(gained / float(y[0] - y[half]), float(x[half]), lowest / float(y[0]))
