"""Makes long curves short: block means, so that later steps cost the same for a million points as for a few hundred."""

from __future__ import annotations

import numpy as np

from tracker_diag.stats.arrays import FloatArray

LIMIT = 256


def finite_part(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points whose value is finite, and not so large that sums of their squares overflow.

    Parameters
    ----------
    x, y : ndarray, shape (n,)

    Returns
    -------
    x, y : ndarray, shape (m,), m <= n
    """
    keep = np.isfinite(y) & (np.abs(y) < 1e150)
    return (x, y) if keep.all() else (x[keep], y[keep])


def condense(x: FloatArray, y: FloatArray, limit: int = LIMIT) -> tuple[FloatArray, FloatArray]:
    """Block means of consecutive points.

    The noise of a block mean is that of the points divided by the root of the block's effective size, so statistics of
    the result describe the condensed curve; what is said of the run (levels, shares, steps) stays in its own units.
    Cost O(n).

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Finite.
    limit : int
        Curves with fewer than twice as many points are returned as they are; longer ones come back with at most
        ``limit`` blocks of equal numbers of points.

    Returns
    -------
    x, y : ndarray, shape (m,)
    """
    n = y.size
    if n < 2 * limit:
        return x, y
    edges = np.linspace(0, n, limit + 1).astype(np.intp)
    counts = np.diff(edges)
    first = edges[:-1]
    # Values are below 1e150, so only sums of steps could overflow: a power of two beyond the points of a block keeps
    # them in range, exactly.
    room = 2.0 ** -int(counts[0] + 1).bit_length()
    return np.add.reduceat(x * room, first) / counts / room, np.add.reduceat(y, first) / counts
