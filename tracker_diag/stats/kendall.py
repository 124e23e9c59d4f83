"""Whether a handful of values rises: Kendall's exact test, for curves too short for anything else."""

from __future__ import annotations

from functools import cache
from math import factorial

import numpy as np

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.too_short import TooShortError

#: The most values that are taken: for more, ``trend`` heeds autocorrelation, too.
MOST = 10


def p_of_rise(y: FloatArray) -> float:
    """Give the exact one-sided p-value of "no trend" against a rise, by Kendall's count of pairs in order.

    The null hypothesis is that the values are exchangeable, so that each of the n! orders is equally likely. A pair of
    equal values counts as not in order, which can only make p larger. Autocorrelated values are not exchangeable: on a
    random walk of five values all four steps go up in 1 of 16 cases, where this test says 1 of 120. So a second sign
    has to confirm what it finds, namely that training falls meanwhile. Cost O(n²).

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite; n from 4 to 10.

    Returns
    -------
    float
        Share of the n! orders that have at least as many pairs in order.

    Raises
    ------
    TooShortError
        For fewer than 4 values.
    ValueError
        For more than 10.

    References
    ----------
    Kendall (1938), Biometrika 30:81; Mann (1945), Econometrica 13:245, the exact counts.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.kendall import p_of_rise
    >>> print(f"1 in {1 / p_of_rise(np.array([0.32, 0.36, 0.39, 0.41, 0.42])):.0f}")
    1 in 120
    """
    if y.size < 4:
        raise TooShortError("p_of_rise", 4, y.size)
    if y.size > MOST:
        raise ValueError(f"at most {MOST} values, got {y.size}")
    i, j = np.triu_indices(y.size, 1)
    in_order = int((y[j] > y[i]).sum())
    return sum(_orders(y.size)[in_order:]) / factorial(y.size)


@cache
def _orders(n: int) -> tuple[int, ...]:
    """How many orders of n values have 0, 1, 2, … pairs in order."""
    counts = [1]
    for k in range(2, n + 1):
        counts = [sum(counts[max(0, s - k + 1) : s + 1]) for s in range(len(counts) + k - 1)]
    return tuple(counts)
