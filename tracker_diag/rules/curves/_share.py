"""An effect in words: a share of the improvement achieved, or a multiple of it."""

from __future__ import annotations

#: Share from which on a multiple is read more easily.
MULTIPLE = 10.0
#: Multiple from which on its digits say nothing.
THOUSAND = 1000.0


def of_improvement(share: float) -> str:
    """Say how large an effect is: "80% of the improvement achieved", "17 times the improvement achieved"."""
    if share >= THOUSAND:
        return "over a thousand times the improvement achieved"
    size = f"{share:.3g} times" if abs(share) >= MULTIPLE else f"{share:.0%} of"
    return f"{size} the improvement achieved"
