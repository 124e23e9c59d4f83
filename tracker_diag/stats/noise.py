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

#: A memory 1 / (1 - r) longer than a quarter of the points cannot be told from a course.
MEMORIES = 4

#: Kendall's bias with the four coefficients of the course: n points tell r as 1 - 8/n of it, less 4/n.
LOST, BELOW = 8, 4

#: Fewer points than this are not halved to see how they hang together.
ENOUGH = 12

#: In so many points or more, second differences count as no larger than so many robust deviations.
ENOUGH_FOR_TAILS, TAILS = 8, 5.0

#: Mean of the scaled median absolute deviation of n normal points' second differences; from 10 on within 2% of 1.
SMALL = {4: 1.08, 5: 0.78, 6: 0.87, 7: 0.96, 8: 0.965, 9: 0.99}


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of a detrended curve.

    Attributes
    ----------
    sigma : float
        Robust standard deviation of one point around the course of the curve, in the curve's unit: that of the bulk.
    deviation : float
        Standard deviation of one point with its tails, spikes counted in part, in the curve's unit: it is what decides
        how much a mean of points varies.
    autocorrelation : float
        Lag-one autocorrelation of the noise, in [0, 0.95]; 0 where it is not significant.
    n : int
        Points used.
    upper : float
        The autocorrelation and one standard error of it, at most 0.95.
    """

    sigma: float
    deviation: float
    autocorrelation: float
    n: int
    upper: float

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the deviation: half as many as there are second differences, for these overlap."""
        return (self.n - 2) / 2

    def standard_error(self, points: float) -> float:
        """Give the standard error of the mean of so many consecutive points, at the upper bound of the autocorrelation.

        A curve of a few dozen points hardly tells autocorrelation, and an underestimate makes chance look
        significant. At a larger autocorrelation the same jitter from point to point means a larger standard
        deviation, so both enter.

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
        deviation = self.deviation * float(np.sqrt(_roughness(self.autocorrelation) / _roughness(u)))
        return float(deviation * np.sqrt(variance_of_mean(u, m)))


def variance_of_mean(r: float, points: float) -> float:
    """Give the variance of the mean of consecutive points of an AR(1) of variance one.

    Parameters
    ----------
    r : float
        Lag-one autocorrelation, below 1.
    points : float
        How many, at least 1.

    Returns
    -------
    float
        In (0, 1]: one over the points where r is 0.

    Examples
    --------
    >>> from tracker_diag.stats.noise import variance_of_mean
    >>> print(f"{variance_of_mean(0.0, 4):.2f}, {variance_of_mean(0.6, 4):.2f}")
    0.25, 0.59
    """
    over_all = 2 * r * (1 - float(r**points)) / (points * (1 - r) ** 2)
    return ((1 + r) / (1 - r) - over_all) / points


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
    lag-one autocorrelation r, :math:`Var(d) = \sigma^2 (6 - 8 r + 2 r^2)`. The median absolute deviation of d takes the
    place of its standard deviation, so that spikes and the steep beginning do not count. Where more than half of the
    second differences are equal (a metric of few levels), that deviation is zero, and their standard deviation takes
    its place. Of fewer than 10 points it has a bias, which is divided out (``SMALL``, simulated).

    The tails matter for a mean of points, too. ``deviation`` is the plain standard deviation of the second differences.
    From 8 points on, none of them counts as larger than five robust ones.

    The autocorrelation is that of the last ``share`` of the curve (see ``autocorrelation``), where a course is smooth.
    It counts as none if it is not significant at 5%; in fewer than 20 points it never is. The upper bound keeps what is
    possible.

    No null hypothesis is tested. Values must be finite. The estimate is the same for one look or many.

    The mean of sigma was simulated (docs/how-it-works/calibration.md). It is within 5% of the truth for white noise at
    any length, and 0.75 to 0.9 of the standard deviation for heavy tails (t, 3 degrees of freedom). Up to 20 points it
    measures only the jitter from point to point: 0.55 of the truth for AR(1) 0.6, and a quarter of it for AR(1) 0.9. It
    reaches the truth from 40 and from 256 points on.

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
    Rice (1984), Annals of Statistics 12:1215, difference-based variance; Hampel (1974), JASA 69:383, MAD.

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
    if r * (1 - LOST / part.size) < float(ndtri(0.95)) / np.sqrt(part.size):
        r = 0.0
    # The course itself curves: the median of the signed differences is its share, and is taken out.
    away = second - median(second)
    around = NORMAL * median(np.abs(away))
    if around == 0:
        around = float(away.std())
    roughness = _roughness(r)
    sigma = around / (SMALL.get(n, 1.0) * np.sqrt(roughness))
    if n >= ENOUGH_FOR_TAILS:
        away = np.clip(away, -TAILS * around, TAILS * around)
    # The mean of m second differences telescopes: of their variance 6 it takes 4 / m².
    # In units of the largest, for squares of the smallest numbers are 0.
    unit = float(np.abs(away).max()) or 1.0
    deviation = unit * (away / unit).std() / np.sqrt(roughness * (1 - 2 / 3 / second.size**2))
    return Noise(float(sigma), float(deviation), r, n, upper)


def _roughness(r: float) -> float:
    return 6 - 8 * r + 2 * r * r


def autocorrelation(y: FloatArray) -> tuple[float, float]:
    """Estimate the lag-one autocorrelation of the noise around a smooth course, and how large it may well be.

    The course is the least-squares fit of a parabola and a logarithm. It follows exponential and power-law descents
    alike and leaves slow noise in the residuals, where a moving average would follow that noise. Residuals are
    winsorised at three robust standard deviations.

    The four coefficients fit noise, too. By simulation the residuals of n points show (1 - 8/n) r - 4/n on average, for
    r up to 0.8, and this bias is undone. 8 points show nothing of the autocorrelation, 12 a third, 40 four fifths.
    Bartlett's standard error of what they show is the root of (1 - r²)/n. If the memory 1/(1 - r) of the noise is
    longer than a quarter of the curve, nobody can tell it from a course, so neither value exceeds 1 - 4/n. Cost O(n).

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite values in order.

    Returns
    -------
    r : float
        In [0, 0.95]: stronger autocorrelation cannot be told from a course. 0 for up to 8 points.
    upper : float
        One standard error above it, in the same range; 1 - 4/n for up to 8 points.

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
    0.6, at most 0.63
    """
    n, r = y.size, 0.0
    longest = max(0.0, min(1 - MEMORIES / n, STRONGEST))
    if n <= LOST:
        return 0.0, longest
    told = 1 - LOST / n
    basis = _smooth_basis(n)
    residual = y - basis @ (basis.T @ y)
    limit = 3 * NORMAL * median(np.abs(residual))
    residual = np.clip(residual, -limit, limit)
    power = float(residual @ residual)
    # Below rounding there is no noise to be autocorrelated.
    if power > n * (1e-14 * float(np.abs(y).max())) ** 2:
        raw = float(residual[:-1] @ residual[1:]) / power
        r = float(np.clip((raw + BELOW / n) / told, 0.0, longest))
    return r, float(min(r + np.sqrt((1 - r * r) / n) / told, longest))


@lru_cache(maxsize=256)
def _smooth_basis(n: int) -> FloatArray:
    i = np.arange(1.0, n + 1) / n
    basis, _ = np.linalg.qr(np.stack((np.ones(n), i, i * i, np.log(i)), axis=1))
    return np.asarray(basis)
