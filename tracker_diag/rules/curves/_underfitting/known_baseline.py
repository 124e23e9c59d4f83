"""Both curves end at the known level of a model that ignores its input."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import Curve, Explained, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting
from tracker_diag.rules.curves._words import best, compared, noun, uninformed

#: How many times the least share training may have learned that counts as nothing where validation has learned less
#: than the least: training alone memorises a little.
BY_HEART = 2.0
#: Part of the least share below which there is no doubt.
NO_DOUBT = 0.5


def known_baseline(train: Curve, explained: Explained, minimum_learned: float) -> Sighting | None:
    """The share of the known level that the better curve has explained at its best is next to nothing."""
    most = explained.most
    by_heart = explained.val_best < minimum_learned and most < BY_HEART * minimum_learned
    if not explained.known or not (most < minimum_learned or by_heart):
        return None
    nothing = train.shown(explained.baseline)
    return Sighting(
        Severity.ERROR,
        0.97 if most < NO_DOUBT * minimum_learned else 0.85,
        f"best {noun(train)} {best(train, explained.at(most))} is {compared(most)} {uninformed(train, nothing)} "
        f"({figure(nothing, 4)})",
    )
