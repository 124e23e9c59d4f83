"""The distance between two curves at their end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.noise import noise
from tracker_diag.stats.too_short import TooShortError


@dataclass(frozen=True, slots=True)
class Gap:
    """Upper minus lower curve over the last stretch.

    Attributes
    ----------
    value, low, high : float
        Difference of the means, and its 95 % interval, in the curves' unit.
    upper, lower : float
        The two means.
    """

    value: float
    low: float
    high: float
    upper: float
    lower: float


def gap(upper: FloatArray, lower: FloatArray, share: float = 0.2) -> Gap:
    """Measure the difference of the mean levels over the last share of each curve.

    No null is tested: the interval says how sure the value is. Each curve's noise is estimated separately, since
    training and validation differ in it; autocorrelation enters at its upper bound, so that the interval holds the
    truth in at least 95 % of simulated runs with white, AR(1) up to 0.6 or heavy-tailed noise, and in 91 % or more
    with AR(1) 0.9. The curves need not have the same steps. A training loss averaged over its epoch lags by half an
    epoch, which over a settled end is less than the interval.

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
    0.51 from 0.45 to 0.57
    """
    if min(upper.size, lower.size) < 4:
        raise TooShortError("gap", 4, min(upper.size, lower.size))
    variance, means = 0.0, []
    for y in (upper, lower):
        points = max(2, round(share * y.size))
        means.append(float(y[-points:].mean()))
        variance += noise(y).standard_error(points) ** 2
    half = float(ndtri(0.975) * np.sqrt(variance))
    value = means[0] - means[1]
    return Gap(value, value - half, value + half, means[0], means[1])
