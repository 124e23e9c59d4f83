"""Facts of whole examples: copies, blanks, values that are not finite, and what lies on both sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.profile_schema import Overlap, Side
from tracker_diag.profile.scan import CHUNK
from tracker_diag.profile.table import Table
from tracker_diag.profile.texts import texts


def hashes(data: Table, single: bool) -> NDArray[np.int64]:
    """Hash each example read to 64 bits, shape (m,); equal for equal values, NaN equal to NaN.

    Parameters
    ----------
    data : Table
        One side.
    single : bool
        Compare in single precision, because one of the sides has no more.
    """
    made = np.empty(data.values.shape[0], dtype=np.int64)
    # Few at a time: a copy of all of them costs more than their hashes.
    step = max(1, CHUNK // max(data.values.shape[1], 1))
    for start in range(0, made.size, step):
        values = data.values[start : start + step]
        # Too large a number for single precision is infinite on both sides.
        with np.errstate(over="ignore"):
            values = values.astype(np.float32) if single else values
        values = np.where(np.isnan(values), np.nan, values) + 0.0
        made[start : start + step] = [hash(row.tobytes()) for row in values]
    return made


def side(data: Table, hashed: NDArray[np.int64], labels: NDArray[np.intp] | None) -> Side:
    """Count what stands out among the examples of one side.

    Parameters
    ----------
    data : Table
        The side.
    hashed : ndarray of int64, shape (m,)
        A hash of each example read.
    labels : ndarray of int, shape (m,), or None
        Class codes.
    """
    values = data.values
    scanned = data.rows if data.scan is not None else values.shape[0]
    if values.size == 0:
        return Side(rows=data.rows, rows_scanned=scanned, rows_read=values.shape[0])
    _, inverse, counts = np.unique(hashed, return_inverse=True, return_counts=True)
    finite = np.isfinite(values)
    blank = (values == values[:, :1]).all(axis=1) if values.shape[1] > 2 else np.zeros(values.shape[0], dtype=bool)
    return Side(
        rows=data.rows,
        rows_scanned=scanned,
        rows_read=values.shape[0],
        texts=texts(data),
        duplicates=int(values.shape[0] - counts.size),
        twins=float((counts[inverse] > 1).mean()),
        conflicts=None if labels is None else _conflicts(inverse, labels),
        constant_share=float(blank.mean()),
        zero_share=float((values == 0).all(axis=1).mean()),
        non_finite=int((~finite).sum()),
        non_finite_rows=int((~finite.all(axis=1)).sum()),
    )


def overlap(train: NDArray[np.int64], validation: NDArray[np.int64], data: Table) -> Overlap:
    """Which validation examples occur in training.

    Parameters
    ----------
    train, validation : ndarray of int64
        Hashes of the examples read.
    data : Table
        The training side: where it was sampled, the share is scaled up by the share that was read.
    """
    if not train.size or not validation.size:
        return Overlap()
    found = np.isin(validation, train)
    return Overlap(rows=int(found.sum()), share=min(1.0, float(found.mean()) * data.rows / train.size))


def _conflicts(group: NDArray[np.intp], labels: NDArray[np.intp]) -> int:
    """How many examples have a copy with another label."""
    low = np.full(int(group.max()) + 1, np.iinfo(np.intp).max)
    high = np.full(low.size, -1)
    np.minimum.at(low, group, labels)
    np.maximum.at(high, group, labels)
    return int((low != high)[group].sum())
