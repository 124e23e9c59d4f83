"""Makes long curves short: block means, so that later steps cost the same for a million points as for a few hundred."""

from __future__ import annotations

import numpy as np

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.divergence import LARGEST

LIMIT = 256


def finite_part(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Keep the points whose value is finite, and not so large that sums of their squares overflow.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Steps and values; the steps are not looked at.

    Returns
    -------
    x : ndarray, shape (m,), m <= n
        Steps of the points that are kept.
    y : ndarray, shape (m,)
        Their values.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.condense import finite_part
    >>> x, y = finite_part(np.array([0.0, 1.0, 2.0]), np.array([2.0, np.nan, 1.0]))
    >>> print(x, y)
    [0. 2.] [2. 1.]
    """
    keep = np.isfinite(y) & (np.abs(y) < LARGEST)
    return (x, y) if keep.all() else (x[keep], y[keep])


def condense(x: FloatArray, y: FloatArray, limit: int = LIMIT) -> tuple[FloatArray, FloatArray]:
    """Average consecutive points in blocks.

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
    x : ndarray, shape (m,)
        Means of the steps of each block.
    y : ndarray, shape (m,)
        Means of its values.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.condense import condense
    >>> x, y = condense(np.arange(6.0), np.array([5.0, 7.0, 3.0, 5.0, 1.0, 3.0]), limit=3)
    >>> print(x, y)
    [0.5 2.5 4.5] [6. 4. 2.]
    """
    n = y.size
    if n < 2 * limit:
        return x, y
    edges = np.linspace(0, n, limit + 1).astype(np.intp)
    counts = np.diff(edges)
    first = edges[:-1]
    # Values are below 1e150, so only sums of steps could overflow: a power of two beyond the points of a block keeps
    # them in range, exactly.
    room = 2.0 ** -int(counts.max()).bit_length()
    return np.add.reduceat(x * room, first) / counts / room, np.add.reduceat(y, first) / counts
