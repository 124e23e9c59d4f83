"""What the usual learning rates say about a cause that makes a run fail at any rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.roles.learning_rates import usual_rates
from tracker_diag.rules.api import LikelihoodRatio, Observation


class UsualRate:
    """What the learning rate says for a cause that needs no unusually high rate, and against it."""

    USUAL = LikelihoodRatio(2.0, "learning rate {rate:figure} is not above the usual range for {optimizer}", "params")
    TOO_HIGH = LikelihoodRatio(
        0.1,
        "learning rate {rate:figure} is {above:figure} times the highest rate usual for {optimizer} ({high:figure})",
        "params",
    )


def usual_rate(learning_rate: float | None, params: Mapping[str, Any]) -> list[Observation]:
    """Whether the learning rate alone would explain the failure; nothing where none is logged."""
    if learning_rate is None:
        return []
    optimizer = params.get("optimizer")
    _, high = usual_rates(optimizer, params)
    said = optimizer or "any optimiser"
    if learning_rate > high:
        return [UsualRate.TOO_HIGH(rate=learning_rate, above=learning_rate / high, high=high, optimizer=said)]
    return [UsualRate.USUAL(rate=learning_rate, optimizer=said)]
