"""Median and median absolute deviation of one-dimensional arrays, without the overhead of NumPy's general ones."""

from __future__ import annotations

import numpy as np

from tracker_diag.stats.arrays import FloatArray

#: Turns the median absolute deviation of a normal variable into its standard deviation.
NORMAL = 1.4826


def median(y: FloatArray) -> float:
    """Find the median; a diagnosis asks for fifty, and numpy.median spends most of its time on axes and NaN.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite, n at least 1.

    Returns
    -------
    float
        In the unit of y.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.robust import median
    >>> median(np.array([3.0, 1.0, 10.0]))
    3.0
    """
    middle = y.size // 2
    if y.size % 2:
        return float(np.partition(y, middle)[middle])
    part = np.partition(y, (middle - 1, middle))
    return float(0.5 * part[middle - 1] + 0.5 * part[middle])


def spread(y: FloatArray) -> float:
    """Measure the standard deviation robustly: the median absolute deviation, scaled to that of a normal variable.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite, n at least 1.

    Returns
    -------
    float
        In the unit of y.

    References
    ----------
    Hampel (1974), JASA 69:383.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.robust import spread
    >>> spread(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    1.4826
    """
    return NORMAL * median(np.abs(y - median(y)))
