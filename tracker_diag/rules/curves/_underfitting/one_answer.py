"""An accuracy that takes two values which add up to 1: every example gets the one class, or every one the other."""

from __future__ import annotations

import numpy as np

from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting

#: Values of an accuracy that show it, how near to 1 their sum must be, and digits to which they are told apart.
VALUES, ROUNDING, DIGITS = 6, 1e-3, 4


def one_answer(scores: tuple[Curve | None, ...]) -> Sighting | None:
    """Between two classes all examples get one answer, which changes from time to time."""
    for score in scores:
        if score is None or not score.accuracy or score.finite[1].size < VALUES:
            continue
        rights = np.unique(np.round([score.share(float(value)) for value in score.finite[1]], DIGITS))
        if rights.size == len(("one", "other")) and abs(float(rights.sum()) - 1) <= ROUNDING:
            return Sighting(
                Severity.ERROR,
                0.9,
                f"{score.said} is {rights[0]:.4g} or {rights[1]:.4g} at each evaluation, which add up to 1: all "
                "examples get one answer, now the one, now the other",
            )
    return None
