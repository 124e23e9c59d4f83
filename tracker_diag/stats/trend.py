"""Whether a curve goes up or down, and how fast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from tracker_diag.stats.condense import condense
from tracker_diag.stats.errors import TooShortError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trend:
    """A monotonic trend.

    Attributes
    ----------
    tau : float
        Kendall's tau against the steps, in [-1, 1].
    p : float
        Two-sided p-value of "no trend".
    slope, low, high : float
        Theil–Sen slope in value per step, and the ends of its 95 % interval.
    n : int
        Points used (blocks, where the curve was condensed).
    n_effective : float
        As many independent points would say as much.
    """

    tau: float
    p: float
    slope: float
    low: float
    high: float
    n: int
    n_effective: float


def trend(x: FloatArray, y: FloatArray) -> Trend:
    """Mann–Kendall test with the Hamed–Rao correction, and the Theil–Sen slope.

    Null: the values are exchangeable but for their autocorrelation, that is, no monotonic trend. The variance of S is inflated
    by the autocorrelations of the ranks of the detrended values that differ from zero at 5 % (Hamed and Rao), never deflated: negative
    autocorrelation in a dozen points is more often chance than help. Ties are corrected for. For repeated looks at a
    growing curve see ``tracker_diag.stats.sequential``.

    Curves of more than 512 points are condensed to block means first: all pairs of those are O(256²), whatever the length.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Finite; x increasing.

    Raises
    ------
    TooShortError
        For fewer than 4 points.

    References
    ----------
    Mann (1945) Econometrica 13:245; Kendall (1975) Rank Correlation Methods; Hamed and Rao (1998) J. Hydrology 204:182;
    Sen (1968) JASA 63:1379.
    """
    if y.size < 4:
        raise TooShortError("trend", 4, y.size)
    x, y = condense(x, y)
    n = y.size
    i, j = _pairs(n)
    dy = y[j] - y[i]
    s = float(np.sign(dy).sum())
    ties = np.unique(y, return_counts=True)[1].astype(np.float64)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    pairs = n * (n - 1) / 2
    if variance <= 0:
        return Trend(0.0, 1.0, 0.0, 0.0, 0.0, n, float(n))
    slopes = dy / (x[j] - x[i])
    slopes.sort()
    slope = _median_sorted(slopes)
    inflation = _rank_inflation(y - slope * x)
    deviation = float(np.sqrt(variance * inflation))
    z = (s - np.sign(s)) / deviation
    half = float(ndtri(0.975)) * deviation
    low = slopes[int(np.clip(np.floor((pairs - half) / 2), 0, slopes.size - 1))]
    high = slopes[int(np.clip(np.ceil((pairs + half) / 2), 0, slopes.size - 1))]
    return Trend(s / pairs, float(2 * ndtr(-abs(z))), slope, float(low), float(high), n, n / inflation)


_PAIRS: dict[int, tuple[NDArray[np.intp], NDArray[np.intp]]] = {}


def _pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    # At most 512 sizes, most of them never met; the indices cost more than the sums they are for.
    if n not in _PAIRS:
        if len(_PAIRS) > 64:
            _PAIRS.clear()
        _PAIRS[n] = np.triu_indices(n, 1)
    return _PAIRS[n]


def _median_sorted(values: FloatArray) -> float:
    middle = values.size // 2
    return float(values[middle] if values.size % 2 else 0.5 * (values[middle - 1] + values[middle]))


def _rank_inflation(residual: FloatArray) -> float:
    n = residual.size
    if n < 10:
        return 1.0
    ranks = np.argsort(np.argsort(residual, kind="stable"), kind="stable").astype(np.float64)
    ranks -= ranks.mean()
    power = float(ranks @ ranks)
    lags = np.arange(1, max(2, n // 4))
    r = np.array([float(ranks[:-k] @ ranks[k:]) / power for k in lags])
    significant = np.where(r > 1.96 / np.sqrt(n), r, 0.0)
    # Only the run of lags that starts at one: a lone far lag among many is what 5 % of them do by chance.
    if (significant == 0).any():
        significant[int(np.argmax(significant == 0)) :] = 0.0
    weights = (n - lags) * (n - lags - 1.0) * (n - lags - 2.0)
    return max(1.0, 1 + 2 / (n * (n - 1.0) * (n - 2.0)) * float(weights @ significant))
