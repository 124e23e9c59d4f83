"""Whether a score shows by itself that nothing was learned."""

from __future__ import annotations

from tracker_diag.rules.api import Curve

#: Share of a perfect score up to which one is low, and share of what it began below that which it must have gained.
LOW, GAINED = 0.6, 0.05


def never_rose(score: Curve) -> bool:
    """Whether a low score has come next to nothing nearer to a perfect one than it began."""
    if not score.flipped or score.share(score.best) > LOW:
        return False
    start = score.share(score.start)
    return score.share(score.best) - start < GAINED * (1 - start)
