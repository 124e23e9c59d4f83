"""A term of the loss that is phased in: from which step on it has its full weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.run import Run, Series
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.resolve import Roles, traits_of
from tracker_diag.roles.words import read

#: Share of its last value from which on a weight is full.
FULL = 0.999
#: Values of a curve that are judged after a ramp, at the least.
ENOUGH = 8
_JUDGED = ("train_loss", "val_loss", "train_score", "val_score")


@rule_input(missing="no loss term that is phased in, or its end is not known", evidence="CP", unit="steps")
def ramp_end(run: Run, roles: Roles, params: Mapping[str, Any]) -> float | None:
    """Step from which on a term that is phased in, as the KL term of a variational autoencoder, has its full weight.

    As its weight was logged over the steps, rising and then at its height, or as a number of epochs is configured. None
    where it never gets there, where it starts again, and where too little of the run is left to be judged.
    """
    if "annealed" not in roles.traits:
        return None
    kl = any("kl" in read(name).words for name in run.metrics)
    ends = [
        _end(series)
        for name, series in sorted(run.metrics.items())
        if "annealed" in traits_of(name) or (kl and read(name).words == {"beta"})
    ]
    found = max((end for end in ends if end is not None), default=None) if None not in ends else None
    if found is None and not ends:
        found = _configured(run, params)
    curves = [roles.metrics[role] for role in _JUDGED if role in roles.metrics]
    if found is None or not curves or min(int((c.steps >= found).sum()) for c in curves) < ENOUGH:
        return None
    return found


def _end(weight: Series) -> float | None:
    values = weight.values
    if values.size <= 1 or not np.isfinite(values).all() or not values[-1] > 0:
        return None
    full = values >= FULL * values[-1]
    if not full.any() or (np.diff(values) < 0).any() or not full[:-1].any():
        return None
    return float(weight.steps[np.argmax(full)])


def _configured(run: Run, params: Mapping[str, Any]) -> float | None:
    """A number of epochs, where the run is logged by epochs."""
    epochs = params.get("epochs")
    for name, value in sorted(run.params.items()):
        counted = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        if counted and "annealed" in traits_of(name) and "epoch" in read(name).words:
            last = max((float(s.steps[-1]) for s in run.metrics.values() if len(s)), default=0.0)
            return float(value) if isinstance(epochs, int | float) and last <= epochs + 1 else None
    return None
