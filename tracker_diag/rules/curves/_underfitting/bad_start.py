"""Losses that came down from a start a thousand million times above where they have stood since."""

from __future__ import annotations

from collections.abc import Sequence

from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._recovered import ends_above_nothing, recovered
from tracker_diag.rules.curves._underfitting.sighting import ADVICE, Sighting

#: Times where they stand that the losses began: no targets come to that, be they dates learned to the day.
FAR = 1e9


def bad_start(losses: Sequence[Curve], scores: Sequence[Curve | None]) -> Sighting | None:
    """What fell is what the start had blown up; a bias comes back that soon, and nothing has been learned since.

    Unless a score ends above what knowing nothing gives.
    """
    times = recovered(losses)
    if times is None or times < FAR or any(s is not None and ends_above_nothing(s) for s in scores):
        return None
    loss = losses[-1]
    return Sighting(
        Severity.WARNING,
        0.7,
        f"{loss.said} began at {loss.start:.3g} and has stood at {loss.tail:.4g} since the first quarter of the run: "
        "what fell is a start that had blown up, and nothing shows that anything of the input was learned",
        f"compare with the loss of predicting the mean; if it is the same, {ADVICE}",
    )
