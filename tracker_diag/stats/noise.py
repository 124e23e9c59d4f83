"""How noisy a curve is around its own course."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker_diag.stats.errors import TooShortError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of a detrended curve.

    Attributes
    ----------
    sigma : float
        Robust standard deviation of one point around the course of the curve, in the curve's unit.
    autocorrelation : float
        Lag-one autocorrelation of the residuals, in [0, 0.95].
    n : int
        Points used.
    """

    sigma: float
    autocorrelation: float
    n: int

    @property
    def inflation(self) -> float:
        """By what the variance of a mean grows against independent points: (1 + r) / (1 - r)."""
        return (1 + self.autocorrelation) / (1 - self.autocorrelation)

    def standard_error(self, points: float) -> float:
        """Standard error of the mean of so many consecutive points."""
        return float(self.sigma * np.sqrt(min(self.inflation, max(points, 1.0)) / max(points, 1.0)))


def local_mean(y: FloatArray, window: int) -> FloatArray:
    """Centred moving average; at the ends, of the points there are, mirrored so that a straight line stays straight.

    Parameters
    ----------
    y : ndarray, shape (n,)
    window : int
        Odd, at most n.

    Returns
    -------
    ndarray, shape (n,)
    """
    half = min(window // 2, y.size - 1)
    if half < 1:
        return y.copy()
    # Point reflection through the end values keeps the slope at the ends; plain mirroring would flatten it.
    head = 2 * y[0] - y[half:0:-1]
    tail = 2 * y[-1] - y[-2 : -half - 2 : -1]
    padded = np.concatenate((head, y, tail))
    total = np.cumsum(np.concatenate(([0.0], padded)))
    return (total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)


def noise(y: FloatArray) -> Noise:
    r"""Robust noise level of a curve that has a course.

    Second differences :math:`d_i = y_{i-1} - 2 y_i + y_{i+1}` remove any locally straight course. For AR(1) noise of
    lag-one autocorrelation r, :math:`Var(d) = \sigma^2 (6 - 8 r + 2 r^2)`; the median absolute deviation of d in place of its
    standard deviation keeps spikes and the steep beginning from counting.

    No null is tested. Values must be finite. The autocorrelation is that of the residuals of a moving average over a fifth
    of the curve, corrected for its small-sample bias (Kendall 1954, Biometrika 41:403), so for short curves it is a rough figure.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite values in order.

    Raises
    ------
    TooShortError
        For fewer than 4 points.

    References
    ----------
    Rice (1984), Annals of Statistics 12:1215, difference-based variance; Hampel (1974), JASA 69:383, MAD.
    """
    n = y.size
    if n < 4:
        raise TooShortError("noise", 4, n)
    second = y[:-2] - 2 * y[1:-1] + y[2:]
    r = _autocorrelation(y) if n >= 12 else 0.0
    # The course itself curves: the median of the signed differences is its share, and is taken out.
    spread = 1.4826 * float(np.median(np.abs(second - np.median(second))))
    sigma = spread / np.sqrt(6 - 8 * r + 2 * r * r)
    if n - 2 < 10:
        # Small-sample correction of the MAD (Croux and Rousseeuw 1992): unbiased at the normal for few values.
        sigma *= (n - 2) / (n - 2 - 0.8)
    return Noise(float(sigma), r, n)


def _autocorrelation(y: FloatArray) -> float:
    n = y.size
    window = max(5, n // 5) | 1
    residual = y - local_mean(y, window)
    half = window // 2
    inner = residual[half : n - half] if n - 2 * half >= 8 else residual
    # Rank-free but winsorised: one spike would otherwise decide the figure.
    limit = 3 * 1.4826 * float(np.median(np.abs(inner)))
    inner = np.clip(inner, -limit, limit)
    power = float(inner @ inner)
    if power <= 0:
        return 0.0
    r = float(inner[:-1] @ inner[1:]) / power
    # A moving average of w points takes about 1/w of white noise away and leaves -1/w in its place; Kendall's bias is (1+3r)/m.
    r += 1 / window + (1 + 3 * r) / inner.size
    return float(np.clip(r, 0.0, 0.95))
