"""Losses that fell from a start a billion times above their later level."""

from __future__ import annotations

from collections.abc import Sequence

from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._recovered import ends_above_nothing, recovered
from tracker_diag.rules.curves._underfitting.sighting import ADVICE, Sighting
from tracker_diag.rules.curves._words import end, level, named

#: Times their later level that the losses began at: no targets come to that, not even dates learned to the day.
FAR = 1e9


def bad_start(losses: Sequence[Curve], scores: Sequence[Curve | None]) -> Sighting | None:
    """The fall only undoes a start that blew up: a bias recovers that quickly, and nothing was learned after it.

    Not where a score ends above its uninformed level.
    """
    times = recovered(losses)
    if times is None or times < FAR or any(s is not None and ends_above_nothing(s) for s in scores):
        return None
    loss = losses[-1]
    return Sighting(
        Severity.WARNING,
        0.7,
        f"{named(loss)} fell from {level(loss, loss.start, 3)} to {end(loss)} in the first quarter of the "
        "run and stayed there; that only repairs a start that had blown up, and nothing shows that the model uses its "
        "input",
        f"compare the final loss with that of always predicting the mean; if they are equal, {ADVICE}",
    )
