"""A score whose uninformed level is known by its name, and that never rises above it."""

from __future__ import annotations

import numpy as np

from tracker_diag.core.numbers import figure, share
from tracker_diag.evidence.baseline import lead
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting
from tracker_diag.rules.curves._words import best, compared, end, named, uninformed

#: Values of a score whose last third shows where it stays, and how near it is then to the uninformed level, as a share
#: of the way to perfect.
VALUES, AT_CHANCE = 8, 0.02


def score_at_chance(
    score_explained: float | None, variance_explained: float | None, minimum_learned: float
) -> Sighting | None:
    """The best score, or the share of the target's variance, has come next to nothing of the way to perfect."""
    most = max((part for part in (score_explained, variance_explained) if part is not None), default=None)
    if most is None or most >= minimum_learned:
        return None
    reached = share(max(most, 0.0))
    return Sighting(
        Severity.ERROR,
        0.85,
        f"best score is {compared(most)} a model that ignores its input ({reached} of the way to a perfect score)"
        if most == score_explained
        else f"best error is {compared(most)} always predicting the mean ({reached} of the variance explained, as R² "
        "shows)",
    )


def never_above_chance(
    val_score: Curve | None, others: tuple[float | None, ...], minimum_learned: float, learned: float
) -> Sighting | None:
    """The validation score never rose above the uninformed level, and training explains little, too."""
    if val_score is None or not val_score.flipped or val_score.finite[1].size < VALUES:
        return None
    nothing, perfect = val_score.metric.baseline, val_score.metric.best
    if nothing is None or perfect is None or any(part is not None and part >= learned for part in others):
        return None
    ahead = lead(val_score.shown(val_score.best), nothing, perfect)
    if ahead >= minimum_learned:
        return None
    return Sighting(
        Severity.WARNING,
        0.8,
        f"best {named(val_score)} {best(val_score)} is {compared(ahead)} "
        f"{uninformed(val_score, nothing)} ({figure(nothing)})",
    )


def back_at_chance(scores: tuple[Curve | None, ...]) -> Sighting | None:
    """A score has come to exactly its uninformed level and stays there, wherever it was before."""
    for score in scores:
        if score is None or not score.flipped or score.finite[1].size < VALUES:
            continue
        nothing, perfect = score.metric.baseline, score.metric.best
        if nothing is None or perfect is None:
            continue
        last = [lead(score.shown(float(v)), nothing, perfect) for v in score.finite[1][-(score.finite[1].size // 3) :]]
        if float(np.abs(last).max()) <= AT_CHANCE:
            return Sighting(
                Severity.ERROR,
                0.85,
                f"{named(score)} went to {end(score)} and stays there, the level of "
                f"{uninformed(score, nothing)} ({figure(nothing)})",
            )
    return None
