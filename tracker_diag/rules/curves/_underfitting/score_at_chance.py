"""A score that says by its name what knowing nothing is, and never rises above that."""

from __future__ import annotations

from tracker_diag.rules.api import Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting


def score_at_chance(score_explained: float | None, minimum_learned: float) -> Sighting | None:
    """The best score has come next to nothing of the way from knowing nothing to perfect."""
    if score_explained is None or score_explained >= minimum_learned:
        return None
    return Sighting(
        Severity.ERROR,
        0.85,
        f"at their best the scores have come {max(score_explained, 0):.0%} of the way from those of a model that "
        "ignores its input to perfect ones",
    )
