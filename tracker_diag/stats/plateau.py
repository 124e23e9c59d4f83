"""Whether a curve has come to rest: shown by an equivalence test, not by a trend test that failed."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.too_short import TooShortError
from tracker_diag.stats.trend import trend


@dataclass(frozen=True, slots=True)
class Plateau:
    """How much a stretch of a curve moves from its first to its last step.

    Attributes
    ----------
    change, low, high : float
        Movement over the stretch, in the curve's unit, and its 90% interval.
    p_moves : float
        Two-sided p-value of "no trend".
    p_rest : float
        The p-value of "it moves by at least the margin": small means at rest.
    """

    change: float
    low: float
    high: float
    p_moves: float
    p_rest: float


def plateau(x: FloatArray, y: FloatArray, margin: float) -> Plateau:
    """Show that a stretch is at rest, by two one-sided tests (TOST) on its Theil–Sen movement.

    The null hypothesis is that the course moves by at least ``margin`` over the stretch, up or down. The interval is
    that of the slope, so autocorrelation makes it wider, as far as so many points can show it. The test holds for one
    look; see ``tracker_diag.stats.sequential`` for more.

    The rates below were simulated at the margin (docs/how-it-works/calibration.md). They say how often rest is wrongly
    claimed at a level of 5%:

    - White and heavy-tailed noise: at most 5% of stretches, from 4 points on.
    - AR(1) 0.3: 7 to 8% of 4 points, and 5% of other lengths.
    - AR(1) 0.6: 10% of 4 or 8 points, and 4 to 6% of other lengths.
    - AR(1) 0.9: 14% of 4 points, 7% of 5, 11% of 6, 18% of 8, 14% of 12, 12% of 20, and 7% of 100.

    The power was simulated for stretches at rest, with a margin of six standard deviations of white noise. Rest is
    shown in 75% of stretches of 4 points, 47% of 5, 67% of 6, and 91% or more from 8 on. Five points show it least
    often, because the interval must span all ten of their slopes to hold 95%.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Finite; x strictly increasing.
    margin : float
        Positive, in the unit of y.

    Returns
    -------
    Plateau
        The movement in the unit of y.

    Raises
    ------
    TooShortError
        For fewer than 4 points.

    References
    ----------
    Schuirmann (1987) J. Pharmacokinetics and Biopharmaceutics 15:657.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.plateau import plateau
    >>> steps = np.arange(50.0)
    >>> at_rest = 1.0 + 0.01 * np.random.default_rng(0).standard_normal(50)
    >>> plateau(steps, at_rest, margin=0.1).p_rest < 0.05
    True
    >>> plateau(steps, 2.0 - 0.02 * steps, margin=0.1).p_rest < 0.05
    False
    """
    if y.size < 4:
        raise TooShortError("plateau", 4, y.size)
    found = trend(x, y)
    span = float(x[-1]) - float(x[0])
    change = found.slope * span
    error = max(found.high - found.low, 0.0) * span / (2 * float(ndtri(0.975)))
    half = float(ndtri(0.95)) * error
    if error <= 0:
        p_rest = 0.0 if abs(change) < margin else 1.0
    else:
        p_rest = float(max(ndtr(-(margin - change) / error), ndtr(-(margin + change) / error)))
    return Plateau(change, change - half, change + half, found.p, p_rest)
