"""Whether every loss and score has one value throughout, and how much that says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tracker_diag.evidence.curve import MINIMUM, Curve
from tracker_diag.evidence.registry import rule_input
from tracker_diag.stats.arrays import FloatArray

#: Share of a value by which two may differ and still be the same: above the rounding of single precision.
SAME = 1e-6
#: Digits that single precision holds, and those that any training moves from one record to the next: a per cent.
HELD, MOVED = 7, 2
#: Bits of bfloat16 and of half precision, and the digits that they hold.
HALF = ((8, 2), (11, 3))
#: Values that can be the same.
SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Identical:
    """Every loss and every score has one value, to the last digit that was logged; or those of validation have.

    Attributes
    ----------
    said : str
        Which: "every loss and score", "validation loss and score".
    loss : Curve
        The training loss; validation's, where training logged none.
    values : int
        How many it has.
    metrics : int
        How many losses and scores stand, those at their best left out.
    decades : float
        Powers of ten by which chance is too small to make a moving loss repeat its digits so often.
    """

    said: str
    loss: Curve
    values: int
    metrics: int
    decades: float


@rule_input(missing="some loss or score changes, or none was found", evidence="C")
def identical(
    train_loss: Curve | None, val_loss: Curve | None, train_score: Curve | None, val_score: Curve | None
) -> Identical | None:
    """That every loss and score of training and validation has the same value at every evaluation, two or more.

    A loss at 0 and a perfect score have nowhere to go, and say nothing. A training that works changes its loss by about
    a per cent from one record to the next, so that a value of d digits is repeated once in 10^(d − 2) times. Scores
    count examples, and repeat themselves: they must stand too, and add nothing. Training that moves by its batches, its
    dropout or its augmentation does not show that the weights do: then loss and score of validation, four of each.
    """
    every = _identical("every loss and score", [train_loss, val_loss, train_score, val_score])
    if every is not None or val_loss is None or val_score is None or val_loss.finite[1].size < MINIMUM:
        return every
    return _identical("validation loss and score", [val_loss, val_score])


def _identical(said: str, of: Sequence[Curve | None]) -> Identical | None:
    curves = [c for c in of if c is not None]
    if not curves or not all(_stands(c) for c in curves):
        return None
    moving = [c for c in curves if not _at_best(c)]
    losses = [c for c in moving if c.role.endswith("_loss")]
    if not losses:
        return None
    decades = float(sum((c.finite[1].size - 1) * max(0, _digits(c.finite[1]) - MOVED) for c in losses))
    return Identical(said, losses[0], losses[0].finite[1].size, len(moving), decades)


def _stands(curve: Curve) -> bool:
    values = curve.finite[1]
    return values.size >= SEVERAL and bool(np.ptp(values) <= SAME * np.abs(values).max())


def _at_best(curve: Curve) -> bool:
    end = float(curve.finite[1][-1])
    return bool(np.isclose(curve.share(end), 1.0)) if curve.flipped else end == 0


def _digits(values: FloatArray) -> int:
    """Significant digits of values as logged; zeros at the end cannot be told from digits that were not logged.

    Values of half precision have as many digits as their bits say, whatever is written of them.
    """
    held = next((digits for bits, digits in HALF if all(_fits(float(v), bits) for v in values)), HELD)
    return min(held, _written(values))


def _fits(value: float, bits: int) -> bool:
    """Whether a number has no more than so many bits."""
    return float(math.frexp(value)[0] * 2**bits).is_integer()


def _written(values: FloatArray) -> int:
    return max(len(f"{abs(v):.{HELD - 1}e}".partition("e")[0].replace(".", "").rstrip("0")) for v in values)
