"""A score that says by its name what knowing nothing is, and never rises above that."""

from __future__ import annotations

import numpy as np

from tracker_diag.evidence.baseline import lead
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting

#: Values of a score whose last third shows where it stays, and how near it is then to what knowing nothing gives, as a
#: share of the way to perfect.
VALUES, AT_CHANCE = 8, 0.02


def score_at_chance(
    score_explained: float | None, variance_explained: float | None, minimum_learned: float
) -> Sighting | None:
    """The best score, or the share of the target's variance, has come next to nothing of the way to perfect."""
    most = max((share for share in (score_explained, variance_explained) if share is not None), default=None)
    if most is None or most >= minimum_learned:
        return None
    what = "the scores have" if most == score_explained else "the error, by the variance that R² shows, has"
    return Sighting(
        Severity.ERROR,
        0.85,
        f"at best {what} come {max(most, 0):.0%} of the way from a model that ignores its input to a perfect one",
    )


def never_above_chance(
    val_score: Curve | None, others: tuple[float | None, ...], minimum_learned: float, learned: float
) -> Sighting | None:
    """The validation score never rose above what knowing nothing gives, and training explains little, too."""
    if val_score is None or not val_score.flipped or val_score.finite[1].size < VALUES:
        return None
    nothing, perfect = val_score.metric.baseline, val_score.metric.best
    if nothing is None or perfect is None or any(share is not None and share >= learned for share in others):
        return None
    best = val_score.shown(val_score.best)
    if lead(best, nothing, perfect) >= minimum_learned:
        return None
    return Sighting(
        Severity.WARNING,
        0.8,
        f"{val_score.said} is {best:.3g} at best, and a model that ignores its input has {nothing:g}",
    )


def back_at_chance(scores: tuple[Curve | None, ...]) -> Sighting | None:
    """A score has come to exactly what knowing nothing gives by its name, and stays there, wherever it was before."""
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
                f"{score.said} has come to {score.shown(score.tail):.3g} and stays there, and a model that ignores its "
                f"input has {nothing:g}",
            )
    return None
