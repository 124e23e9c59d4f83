"""On which scale the noise of a curve is even: its own, or that of its logarithm."""

from __future__ import annotations

import numpy as np

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.robust import median

#: Times the lowest level that the highest must be: within less the two scales are one.
RANGE = 2.0
#: Second differences that each half takes.
EACH = 4


def even_in_logs(y: FloatArray) -> bool:
    """Tell whether the noise grows with the level, so that it is evener on the logarithm.

    Second differences are taken on both scales, and divided at the median of their levels. Their median absolute size
    is compared between the higher and the lower half, as a ratio. The scale is taken on which the halves differ less.
    No null hypothesis is tested: a test that follows is as reliable on either scale, if the noise is even there.

    The curve's own scale is taken in three cases: a value is not positive, levels differ by less than a factor of two,
    or either half has fewer than four points. A smooth course counts as noise: an exponential is evener in logarithms.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Finite values in order.

    Returns
    -------
    bool
        Whether to take the logarithm.

    References
    ----------
    Box and Cox (1964), JRSS B 26:211: transforming to constant variance; Rice (1984), Annals of Statistics 12:1215.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.even import even_in_logs
    >>> noise, climbing = np.random.default_rng(0).standard_normal(60), np.linspace(1, 30, 60)
    >>> even_in_logs(climbing * np.exp(0.2 * noise)), even_in_logs(climbing + 0.2 * noise)
    (True, False)
    """
    if y.size < 2 * EACH + 2 or not float(y.min()) > 0:
        return False
    level = y[:-2] + y[1:-1] + y[2:]
    if float(level.max()) < RANGE * float(level.min()):
        return False
    high = level > median(level)
    if int(high.sum()) < EACH:
        return False

    def unevenness(values: FloatArray) -> float:
        away = np.abs(values[:-2] - 2 * values[1:-1] + values[2:])
        above, below = median(away[high]), median(away[~high])
        return abs(float(np.log(above / below))) if above > 0 and below > 0 else float("inf")

    return unevenness(np.log(y)) < unevenness(y)
