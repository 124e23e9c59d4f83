"""Whether training has got worse, which tells an unstable run from overfitting."""

from __future__ import annotations

from tracker_diag.rules.api import Curve

#: Share of the total improvement by which training has got worse; less is its noise.
WORSE = 0.05


def training_worse_since(step: float, train: Curve, improvement: float) -> bool:
    """Whether the training curve ends higher than it was at this step."""
    return train.tail > train.at(step) + WORSE * improvement
