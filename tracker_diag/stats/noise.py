"""How noisy a curve is around its own course."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.robust import NORMAL, median
from tracker_diag.stats.too_short import TooShortError

#: Nobody can tell stronger autocorrelation than this from a course.
STRONGEST = 0.95

#: Fewer points than this are not halved to see how they hang together.
ENOUGH = 12


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of a detrended curve.

    Attributes
    ----------
    sigma : float
        Robust standard deviation of one point around the course of the curve, in the curve's unit.
    autocorrelation : float
        Lag-one autocorrelation of the noise, in [0, 0.95]; 0 where it is not significant.
    n : int
        Points used.
    upper : float
        One-sided 95 % upper bound of the autocorrelation, at most 0.95.
    """

    sigma: float
    autocorrelation: float
    n: int
    upper: float

    @property
    def inflation(self) -> float:
        """By what the variance of a mean grows against independent points: (1 + r) / (1 - r)."""
        return (1 + self.autocorrelation) / (1 - self.autocorrelation)

    def standard_error(self, points: float) -> float:
        """Give the standard error of the mean of so many consecutive points, at the upper bound of the autocorrelation.

        A curve of a few dozen points hardly tells autocorrelation, and an underestimate makes chance look
        significant. At a larger autocorrelation the same jitter from point to point means a larger standard
        deviation, so both enter. The inflation of a mean of m points is at most m.

        Parameters
        ----------
        points : float
            How many; fewer than one count as one.

        Returns
        -------
        float
            In the curve's unit.
        """
        m, u = max(points, 1.0), self.upper
        sigma = self.sigma * float(np.sqrt(_roughness(self.autocorrelation) / _roughness(u)))
        return float(sigma * np.sqrt(min((1 + u) / (1 - u), m) / m))


def local_mean(y: FloatArray, window: int) -> FloatArray:
    """Average over a centred window that moves; beyond the ends the curve is mirrored so that a line stays a line.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite values in order.
    window : int
        Odd, at most n.

    Returns
    -------
    ndarray, shape (n,)
        The average around each point.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.noise import local_mean
    >>> print(local_mean(np.array([0.0, 1.0, 5.0, 3.0, 4.0]), 3))
    [0. 2. 3. 4. 4.]
    """
    half = min(window // 2, y.size - 1)
    if half < 1:
        return y.copy()
    # Point reflection through the end values keeps the slope at the ends; plain mirroring would flatten it.
    head = 2 * y[0] - y[half:0:-1]
    tail = 2 * y[-1] - y[-2 : -half - 2 : -1]
    padded = np.concatenate((head, y, tail))
    total = np.cumsum(np.concatenate(([0.0], padded)))
    smooth: FloatArray = (total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)
    return smooth


def noise(y: FloatArray, share: float = 0.5) -> Noise:
    r"""Measure the noise of a curve that has a course, robustly.

    Second differences :math:`d_i = y_{i-1} - 2 y_i + y_{i+1}` remove any locally straight course. For AR(1) noise of
    lag-one autocorrelation r, :math:`Var(d) = \sigma^2 (6 - 8 r + 2 r^2)`; the median absolute deviation of d in
    place of its standard deviation keeps spikes and the steep beginning from counting. Where more than half of the
    second differences are equal (a metric of few levels) that deviation is zero, and their standard deviation takes
    its place.

    The autocorrelation is that of the last ``share`` of the curve (see ``autocorrelation``), where a course is
    smooth; one that is not significant at 5 % is taken as none, for in a dozen points chance alone would make sigma
    half as large again. The upper bound keeps what is possible.

    No null is tested. Values must be finite. Heavy tails: the deviation is that of the bulk, so Student-t noise with
    3 degrees of freedom is given 0.8 of its standard deviation. One look or many: the estimate is the same.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite values in order.
    share : float
        Share of the points, from the end and never fewer than 12, whose residuals tell the autocorrelation; 1 for a
        stretch that is smooth throughout.

    Returns
    -------
    Noise
        Of single points around the course.

    Raises
    ------
    TooShortError
        For fewer than 4 points.

    References
    ----------
    Rice (1984), Annals of Statistics 12:1215, difference-based variance; Hampel (1974), JASA 69:383, MAD;
    Croux and Rousseeuw (1992), COMPSTAT 1:411, its correction for few values.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.noise import noise
    >>> steps = np.arange(500)
    >>> found = noise(2 * np.exp(-steps / 100) + 0.1 * np.random.default_rng(0).standard_normal(500))
    >>> print(f"sigma {found.sigma:.1f}, autocorrelation {found.autocorrelation:.1f}")
    sigma 0.1, autocorrelation 0.0
    """
    n = y.size
    if n < 4:
        raise TooShortError("noise", 4, n)
    second = y[:-2] - 2 * y[1:-1] + y[2:]
    part = y[-max(round(share * n), min(n, ENOUGH)) :]
    r, upper = autocorrelation(part)
    if r < float(ndtri(0.95)) / np.sqrt(part.size):
        r = 0.0
    # The course itself curves: the median of the signed differences is its share, and is taken out.
    away = second - median(second)
    around = NORMAL * median(np.abs(away))
    if around == 0:
        around = float(away.std())
    sigma = around / np.sqrt(_roughness(r))
    if second.size < 10:
        sigma *= second.size / (second.size - 0.8)
    return Noise(float(sigma), r, n, upper)


def _roughness(r: float) -> float:
    return 6 - 8 * r + 2 * r * r


def autocorrelation(y: FloatArray) -> tuple[float, float]:
    """Estimate the lag-one autocorrelation of the noise around a smooth course, and its one-sided 95 % upper bound.

    The course is the least-squares fit of a parabola and a logarithm, which follows exponential and power-law
    descents alike and leaves slow noise in the residuals, where a moving average would take it for course. Residuals
    are winsorised at three robust standard deviations. The estimate is corrected for its small-sample bias (Kendall,
    extended to the four fitted coefficients); Bartlett's standard error of it is the root of (1 - r²)/n. From fewer
    than 8 points nothing is estimated: 0, with a bound as wide as n makes it. Cost O(n).

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite values in order.

    Returns
    -------
    r : float
        In [0, 0.95]: stronger autocorrelation cannot be told from a course.
    upper : float
        The bound, in the same range.

    References
    ----------
    Kendall (1954), Biometrika 41:403; Bartlett (1946), Suppl. JRSS 8:27.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.noise import autocorrelation
    >>> noise = [0.0]
    >>> for shock in np.random.default_rng(0).standard_normal(1000):
    ...     noise.append(0.6 * noise[-1] + shock)
    >>> r, upper = autocorrelation(np.array(noise))
    >>> print(f"{r:.1f}, at most {upper:.2f}")
    0.6, at most 0.64
    """
    n, r = y.size, 0.0
    if n >= 8:
        basis = _smooth_basis(n)
        residual = y - basis @ (basis.T @ y)
        limit = 3 * NORMAL * median(np.abs(residual))
        residual = np.clip(residual, -limit, limit)
        power = float(residual @ residual)
        # Below rounding there is no noise to be autocorrelated.
        if power > n * (1e-14 * float(np.abs(y).max())) ** 2:
            raw = float(residual[:-1] @ residual[1:]) / power
            r = float(np.clip((raw * n + 4) / (n - 6), 0.0, STRONGEST))
    return r, float(min(r + ndtri(0.95) * np.sqrt((1 - r * r) / n), STRONGEST))


@lru_cache(maxsize=256)
def _smooth_basis(n: int) -> FloatArray:
    i = np.arange(1.0, n + 1) / n
    basis, _ = np.linalg.qr(np.stack((np.ones(n), i, i * i, np.log(i)), axis=1))
    return np.asarray(basis)
