"""Effective sample size, and the block bootstrap with a fixed seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tracker_diag.stats.errors import TooShortError

FloatArray = NDArray[np.float64]


def effective_size(y: FloatArray) -> float:
    """How many independent points would say as much about the mean of a stationary series.

    n over the integrated autocorrelation time, summed over the initial positive sequence of pairs (Geyer 1992,
    Statistical Science 7:473).

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite, without a course (detrend first).

    Raises
    ------
    TooShortError
        For fewer than 4 points.
    """
    n = y.size
    if n < 4:
        raise TooShortError("effective_size", 4, n)
    centred = y - y.mean()
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n]
    if covariance[0] <= 0:
        return float(n)
    r = covariance / covariance[0]
    pairs = r[: n - n % 2].reshape(-1, 2).sum(axis=1)
    stop = np.flatnonzero(pairs <= 0)
    time = 2 * float(pairs[: stop[0] if stop.size else pairs.size].sum()) - 1
    return float(np.clip(n / max(time, 1e-9), 1.0, n))


def block_bootstrap(
    y: FloatArray,
    statistic: Callable[[FloatArray], float],
    *,
    draws: int = 500,
    block: int | None = None,
    seed: int = 0,
) -> FloatArray:
    """Resample a stationary series in circular blocks.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite, without a course.
    statistic : callable
        Of an array of the same shape.
    draws : int
        Number of resamples.
    block : int, optional
        Length of a block; by default the cube root of n times the autocorrelation time, the order that is optimal for
        a mean.
    seed : int
        The result is a function of the arguments alone.

    Returns
    -------
    ndarray, shape (draws,)

    Raises
    ------
    TooShortError
        For fewer than 4 points.

    References
    ----------
    Politis and Romano (1992), A circular block-resampling procedure; Hall, Horowitz and Jing (1995) Biometrika
    82:561, n^(1/3).
    """
    n = y.size
    if n < 4:
        raise TooShortError("block_bootstrap", 4, n)
    length = block or int(np.clip(round((n / effective_size(y)) * n ** (1 / 3)), 1, n))
    generator = np.random.default_rng(seed)
    blocks = -(-n // length)
    results = np.empty(draws)
    # One resample at a time: all of them at once would be draws times n.
    for k in range(draws):
        starts = generator.integers(0, n, size=blocks)
        index = (starts[:, None] + np.arange(length)).ravel()[:n] % n
        results[k] = statistic(y[index])
    return results
