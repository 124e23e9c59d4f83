"""What rules are told of a run beyond its curves and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tracker_diag.core.finding import Finding


@dataclass(frozen=True, slots=True)
class Learned:
    """How much of the uninformed loss a run has explained, as shares of it: 0 nothing, 1 all, negative worse than knowing nothing.

    Attributes
    ----------
    level : float
        The uninformed level: ln of the classes for cross-entropy, the target's variance for squared error, the start of the curves where
        neither is known.
    known : bool
        Whether the level is known, not taken from the start of the curves.
    start, train, train_best : float
        Of the training curve: first value, end, lowest window; NaN where there is none.
    val_start, val, val_best : float
        Of the validation curve.
    """

    level: float
    known: bool
    start: float
    train: float
    train_best: float
    val_start: float
    val: float
    val_best: float

    @property
    def most(self) -> float:
        """The best of both curves."""
        return float(np.nanmax([self.train_best, self.val_best]))


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What the learning curves said: the verdict, and the findings of the LC rules by name."""

    verdict: str
    findings: Mapping[str, Finding]

    def has(self, *names: str) -> bool:
        """Whether any of these was found."""
        return any(n in self.findings for n in names)
