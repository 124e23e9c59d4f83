"""The rungs of a ladder of learning rates: which are fine, which explode, which learn nothing any more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tracker_diag.controls.label_facts import entropy, label_facts
from tracker_diag.controls.splits import split
from tracker_diag.controls.trial import Trial

_EXPLODED = 1.5
"""Times the loss of a network that has hardly learned: above that a loss has exploded."""
LEARNED = 0.02
"""Share of that loss by which a rate has to lower it to have learned."""
_COLLAPSED = 0.1
"""Share of the best rate's gain: a higher rate that gains less has lost the network, whatever its loss is."""
_NEAR = 3.0
"""Factor up to which a loss is taken to stand at the spread of the targets."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One learning rate.

    Attributes
    ----------
    rate : float
        The rate.
    loss : float
        Lowest of the last quarter of the loss that is compared; NaN or infinite where lost.
    state : {'fine', 'exploded', 'collapsed'}
        Whether the loss stayed finite and near or below where it began; collapsed is one that learned nothing where
        lower rates did.
    run : str
        Id of the run that was logged; empty where none was.
    """

    rate: float
    loss: float
    state: Literal["fine", "exploded", "collapsed"]
    run: str


def fine(rungs: Sequence[Rung]) -> list[Rung]:
    """Those that neither exploded nor collapsed."""
    return [rung for rung in rungs if rung.state == "fine"]


def _compared(trial: Trial) -> str:
    """The role of the loss that rates are compared by."""
    role = next((r for r in ("val_loss", "train_loss") if r in trial.roles.metrics), None)
    if role is None:
        raise ValueError("no loss was returned: return train_loss for each epoch")
    return role


def _start(trial: Trial, role: str) -> float:
    """The loss of a network that has hardly learned: the first one, at the lowest rate."""
    values = trial.values(role)
    finite = values[np.isfinite(values)]
    return float(finite[0]) if finite.size else math.nan


def _end(trial: Trial, role: str) -> float:
    """Median of the last quarter."""
    values = trial.values(role)
    return float(np.median(values[-max(1, values.size // 4) :])) if values.size else math.nan


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What a loss is without knowledge of the input.

    Attributes
    ----------
    role : str
        Of the loss.
    start : float
        That of a network that has hardly learned.
    guessing : float or None
        That of guessing by frequency, of classes.
    spread : float or None
        The variance of the targets, of numbers.
    """

    role: str
    start: float
    guessing: float | None
    spread: float | None

    @classmethod
    def of(cls, first: Trial, data: Any) -> Yardstick:
        """Take it from the trial of the lowest rate, and from the labels as far as data show them."""
        role = _compared(first)
        try:
            sets = split(data, ()).sets
            labels = label_facts(sets[1] if role == "val_loss" and len(sets) > 1 else sets[0], ())
        except TypeError:
            labels = None
        guessing = spread = None
        if labels is not None and labels.classes is not None and first.roles.facts[role].of_classes:
            guessing = entropy(labels.classes)
        if labels is not None and labels.numbers is not None:
            spread = float(np.var(labels.numbers, axis=0).mean())
        return cls(role, _start(first, role), guessing, spread)

    def reached(self, loss: float) -> float | None:
        """The loss without knowledge that this one is no better than; None where it is better."""
        level = self.start if self.guessing is None else min(self.start, self.guessing)
        if not level - loss > LEARNED * abs(level):
            return level
        # A loss in another unit than that of the targets is far from their variance.
        if self.spread is not None and (1 - LEARNED) * self.spread <= loss < _NEAR * self.spread:
            return self.spread
        return None


def judged(tried: Sequence[tuple[float, Trial | None]], first: Trial, yardstick: Yardstick) -> tuple[Rung, ...]:
    """Tell what became of each rate, from the lowest on; ``first`` is the trial of that, None one that broke."""
    role, start = yardstick.role, yardstick.start
    rungs: list[Rung] = []
    for rate, trial in tried:
        loss = math.nan if trial is None else _end(trial, role)
        learned = [rung.loss for rung in fine(rungs) if yardstick.reached(rung.loss) is None]
        if trial is None or _exploded(trial, first):
            state: Literal["fine", "exploded", "collapsed"] = "exploded"
        elif min(learned, default=math.inf) < loss and (
            yardstick.reached(loss) is not None or start - loss < _COLLAPSED * (start - min(learned))
        ):
            state = "collapsed"
        else:
            state = "fine"
        rungs.append(Rung(rate, loss, state, "" if trial is None else trial.id))
    return tuple(rungs)


def _exploded(trial: Trial, first: Trial) -> bool:
    for role in ("train_loss", "val_loss"):
        if role not in first.roles.metrics:
            continue
        start, end = _start(first, role), _end(trial, role)
        # Validation may rise for another reason: it is looked at where no training loss was returned.
        too_high = end > start + (_EXPLODED - 1) * abs(start) and (
            role == "train_loss" or "train_loss" not in first.roles.metrics
        )
        if not math.isfinite(end) or not math.isfinite(start) or too_high:
            return True
    return False
