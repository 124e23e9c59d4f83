"""Losses that have not moved since their second value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracker_diag.evidence.guess import Beside, costs_as_much_as_guessing
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._pace import has_downward_trend
from tracker_diag.rules.curves._underfitting.early_rest import FALLS_ON, STAYING
from tracker_diag.rules.curves._underfitting.sighting import ADVICE, Sighting
from tracker_diag.rules.curves._words import end

#: Values after the first that must all stand.
VALUES = 10
#: Distance of training from validation, as a share of it, that penalties and other examples bring about.
APART = 0.25
#: Share of its first value by which a score that is no accuracy may get better and still be no better.
BETTER = 0.05


def standing_loss(
    train: Curve, val: Curve | None, scores: Sequence[Beside], n_updates: int | None, few_updates: int, rest: float
) -> Sighting | None:
    """After one fall no loss has moved: a bias is learned that quickly, and learning from the input takes longer.

    Both are at one level, because a constant prediction costs the same in training and validation. Neither falls, not
    even a little. The scores, if there are any, are no better than at first, or those of a constant prediction.
    """
    if n_updates is not None and n_updates > few_updates * train.y.size:
        # So much may be learned of the input before the second value.
        return None
    if not all(_stands(c, rest) for c in (train, val) if c is not None):
        return None
    if not all(
        costs_as_much_as_guessing(loss, score) if score.accuracy else _no_better(score) for loss, score in scores
    ):
        return None
    if val is not None and abs(train.tail - val.tail) > APART * abs(val.tail):
        return None
    curves = (train,) if val is None else (train, val)
    stuck = " and ".join(f"{end(c)} in {c.side}" for c in curves)
    return Sighting(
        Severity.WARNING,
        0.6,
        f"loss stuck since the second value at {stuck}, as with a constant prediction: nothing shows that the model "
        "uses its input",
        "compare the loss with that of always predicting the mean or the class frequencies; if they are equal, "
        f"{ADVICE}",
    )


def _stands(loss: Curve, rest: float) -> bool:
    # As logged: a block of a long curve hides its first fall.
    x, y = (values[1:] for values in loss.finite)
    if y.size < VALUES:
        return False
    middle = float(np.median(y))
    if np.mean(np.abs(y - middle) <= rest * abs(middle)) < STAYING:
        return False
    return not has_downward_trend(x, y, FALLS_ON)


def _no_better(score: Curve) -> bool:
    return score.long_enough and score.start - score.best <= BETTER * abs(score.start)
