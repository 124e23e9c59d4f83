"""Whether a curve swings instead of settling, and where it jumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.noise import local_mean
from tracker_diag.stats.robust import NORMAL, median, spread
from tracker_diag.stats.too_short import TooShortError


@dataclass(frozen=True, slots=True)
class Oscillation:
    """Swings of the later half of a curve.

    Attributes
    ----------
    amplitude : float
        Robust standard deviation of the second half around its own straight course, in the curve's unit.
    early : float
        The same for the first half, around its local mean.
    reversals : float
        Share of steps at which the direction turns; 2/3 for white noise, 0 for a smooth curve.
    """

    amplitude: float
    early: float
    reversals: float


def oscillation(y: FloatArray) -> Oscillation:
    """Measure the swings of the second half of a curve.

    No null hypothesis is tested: the amplitude is an effect, to be compared with the total improvement. The share of
    reversals is that of the turning-point test (Bienaymé 1874; Kendall, Time Series, §2.4). The straight course is
    Tukey's resistant line through the medians of the outer thirds, so that single spikes do not count as swings.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite.

    Returns
    -------
    Oscillation
        Amplitudes in the unit of y.

    Raises
    ------
    TooShortError
        For fewer than 8 points.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.oscillation import oscillation
    >>> oscillation(np.tile([1.0, 2.0], 10)).reversals
    1.0
    >>> oscillation(np.linspace(2.0, 1.0, 20)).reversals
    0.0
    """
    n = y.size
    if n < 8:
        raise TooShortError("oscillation", 8, n)
    late, early = y[n // 2 :], y[: n // 2]
    m = late.size
    third = max(1, m // 3)
    left, right = median(late[:third]), median(late[-third:])
    slope = (right - left) / max(1, m - third)
    residual = late - slope * np.arange(m)
    amplitude = spread(residual)
    around = early - local_mean(early, max(3, early.size // 4) | 1)
    signs = np.sign(np.diff(late))
    turns = float((signs[1:] * signs[:-1] < 0).mean()) if m > 2 else 0.0
    return Oscillation(amplitude, NORMAL * median(np.abs(around)), turns)


def spikes(y: FloatArray, z: float = 8.0) -> NDArray[np.intp]:
    """Find isolated jumps upwards from which the curve comes back within a few points.

    A point is a jump when two conditions hold. It lies more than ``z`` robust standard deviations above the larger of
    the medians of the points before and after it. And it lies above the level it came from by more than the curve
    improves over the window. The running median keeps neighbours of a jump from hiding it. The deviation of n points is
    itself uncertain, so z is raised by z · 8/n: twofold at 8 points, by a twelfth at 100.

    The rates below were simulated at z = 8 (docs/how-it-works/calibration.md). White and AR(1) noise give about one
    jump in 100,000 points below 16 points, and none in 400,000 from there on. With a known deviation it would be one in
    10^15. Heavy tails (Student's t, 3 degrees of freedom) give 6 to 8 in 100,000 points at 8, 30 at 20, and 70 to 80
    from 100 on, because such noise consists of jumps.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite.
    z : float
        In robust standard deviations.

    Returns
    -------
    ndarray of int
        Indices, the highest point of each jump; empty for fewer than 8 points.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.oscillation import spikes
    >>> loss = np.linspace(2.0, 1.0, 20)
    >>> loss[7] = 5.0
    >>> print(spikes(loss))
    [7]
    """
    n = y.size
    if n < 8:
        return np.empty(0, dtype=np.intp)
    half = 3
    padded = np.concatenate((np.full(half, y[0]), y, np.full(half, y[-1])))
    of_three = _medians_of_three(padded)
    before, after = of_three[:n], of_three[half + 1 : half + 1 + n]
    reference = np.maximum(before, after)
    excess = y - reference
    deviation = NORMAL * median(np.abs(y - (before + after) / 2))
    floor = 1e-9 * float(np.max(np.abs(y)))
    high = np.flatnonzero(excess > np.maximum(z * (1 + 8 / n) * deviation, floor))
    high = high[(high >= half) & (high < n - half)]
    if high.size == 0:
        return high
    groups = np.split(high, np.flatnonzero(np.diff(high) > half) + 1)
    return np.array([g[np.argmax(y[g])] for g in groups], dtype=np.intp)


def _medians_of_three(y: FloatArray) -> FloatArray:
    a, b, c = y[:-2], y[1:-1], y[2:]
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
