"""Entropies in the unit of a loss."""

from __future__ import annotations

import math

from tracker_diag.evidence.curve import Curve


def in_unit(nats: float, curve: Curve) -> float:
    """Give an entropy in the unit of a loss.

    Parameters
    ----------
    nats : float
        The entropy.
    curve : Curve
        The loss.

    Returns
    -------
    float
        In bits, where the loss is known to be.
    """
    return nats / math.log(2) if curve.metric.unit == "bits" else nats
