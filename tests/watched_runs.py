"""What a callback would have logged from within a training, for the tests of what is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.run import Series
from tracker_diag.core.signals import PREFIX, SIGNALS

#: Looks of a callback, unless a test says otherwise.
LOOKS = 20

Values = float | Sequence[float]
Logged = dict[str, NDArray[np.float64]]


def seen(looks: int = LOOKS, **signals: Values) -> Logged:
    """Figures of the whole network; one number is what every look saw."""
    assert signals.keys() <= SIGNALS.keys()
    return {f"{PREFIX}{signal}": _each(values, looks) for signal, values in signals.items()}


def by_layer(signal: str, figures: Mapping[str, Values] | Sequence[Values], looks: int = LOOKS) -> Logged:
    """Figures of the layers, in the order of the network; those without a name are fc0, fc1 and so on."""
    assert f"{signal}/<layer>" in SIGNALS
    named = figures if isinstance(figures, Mapping) else {f"fc{i}": values for i, values in enumerate(figures)}
    return {
        f"{PREFIX}{signal}/{place:03d}.{layer}": _each(values, looks)
        for place, (layer, values) in enumerate(named.items())
    }


def as_series(logged: Mapping[str, NDArray[np.float64]]) -> dict[str, Series]:
    """The same as a run has it, a step each."""
    return {name: Series(name, np.arange(values.size, dtype=np.float64), values) for name, values in logged.items()}


def _each(values: Values, looks: int) -> NDArray[np.float64]:
    return np.full(looks, values) if isinstance(values, int | float) else np.asarray(values, dtype=np.float64)
