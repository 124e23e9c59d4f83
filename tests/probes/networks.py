"""What the tests of callbacks for PyTorch have in common."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from tracker_diag.probes.sinks import ProbeWarning

Rows = list[tuple[int, dict[str, float]]]


def norm(gradients: Iterable[Any]) -> float:
    """The norm of several gradients together."""
    return math.sqrt(sum(float((g.double() ** 2).sum()) for g in gradients))


def warned(act: Callable[[], Any]) -> list[str]:
    """What the watcher warned of, in order."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    return [str(w.message) for w in caught if issubclass(w.category, ProbeWarning)]


def merged(rows: Rows) -> dict[str, float]:
    """The last figure of each key."""
    return {key: value for _, figures in rows for key, value in figures.items()}
