"""Moments and extremes of columns over all examples, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from tracker_diag.stats.arrays import FloatArray

#: Values of a chunk: 2 MB, which a processor's cache holds.
CHUNK = 250_000
#: Columns below which a chunk is turned, so that each pass runs along long rows.
NARROW = 16


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What was counted of each column; every array has shape (d,).

    Attributes
    ----------
    count : ndarray of float64
        Finite values.
    mean, squares : ndarray of float64
        Their mean, and the sum of their squared deviations from it; not finite where doubles do not hold it.
    low, high : ndarray of float64
        The least and the largest of them; infinite where there is none.
    missing, infinite : ndarray of float64
        Other values, NaN and infinite.
    known : ndarray of bool
        Columns that were scanned: words are not.
    """

    count: FloatArray
    mean: FloatArray
    squares: FloatArray
    low: FloatArray
    high: FloatArray
    missing: FloatArray
    infinite: FloatArray
    known: NDArray[np.bool_]

    def over(self, known: NDArray[np.bool_]) -> Scan:
        """Spread over more columns, of which those that are ``known`` are these, in their order."""

        def spread(values: FloatArray) -> FloatArray:
            wide = np.full(known.size, np.nan)
            wide[known] = values
            return wide

        return Scan(
            spread(self.count),
            spread(self.mean),
            spread(self.squares),
            spread(self.low),
            spread(self.high),
            spread(self.missing),
            spread(self.infinite),
            known,
        )


def scan(chunks: Iterable[FloatArray]) -> Scan:
    """Scan chunks of shape (m, d), at least one."""
    return reduce(merged, map(of_chunk, chunks))


def of_chunk(values: FloatArray) -> Scan:
    """Scan one chunk, shape (m, d)."""
    if values.shape[1] < NARROW:
        values = np.ascontiguousarray(values.T).T
    none = np.zeros(values.shape[1])
    known = np.ones(values.shape[1], dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        total = values.sum(axis=0)
        # A sum is finite only if all that went into it is.
        if values.shape[0] and np.isfinite(total).all():
            count, mean = none + values.shape[0], total / values.shape[0]
            centred = values - mean
            squares = np.einsum("ij,ij->j", centred, centred)
            return Scan(count, mean, squares, values.min(axis=0), values.max(axis=0), none, none, known)
        finite = np.isfinite(values)
        count = finite.sum(axis=0).astype(np.float64)
        mean = np.where(finite, values, 0.0).sum(axis=0) / np.maximum(count, 1)
        centred = np.where(finite, values - mean, 0.0)
        return Scan(
            count,
            mean,
            np.einsum("ij,ij->j", centred, centred),
            np.where(finite, values, np.inf).min(axis=0, initial=np.inf),
            np.where(finite, values, -np.inf).max(axis=0, initial=-np.inf),
            np.isnan(values).sum(axis=0).astype(np.float64),
            np.isinf(values).sum(axis=0).astype(np.float64),
            known,
        )


def merged(one: Scan, other: Scan) -> Scan:
    """Join the scans of two parts of the same columns.

    References
    ----------
    Chan, Golub & LeVeque (1983), The American Statistician 37:242.
    """
    count = one.count + other.count
    share = other.count / np.maximum(count, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        apart = other.mean - one.mean
        mean = one.mean + apart * share
        squares = one.squares + other.squares + apart**2 * one.count * share
    return replace(
        one,
        count=count,
        mean=mean,
        squares=squares,
        low=np.minimum(one.low, other.low),
        high=np.maximum(one.high, other.high),
        missing=one.missing + other.missing,
        infinite=one.infinite + other.infinite,
        known=one.known & other.known,
    )
