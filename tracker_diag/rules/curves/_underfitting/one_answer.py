"""An accuracy with only two values, which add up to 1: all examples get the one class, or all get the other."""

from __future__ import annotations

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting
from tracker_diag.rules.curves._words import named

#: How near to 1 the sum of both must be, and digits to which values are told apart; changes from the one to the other,
#: since an accuracy may rise once from a third to two.
ROUNDING, DIGITS, SWITCHES = 1e-3, 4, 3


def one_answer(scores: tuple[Curve | None, ...]) -> Sighting | None:
    """One of two classes is predicted for all examples, and which one changes from time to time."""
    for score in scores:
        if score is None or not score.accuracy:
            continue
        values = np.round([score.share(float(value)) for value in score.finite[1]], DIGITS)
        rights = np.unique(values)
        both = rights.size == len(("one", "other")) and rights[0] > 0 and abs(float(rights.sum()) - 1) <= ROUNDING
        if both and int((np.diff(values) != 0).sum()) >= SWITCHES:
            low, high = (figure(float(right) * score.whole, 4) for right in rights)
            return Sighting(
                Severity.ERROR,
                0.9,
                f"{named(score)} is always either {low} or {high}, which add up to {score.whole:g}: the model predicts "
                "one class for all examples, and which one changes",
            )
    return None
