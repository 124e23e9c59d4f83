"""Accuracies that do not move."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.guess import BOTH, Beside, costs_as_much_as_guessing
from tracker_diag.rules.curves._underfitting.sighting import Sighting

#: Share of itself by which a score may move and still stand, where little is known to have been learned anyway;
#: elsewhere it must not move at all.
STILL = 0.01
#: Part of the run, as one over it (a fifth), in which the score may still find its place.
FIRST = 5


def standing_accuracy(scores: Sequence[Beside], baseline_is_known: bool) -> Sighting | None:
    """Both scores stand still: at the share of the largest class, where classes are uneven.

    Where the level is not known, the losses beside must be as large as such guesses cost.
    """
    stand = len(scores) == BOTH and all(_stands(score, STILL if baseline_is_known else 0.0) for _, score in scores)
    if not stand or not (baseline_is_known or all(costs_as_much_as_guessing(*pair) for pair in scores)):
        return None
    return Sighting(Severity.ERROR, 0.8, "the accuracies stand still, as those of a constant prediction do")


def _stands(score: Curve, share: float) -> bool:
    """Whether a score has not moved by more than a share of itself since the first fifth of the run."""
    if not score.flipped or not score.long_enough:
        return False
    later = score.y[score.y.size // FIRST :]
    return float(np.ptp(later)) <= share * abs(score.tail)
