"""A score that says by its name what knowing nothing is, and never rises above that."""

from __future__ import annotations

from tracker_diag.rules.api import Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting


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
