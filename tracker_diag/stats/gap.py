"""The distance between two curves at their end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtrit

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.noise import LOST, MEMORIES, autocorrelation, variance_of_mean
from tracker_diag.stats.too_short import TooShortError

#: Points that a curve has, and its later half counts at least.
FEWEST = 4

#: Autocorrelation that a dozen points cannot tell from none.
UNTOLD = 0.6

#: Level at which the later half of a curve is said to go on, and not to swing around its mean.
GOES_ON = 0.001


@dataclass(frozen=True, slots=True)
class Gap:
    """Upper minus lower curve over the last stretch.

    Attributes
    ----------
    value, low, high : float
        Difference of the means, and its 95% interval, in the curves' unit.
    upper, lower : float
        The two means.
    """

    value: float
    low: float
    high: float
    upper: float
    lower: float


def gap(upper: FloatArray, lower: FloatArray, share: float = 0.2) -> Gap:
    """Measure the difference of the mean levels over the last part of each curve.

    No null hypothesis is tested: the interval says how sure the value is. The noise of each curve is the spread of its
    later half around its mean, or around a line where the half still moves. It is measured for each curve on its own,
    because training and validation differ in it, and on the later half, because it decays as a run settles.
    Autocorrelation enters at its upper bound, or at 0.6 where a dozen points may have it and not show it. The quantile
    is Student's t.

    The coverage was simulated on settled curves of 4 to 500 points (docs/how-it-works/calibration.md). The interval
    holds the truth in 95% or more of runs with white, heavy-tailed and AR(1) noise up to 0.6. With AR(1) 0.9 it holds
    the truth in 95% from 100 points on, but only in 83% at 40 and in 69 to 88% of shorter ones, which cannot show how
    long their noise wanders. The interval is wider than that for white noise of known size: 1.7 times at 20 points, 1.3
    times from 100 on, 2.3 times at 8, and 3.2 times at 4.

    The curves need not have the same steps. A training loss averaged over its epoch lags by half an epoch. Over a
    settled end this is less than the interval.

    Parameters
    ----------
    upper, lower : ndarray, shape (n,), (m,)
        Finite.
    share : float
        Share of each curve that counts as its end.

    Returns
    -------
    Gap
        Negative where the upper curve ends below the lower one.

    Raises
    ------
    TooShortError
        For fewer than 4 points in either.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.gap import gap
    >>> rng = np.random.default_rng(0)
    >>> validation, training = 1.5 + 0.1 * rng.standard_normal(200), 1.0 + 0.1 * rng.standard_normal(200)
    >>> found = gap(validation, training)
    >>> print(f"{found.value:.2f} from {found.low:.2f} to {found.high:.2f}")
    0.51 from 0.46 to 0.55
    """
    if min(upper.size, lower.size) < FEWEST:
        raise TooShortError("gap", FEWEST, min(upper.size, lower.size))
    (above, first, m), (below, second, k) = _end(upper, share), _end(lower, share)
    variance, value = first + second, above - below
    half = 0.0
    if variance > 0:
        # Welch and Satterthwaite's degrees of freedom.
        part = first / variance
        freedom = 1 / (part**2 / (m - 1) + (1 - part) ** 2 / (k - 1))
        half = float(stdtrit(freedom, 0.975) * np.sqrt(variance))
    return Gap(value, value - half, value + half, above, below)


def _end(y: FloatArray, share: float) -> tuple[float, float, int]:
    """Mean of the last share, its variance, and the points that tell it."""
    n = y.size
    points = max(2, round(share * n))
    later = y[-max(n // 2, FEWEST) :]
    m = later.size
    u = min(autocorrelation(y)[1], max(UNTOLD, 1 - MEMORIES / m)) if n > LOST else UNTOLD
    line, lags = _line(m)
    away = later - later.mean()
    squares, slope = float(away @ away), float(line @ away) ** 2
    # What the mean of the half takes of the noise, the more the longer its memory, is put back; so is what a line
    # takes, where the half still goes on beyond chance.
    level, tilt = variance_of_mean(u, m), float(lags @ u ** np.arange(m)) / m
    variance = squares / m / (1 - level)
    straight = max(squares - slope, 0.0) / m / (1 - level - tilt)
    if slope > float(stdtrit(m - 2, 1 - GOES_ON / 2)) ** 2 * straight * tilt * m:
        variance = straight
    return float(y[-points:].mean()), variance * variance_of_mean(u, points), m


@lru_cache(maxsize=64)
def _line(m: int) -> tuple[FloatArray, FloatArray]:
    """A line of length one through zero, and its products with itself at each lag, counted on both sides."""
    line = np.arange(m) - (m - 1) / 2
    line /= float(np.sqrt(line @ line))
    lags = np.correlate(line, line, "full")[m - 1 :]
    lags[1:] *= 2
    return line.astype(np.float64), lags.astype(np.float64)
