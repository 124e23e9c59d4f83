"""What several rules on architecture mean by a network that has learned enough, or too much."""

from __future__ import annotations

#: Share of the baseline loss up to which validation keeps up with training: more is a gap that capacity may explain.
KEEPS_UP = 0.1

#: Share of the baseline loss explained below which training rests at a high level.
HIGH_LEVEL = 0.7


def counted(n_weights: float, n_weights_from: str | None) -> str:
    """The number of weights, and where it was found."""
    return f"{n_weights:.3g} weights" + (f" ({n_weights_from})" if n_weights_from else "")
