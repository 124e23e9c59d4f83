"""What a rate beside the usual ones says for a cause that makes a run fail at any rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.roles.learning_rates import usual_rates
from tracker_diag.rules.api import LikelihoodRatio, Observation


class UsualRate:
    """What the learning rate says for a cause that needs no rate above the usual ones, and against it."""

    USUAL = LikelihoodRatio(2.0, "{rate:g} is not above the usual rates for {optimizer}", "params")
    TOO_HIGH = LikelihoodRatio(0.1, "{rate:g} is {above:.3g} times the highest usual rate ({high:g})", "params")


def usual_rate(learning_rate: float | None, params: Mapping[str, Any]) -> list[Observation]:
    """Whether the rate alone would explain the failure; nothing where no rate is logged."""
    if learning_rate is None:
        return []
    optimizer = params.get("optimizer")
    _, high = usual_rates(optimizer, params)
    if learning_rate > high:
        return [UsualRate.TOO_HIGH(rate=learning_rate, above=learning_rate / high, high=high)]
    return [UsualRate.USUAL(rate=learning_rate, optimizer=optimizer or "any optimiser")]
