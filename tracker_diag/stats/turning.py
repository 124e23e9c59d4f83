"""Where a curve is lowest, and whether it rises after that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.noise import noise
from tracker_diag.stats.too_short import TooShortError


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

    Null: from its minimum on the curve is at rest, with noise. The minimum of m windows lies below the level by
    chance; the p-value is therefore that of the difference of two window means times the number of disjoint windows
    of the curve (Bonferroni over where the minimum may be), which holds whatever their dependence. The noise is that
    of the stretch since the minimum, though of 6 points at least, since noise decays as a run settles;
    autocorrelation enters at its upper bound through the standard error of a window's mean. The difference is
    referred to Student's t with one degree of freedom less than the stretch has points, for the noise is estimated, and
    robustly. Maximise by passing ``-y``.

    Simulated on settling curves (``scripts/calibrate``), the false-alarm rate is at or below a level of 1 % for white,
    AR(1) 0.3 and heavy-tailed (t, 3 degrees of freedom) noise, and two to three times it for AR(1) 0.6 in a dozen
    points and AR(1) 0.9 in less than a few hundred: there noise is a wandering course. One look; see
    ``tracker_diag.stats.sequential`` for more.

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
    since = y[-max(n - lowest, min(n, 6)) :]
    error = noise(since, share=1.0).standard_error(w) * float(np.sqrt(2))
    best, tail = float(means[lowest]), float(means[-1])
    rise = tail - best
    if rise <= 0:
        p = 1.0
    elif error <= 0:
        p = 0.0
    else:
        p = float(min(1.0, n / w * stdtr(since.size - 1, -rise / error)))
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
