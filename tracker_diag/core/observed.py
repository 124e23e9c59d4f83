"""What rules are told of a run beyond its curves and parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tracker_diag.core.finding import Finding


@dataclass(frozen=True, slots=True)
class Learned:
    """How much of the uninformed loss a run has explained.

    Shares of it: 0 nothing, 1 all, negative worse than knowing nothing.

    Attributes
    ----------
    level : float The uninformed level: ln of the classes for cross-entropy, the target's variance for squared error,
        the start of the curves where neither is known.
    bottom : float
        What knowing all would cost: 0 for a loss, minus one (or a hundred) for an accuracy, turned as curves are.
    known : bool
        Whether the level is known, not taken from the start of the curves.
    start, train, train_best : float
        Of the training curve: first value, end, lowest window; NaN where there is none.
    val_start, val, val_best : float
        Of the validation curve.
    """

    level: float
    bottom: float
    known: bool
    start: float
    train: float
    train_best: float
    val_start: float
    val: float
    val_best: float

    def at(self, share: float) -> float:
        """The value of the turned curve at which this share is explained."""
        return self.level - share * (self.level - self.bottom)

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


@dataclass(frozen=True, slots=True)
class Shape:
    """What stands out in the curves, for the rules that look for causes.

    Shares are of the uninformed level, as in ``Learned``.

    Attributes
    ----------
    lost_at : float or None
        Share of the run after which the loss is no longer finite or has blown up; None where it has not.
    first_excess : float How many times the uninformed level the first training value is; inf where it is not finite.
        Where the level is unknown: of ln 1000 (what a thousand classes cost) for a cross-entropy beside an accuracy
        that lies above it, else of the larger of the second value and the first of validation.
    stands : bool
        The run ends where a model that ignores its input would be.
    begins_there : bool
        It also began there: nothing has ever reached the output.
    above : bool
        It ends significantly above that level and has not blown up: it is still unlearning its initial guess.
    memorised : bool
        Training explains four fifths or more.
    val_blind : bool Validation has never explained more than a twentieth, or its accuracy has gained less than a
        quarter of what training's has, or, where neither is known, its loss never fell by a twentieth; although
        training learned.
    val_wrong : float
        How many uninformed levels validation ends above knowing nothing: confidently wrong.
    val_first : float
        First validation value over first training value.
    quick : float
        Share of the run that training took for half of its improvement.
    apart : float
        Gap of validation over training at the end, as a share of the uninformed level.
    parted : float Distance of validation over training where validation was best, as a share of the uninformed level:
        small where both fell together at first.
    noise_ratio : float
        Training over validation loss at the end.
    gain : float
        What twice the training would bring, in units of the improvement achieved; NaN where unknown.
    setback : float
        The largest rise of the training curve above the lowest it had been before, in units of the improvement
        achieved: of means over a sixteenth of the run (two values at least), the first tenth left out.
    regained : bool
        The training curve ends no higher than where it had been before that.
    """

    lost_at: float | None = None
    first_excess: float = 1.0
    stands: bool = False
    begins_there: bool = False
    above: bool = False
    memorised: bool = False
    val_blind: bool = False
    val_wrong: float = 0.0
    val_first: float = 1.0
    quick: float = 1.0
    apart: float = 0.0
    parted: float = 0.0
    noise_ratio: float = 1.0
    gain: float = math.nan
    setback: float = 0.0
    regained: bool = True
