"""What is known of a metric that plays a role: what it is, which way it gets better, and in what it is measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

#: A share above this is in per cent: no share exceeds 1 but by rounding, and an accuracy that is logged in per cent and
#: never rises above 1.5% is that of no model anybody trains.
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
    better : {'min', 'max'}
        Which way it gets better.
    unit : str
        ``share``, ``per cent``, ``nats``, ``bits``, ``target`` (that of the targets), ``target squared``, or empty.
    best : float or None
        What a perfect model has, in the logged unit; None where that is unknown or unbounded.
    baseline : float or None
        What a model has that ignores its input, in the logged unit, where the kind alone says so.
    whole : float
        What a perfect score is taken for, in the logged unit: 1, or 100 where a value exceeds 1.5.
    """

    kind: str
    better: Literal["min", "max"]
    unit: str = ""
    best: float | None = None
    baseline: float | None = None
    whole: float = 1.0

    @property
    def counts_right_answers(self) -> bool:
        """Whether it is the share of right answers, of all examples or of each class."""
        return self.kind in ("accuracy", "balanced accuracy") and self.better == "max"

    @property
    def of_classes(self) -> bool:
        """Whether it is the cross-entropy of classes, for which a loss is taken that nothing more is said of."""
        return self.kind in ("cross-entropy", "negative log-likelihood", "loss") and self.better == "min"

    @property
    def may_be_negative(self) -> bool:
        """Whether it is a loss without a floor at 0: that of a density, or a bound on it."""
        return self.kind in ("negative log-likelihood", "bound on the likelihood")

    @property
    def plain_cross_entropy(self) -> bool:
        """Whether it is known to be a cross-entropy over classes, which no value below 0 can be."""
        return self.kind == "cross-entropy" and self.best == 0

    def in_unit_of(self, values: NDArray[np.float64]) -> Metric:
        """These facts, given for shares as shares, in the unit that the values of a score show.

        Parameters
        ----------
        values : ndarray, shape (n,)
            As logged; those that are not finite say nothing.
        """
        if self.better == "min":
            return self
        highest = float(values[np.isfinite(values)].max(initial=0.0))
        whole = 1.0 if highest <= PER_CENT_ABOVE else 100.0
        if self.unit != "share":
            return replace(self, whole=whole)
        if highest > NO_SHARE_ABOVE:
            return Metric("score", self.better, whole=whole)
        if whole == 1.0:
            return self
        best, baseline = (None if x is None else whole * x for x in (self.best, self.baseline))
        return replace(self, unit="per cent", best=best, baseline=baseline, whole=whole)


#: Of a loss and of a score that nothing more is said of.
LOSS, SCORE = Metric("loss", "min"), Metric("score", "max")
