"""What several rules on architecture mean by a network that has learned enough, or too much; and numbers in words."""

from __future__ import annotations

from tracker_diag.core.numbers import figure

#: Share of the baseline loss up to which validation keeps up with training: more is a gap that capacity may explain.
KEEPS_UP = 0.1

#: Explained share of the baseline loss below which training levels off at a high loss.
HIGH_LEVEL = 0.7


def counted(n_weights: float, n_weights_from: str | None) -> str:
    """The number of weights, and where it was found."""
    weights = f"{figure(n_weights)} weight{'' if n_weights == 1 else 's'}"
    return weights + (f" ({n_weights_from})" if n_weights_from else "")


def in_units(units: float) -> str:
    """A width: "1 unit", "12 units"."""
    return f"{figure(units)} unit{'' if units == 1 else 's'}"
