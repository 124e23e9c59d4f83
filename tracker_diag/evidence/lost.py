"""Losses that are not finite any more, however few of their values were logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracker_diag.evidence.curve import SPLITS
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.resolve import Roles
from tracker_diag.stats.divergence import LARGEST, last_hole

_LOSSES, _SCORES = ("train_loss", "val_loss"), ("train_score", "val_score")


@dataclass(frozen=True, slots=True)
class Lost:
    """A metric whose last value is not finite.

    Attributes
    ----------
    name : str
        The metric's.
    said : str
        What it is, in a sentence: "training loss".
    first_step, last_step : float
        Step since which no value is finite, and the last one.
    values : int
        How many values that are.
    share : float
        Which part of all its values that is.
    """

    name: str
    said: str
    first_step: float
    last_step: float
    values: int
    share: float


@rule_input(missing="every loss ends with a finite value", evidence="C")
def lost(roles: Roles) -> Lost | None:
    """The first loss that ends in values that are not finite, one value being enough; a score where no loss is logged.

    Training's comes before validation's, which it takes with it.
    """
    return _first(roles, _LOSSES if any(role in roles.metrics for role in _LOSSES) else _SCORES)


def _first(roles: Roles, several: Sequence[str]) -> Lost | None:
    for role in several:
        series = roles.metrics.get(role)
        if series is None or not len(series):
            continue
        since = last_hole(np.isfinite(series.values) & (np.abs(series.values) < LARGEST))
        if since is None:
            continue
        split, _, kind = role.partition("_")
        return Lost(
            name=series.name,
            said=f"{SPLITS[split]} {kind}",
            first_step=float(series.steps[since]),
            last_step=float(series.steps[-1]),
            values=len(series) - since,
            share=1 - since / len(series),
        )
    return None
