"""What is known of a metric that plays a role: what it is, which way it gets better, and in what it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

#: A share above this is in per cent: no share exceeds 1 but by rounding, and an accuracy that is logged in per cent and
#: never rises above 1.5 % is that of no model anybody trains.
PER_CENT_ABOVE = 1.5

#: What is called a share and exceeds this is a count or a sum: a hundred per cent, and a little for rounding.
NO_SHARE_ABOVE = 101.0


@dataclass(frozen=True, slots=True)
class Metric:
    """Facts of a metric, each decided once, from its name, the loss function and its values.

    Attributes
    ----------
    kind : str
        ``accuracy``, ``balanced accuracy``, ``ROC AUC``, ``explained variance``, ``cross-entropy``,
        ``squared error`` and so on, as the vocabulary has them; ``loss`` or ``score`` where nothing says more.
    better : 'min' or 'max'
    unit : str
        ``share``, ``per cent``, ``nats``, ``bits``, ``target`` (that of the targets), ``target squared``, or empty.
    best : float or None
        What a perfect model has, in the logged unit; None where that is unknown or unbounded.
    baseline : float or None
        What a model has that ignores its input, in the logged unit, where the kind alone says so.
    """

    kind: str
    better: Literal["min", "max"]
    unit: str = ""
    best: float | None = None
    baseline: float | None = None

    @property
    def counts_right_answers(self) -> bool:
        """Whether it is the share of right answers, of all examples or of each class."""
        return self.kind in ("accuracy", "balanced accuracy") and self.better == "max"


def measured(
    kind: str,
    better: Literal["min", "max"],
    unit: str,
    best: float | None,
    baseline: float | None,
    values: NDArray[np.float64],
) -> Metric:
    """The facts of a metric in the unit that its values show.

    Parameters
    ----------
    kind, better, unit, best, baseline
        Of ``Metric``, as the vocabulary has them: for shares, as shares.
    values : ndarray, shape (n,)
        As logged.
    """
    if unit != "share":
        return Metric(kind, better, unit, best, baseline)
    highest = float(values.max(initial=0.0, where=np.isfinite(values)))
    if highest > NO_SHARE_ABOVE:
        return Metric("score", better)
    if highest <= PER_CENT_ABOVE:
        return Metric(kind, better, unit, best, baseline)
    return Metric(
        kind, better, "per cent", None if best is None else 100 * best, None if baseline is None else 100 * baseline
    )
