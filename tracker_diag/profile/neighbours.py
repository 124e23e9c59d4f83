"""The nearest examples of examples, where each column weighs as much as any other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker_diag.profile.table import Table
from tracker_diag.stats.arrays import FloatArray

#: Columns that distances are taken over; of more, this many are drawn.
WIDEST = 4096
#: Categories of a column that are told apart; the others count as one.
LEVELS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """How columns become coordinates.

    Attributes
    ----------
    numbers : ndarray of int, shape (k,)
        Positions of the columns of numbers that vary.
    centre, scale, low, high : ndarray of float64, shape (k,)
        Their medians, deviations, and the range to which they are cut.
    categories : tuple of (int, ndarray, float)
        Position of a column of categories, those that are told apart, and the weight of one.
    """

    numbers: NDArray[np.intp]
    centre: FloatArray
    scale: FloatArray
    low: FloatArray
    high: FloatArray
    categories: tuple[tuple[int, FloatArray, float], ...]

    def place(self, values: FloatArray) -> NDArray[np.float32]:
        """Turn examples into coordinates, shape (n, e); a number that is not finite lies at the median."""
        held = values[:, self.numbers]
        held = np.where(np.isfinite(held), held, self.centre)
        parts = [(np.clip(held, self.low, self.high) - self.centre) / self.scale]
        for position, levels, weight in self.categories:
            same = np.where(np.isnan(values[:, [position]]), np.isnan(levels), values[:, [position]] == levels)
            parts.append(weight * np.column_stack([same, ~same.any(axis=1)]))
        return np.concatenate(parts, axis=1).astype(np.float32)


def space(values: FloatArray, data: Table) -> Space:
    """Scale columns: a number is clipped to its 1% to 99% range and divided by its standard deviation there.

    Averaged over pairs of examples, two categories are as far apart as two numbers. The pixels of images share one
    standard deviation. Columns that do not vary are left out.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        The examples to measure.
    data : Table
        Their side: which columns are numbers, and whether they are pixels.
    """
    width = values.shape[1]
    some = np.arange(width)
    if width > WIDEST:
        some = np.sort(np.random.default_rng(0).choice(width, WIDEST, replace=False))
    kinds = np.ones(width, dtype=bool) if data.image else data.kinds
    numbers = some[kinds[some]]
    # Beyond 1e150 a square is no number any more.
    held = values[:, numbers]
    held = np.where(np.abs(held) < 1e150, held, np.nan)
    known = np.isfinite(held).any(axis=0)
    numbers, held = numbers[known], held[:, known]
    if not numbers.size:
        none = np.empty(0)
        return Space(numbers, none, none, none, none, _levels(values, some[~kinds[some]]))
    if np.isnan(held).any():
        held = np.where(np.isnan(held), np.nanmedian(held, axis=0), held)
    low, centre, high = np.quantile(held, (0.01, 0.5, 0.99), axis=0)
    if data.image:
        low, high = np.full_like(low, held.min()), np.full_like(high, held.max())
        centre = held.mean(axis=0)
        scale = np.full_like(low, (held - centre).std())
    else:
        scale = np.clip(held, low, high).std(axis=0)
        rare = scale <= 1e-9 * np.abs(centre)
        # A column whose middle 98% are one value is measured by what lies beyond.
        low[rare], high[rare] = held.min(axis=0)[rare], held.max(axis=0)[rare]
        scale[rare] = held.std(axis=0)[rare]
    varies = scale > 1e-9 * np.abs(centre)
    return Space(
        numbers[varies],
        centre[varies],
        scale[varies],
        low[varies],
        high[varies],
        _levels(values, some[~kinds[some]]),
    )


def _levels(values: FloatArray, positions: NDArray[np.intp]) -> tuple[tuple[int, FloatArray, float], ...]:
    found = []
    for position in positions.tolist():
        levels, counts = np.unique(values[:, position], return_counts=True)
        differ = 1 - float(((counts / counts.sum()) ** 2).sum())
        if differ > 0:
            found.append((position, levels[np.argsort(-counts, kind="stable")[:LEVELS]], differ**-0.5))
    return tuple(found)


def nearest(asked: NDArray[np.float32], others: NDArray[np.float32] | None, count: int) -> NDArray[np.intp]:
    """Find the positions of the nearest others by Euclidean distance, the nearest first, shape (n, count).

    Parameters
    ----------
    asked : ndarray, shape (n, e)
        Coordinates.
    others : ndarray, shape (m, e), or None
        None for the asked themselves, none of which is its own neighbour.
    count : int
        How many.
    """
    them = asked if others is None else others
    middle = them.mean(axis=0)
    here, there = asked - middle, them - middle
    apart = (there**2).sum(axis=1) - 2 * here @ there.T
    if others is None:
        np.fill_diagonal(apart, np.inf)
    few = np.argpartition(apart, count - 1, axis=1)[:, :count]
    order = np.argsort(np.take_along_axis(apart, few, axis=1), axis=1, kind="stable")
    return np.take_along_axis(few, order, axis=1)
