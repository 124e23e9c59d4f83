"""Whether a curve goes up or down, and how fast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.condense import condense
from tracker_diag.stats.noise import autocorrelation
from tracker_diag.stats.too_short import TooShortError


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
        Theil–Sen slope in value per step, and the ends of its 95% interval.
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
    """Test for a trend (Mann–Kendall, corrected for autocorrelation), and measure its slope (Theil–Sen).

    The null hypothesis is that there is no monotonic trend. The noise may be autocorrelated.

    The variance of S is inflated by Hamed and Rao's sum over the autocorrelations of the ranks. These autocorrelations
    are those of an AR(1) whose coefficient is fitted around a smooth course and corrected for its bias (see
    ``tracker_diag.stats.noise.autocorrelation``). Two simpler choices fail: in a few dozen points the sum over single
    lags that happen to be significant is erratic, and the residuals of a straight line make every curved descent look
    autocorrelated. The variance is never deflated, because negative autocorrelation in a dozen points is usually
    chance. Ties are corrected for, and the normal approximation has Kendall's continuity correction.

    The false positive rates below were simulated on flat curves (docs/how-it-works/calibration.md):

    - White and heavy-tailed noise, level 5%: at most 6% at any length.
    - AR(1) 0.6, level 5%: 15% in 8 points, 10% in 12, 8% in 20, and 6 to 7% from 40 on.
    - AR(1) 0.9, level 5%: 10% in 5 points, 30% in 8, 21% in 12, 19% in 20, 15% in 40, 9% in 100, and 5% only from 256
      on.
    - AR(1) 0.9, level 1%: 13% in 8 points, 9 to 10% in 12 to 20, and 6% in 40.

    With so strong an autocorrelation no method can tell noise from course in a short curve. Eight points show nothing
    of the autocorrelation, and none is assumed. For repeated looks at a growing curve see
    ``tracker_diag.stats.sequential``.

    Curves of 512 points and more are first condensed to 256 block means, so that the cost of comparing all pairs does
    not grow with the length.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Finite; x strictly increasing.

    Returns
    -------
    Trend
        The slope in the unit of y per unit of x.

    Raises
    ------
    TooShortError
        For fewer than 4 points.

    References
    ----------
    Mann (1945) Econometrica 13:245; Kendall (1975) Rank Correlation Methods; Hamed and Rao (1998) J. Hydrology 204:182;
    Sen (1968) JASA 63:1379.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.trend import trend
    >>> steps = np.arange(10.0)
    >>> found = trend(steps, 2.0 - 0.1 * steps)
    >>> print(f"tau {found.tau:.0f}, slope {found.slope:.1f} per step")
    tau -1, slope -0.1 per step
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
    unit = max(abs(float(x[0])), abs(float(x[-1])))
    u = x / unit
    # Steps a hair apart, or at the ends of the range of numbers, give slopes that are not representable; the median
    # does not mind.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        slopes = dy / (u[j] - u[i])
        slopes[np.isnan(slopes)] = 0.0
        slopes.sort()
        inflation = _inflation(y)
        deviation = float(np.sqrt(variance * inflation))
        z = (s - np.sign(s)) / deviation
        half = float(ndtri(0.975)) * deviation
        low = slopes[max(round((pairs - half) / 2) - 1, 0)] / unit
        high = slopes[min(round((pairs + half) / 2), slopes.size - 1)] / unit
        slope = _median_sorted(slopes) / unit
    return Trend(s / pairs, float(2 * ndtr(-abs(z))), float(slope), float(low), float(high), n, n / inflation)


@lru_cache(maxsize=16)
def _pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    # The indices cost more than the sums they are for, and the curves of a run mostly have one length.
    return np.triu_indices(n, 1)


def _median_sorted(values: FloatArray) -> float:
    middle = values.size // 2
    return float(values[middle] if values.size % 2 else 0.5 * (values[middle - 1] + values[middle]))


def _inflation(y: FloatArray) -> float:
    n = y.size
    r, _ = autocorrelation(y)
    if r == 0.0:
        return 1.0
    lag = np.arange(1.0, n - 1)
    weights = (n - lag) * (n - lag - 1) * (n - lag - 2)
    # The ranks of a bivariate normal of correlation r are correlated by (6/pi) arcsin(r/2).
    return 1 + 2 / (n * (n - 1.0) * (n - 2.0)) * float(weights @ (6 / np.pi * np.arcsin(r**lag / 2)))
