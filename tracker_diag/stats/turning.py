"""Where a curve is lowest, and whether it rises after that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtr

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.noise import noise
from tracker_diag.stats.too_short import TooShortError

#: The noise is that of at least so many last points.
FEWEST = 6


@dataclass(frozen=True, slots=True)
class Turning:
    """The lowest stretch of a curve against its end.

    Attributes
    ----------
    step : float
        Centre of the lowest window.
    low_step, high_step : float
        First and last step whose window cannot be told from the lowest (two standard errors of the difference).
    index : int
        Index of that centre.
    best, tail : float
        Mean of the lowest window, and of the last one.
    rise : float
        ``tail - best``, at least 0.
    error : float
        Standard error of the rise.
    p : float
        The p-value of "at rest since the minimum".
    window : int
        Points in a window.
    """

    step: float
    low_step: float
    high_step: float
    index: int
    best: float
    tail: float
    rise: float
    error: float
    p: float
    window: int


def window_size(n: int) -> int:
    """Count the points that are averaged to speak of a level: a tenth of the curve, one for the shortest.

    Parameters
    ----------
    n : int
        Points of the curve.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> from tracker_diag.stats.turning import window_size
    >>> window_size(60), window_size(3)
    (6, 1)
    """
    return max(1, round(n / 10))


def turning(x: FloatArray, y: FloatArray) -> Turning:
    """Compare the end of a curve with its lowest window.

    The null hypothesis is that the curve is at rest from its minimum on, with noise. Maximise by passing ``-y``.

    The lowest of many windows lies below the level by chance. The windows overlap, so the lowest value of a moving mean
    is about as low as that of 1 + (n/w − 1) z²/2 independent ones (Aldous). The p-value of the difference of two window
    means is multiplied by a quarter of that number, and by at least 1.5. With the standard error taken as it is here, a
    quarter keeps the level (simulated).

    The noise is measured on the stretch since the minimum, but on at least 6 points, because noise decays as a run
    settles. Its tails count, because a mean has them. Autocorrelation enters at its upper bound, through the standard
    error of a window's mean. The difference is compared with Student's t. Its degrees of freedom are those of second
    differences, half the points of the stretch.

    The false positive rates below were simulated on curves at rest of 4 to 500 points
    (docs/how-it-works/calibration.md):

    - Level 1%: at most 0.8% for white noise, and 1% for AR(1) noise up to 0.6. Heavy tails (t, 3 degrees of freedom)
      give at most 0.8% up to 256 points, but 1.2% in 4 and 1.5% in 500.
    - Level 0.1%: at most 0.1% for white noise, and not measurably more for the others, except 0.2 to 0.3% for t in 500.
    - AR(1) 0.9, where noise looks like a wandering course: at level 1%, 1 to 2% in 4 to 6 points, 2 to 4% in 8 to 100,
      and 1 to 2% beyond. At level 0.1%, up to 1.4%.

    The test holds for one look; see ``tracker_diag.stats.sequential`` for more.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Finite; x increasing.

    Returns
    -------
    Turning
        Levels in the unit of y, steps in that of x.

    Raises
    ------
    TooShortError
        For fewer than 4 points.

    References
    ----------
    Aldous (1989), Probability Approximations via the Poisson Clumping Heuristic, §C: maxima of moving averages.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.turning import turning
    >>> epochs = np.arange(1.0, 41.0)
    >>> found = turning(epochs, (epochs / 20 - 1) ** 2)
    >>> print(f"lowest at {found.step:g}, {found.rise:.2f} above it at the end")
    lowest at 20, 0.85 above it at the end
    """
    n = y.size
    if n < 4:
        raise TooShortError("turning", 4, n)
    w = window_size(n)
    total = np.cumsum(np.concatenate(([0.0], y)))
    means = (total[w:] - total[:-w]) / w
    lowest = int(np.argmin(means))
    since = noise(y[-max(n - lowest, min(n, FEWEST)) :], share=1.0)
    error = since.standard_error(w) * float(np.sqrt(2))
    best, tail = float(means[lowest]), float(means[-1])
    rise = tail - best
    if rise <= 0:
        p = 1.0
    elif error <= 0:
        p = 0.0
    else:
        one = float(stdtr(since.freedom, -rise / error))
        p = min(1.0, one * _windows(n, w, one))
    centre = min(lowest + w // 2, n - 1)
    alike = np.flatnonzero(means - best <= 2 * error)
    return Turning(
        step=float(x[centre]),
        low_step=float(x[min(int(alike[0]) + w // 2, n - 1)]),
        high_step=float(x[min(int(alike[-1]) + w // 2, n - 1)]),
        index=centre,
        best=best,
        tail=tail,
        rise=max(rise, 0.0),
        error=float(error),
        p=p,
        window=w,
    )


def _windows(n: int, w: int, p: float) -> float:
    """By what the p-value of one window grows, for the lowest is chosen among all that overlap.

    The lowest of them lies as far below the level as that of 1 + (n/w - 1) z²/2 independent ones. That holds for noise
    whose size is known; a quarter keeps the level here, where the standard error takes autocorrelation at its upper
    bound, and where noise that makes the lowest window low makes the standard error large.
    """
    z = float(ndtri(p)) if p > 0 else -np.inf
    return max(1.5, min(n - w, 1 + (n / w - 1) * z * z / 2) / 4)
