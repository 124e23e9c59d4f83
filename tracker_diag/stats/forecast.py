"""Forecasts of one outcome from two sources, and how far a surface's forecasts are to be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.surface import Surface

#: Degrees of freedom of the errors of a forecast: tails so long that one source may be far off, and the other stands.
FREEDOM = 3
#: Deviations by which forecasts are shifted at most: beyond that the outcomes hold no more than one answer.
MOST_SHIFTED = 10.0
#: Nodes around each forecast, and their reach in deviations: 200, in steps that grow with the distance.
NODES, REACH = 241, 6.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """One outcome, foretold with an error.

    Attributes
    ----------
    mean : float
        Where the outcome is expected.
    deviation : float
        Scale of the error, above 0, in the same unit.
    """

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Correction:
    """What makes a surface's forecasts hold for the outcomes that it was laid through, each left out in turn.

    Attributes
    ----------
    scale : float
        What the deviations are multiplied by.
    shift : float
        What is taken from the means, in corrected deviations.
    """

    scale: float
    shift: float

    def of(self, forecast: Forecast) -> Forecast:
        """Correct a forecast.

        Parameters
        ----------
        forecast : Forecast
            By the surface.

        Returns
        -------
        Forecast
            In the same unit.
        """
        deviation = self.scale * forecast.deviation
        return Forecast(forecast.mean - self.shift * deviation, deviation)


def left_out(surface: Surface) -> tuple[FloatArray, FloatArray]:
    """Forecast each outcome of a surface from all the others.

    Lengths, noise and level stay as they are (Rasmussen and Williams, 5.4.2). Cost O(n³).

    Parameters
    ----------
    surface : Surface
        Whose outcomes are not all the same.

    Returns
    -------
    means : ndarray, shape (n,)
        In the order and the unit of ``surface.outcomes``.
    deviations : ndarray, shape (n,)
        Of the outcomes around them, their own noise included.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.forecast import left_out
    >>> from tracker_diag.stats.surface import surface
    >>> x = np.linspace(0, 1, 9)
    >>> means, deviations = left_out(surface(x[:, None], 2 * x, np.array([False])))
    >>> print(f"{means[4]:.1f}, give or take {deviations[4]:.1f}")
    1.0, give or take 0.2
    """
    return surface.outcomes - surface.missed, surface.missed_by


def correction(surface: Surface, bound: float) -> Correction:
    """Find what makes the forecasts of a surface hold, judged by leaving out each outcome in turn.

    The scale is the root mean square of the errors, in deviations. The shift makes the expected number of outcomes up
    to the bound equal to the observed one. It is needed because outcomes are often skewed, and a symmetric error around
    their mean then puts too few there. No null hypothesis is tested.

    Parameters
    ----------
    surface : Surface
        Whose outcomes are not all the same.
    bound : float
        In the unit of the outcomes.

    Returns
    -------
    Correction
        A shift of at most ten deviations.

    References
    ----------
    Gneiting, Balabdaoui and Raftery (2007), J. R. Statist. Soc. B 69:243: forecasts that are calibrated.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.forecast import Forecast, correction
    >>> from tracker_diag.stats.surface import surface
    >>> x = np.linspace(0, 1, 9)
    >>> found = surface(x[:, None], 2 * x, np.array([False]))
    >>> print(f"{correction(found, 0.5).of(Forecast(1.0, 0.2)).deviation:.2f}")
    0.11
    """
    means, deviations = left_out(surface)
    scale = float(np.sqrt(np.mean(((surface.outcomes - means) / deviations) ** 2)))
    away = (bound - means) / (scale * deviations)
    there = float((surface.outcomes <= bound).mean())

    def surplus(shift: float) -> float:
        return float(stdtr(FREEDOM, away + shift).mean()) - there

    # Where all outcomes, or none, lie there, no shift is enough.
    if surplus(-MOST_SHIFTED) >= 0 or surplus(MOST_SHIFTED) <= 0:
        return Correction(scale, math.copysign(MOST_SHIFTED, -surplus(0.0)))
    # SciPy's optimisers take longer to import than a sweep of nothing new takes.
    from scipy.optimize import brentq

    return Correction(scale, float(brentq(surplus, -MOST_SHIFTED, MOST_SHIFTED, xtol=1e-6)))


def chance_below(bound: float, one: Forecast, other: Forecast) -> float:
    r"""Give the chance that an outcome lies at or below a bound, from two independent forecasts of it.

    The density of the outcome is the product of two Student densities of three degrees of freedom, one around each
    forecast. Where both agree, the answer is near that of the mean weighted by precision. Where they are many
    deviations apart, the density has two humps, and the surer forecast has the higher one. So neither forecast is
    trusted blindly, as normal errors would do (O'Hagan, 1979). Computed by the trapezium rule, to three digits.

    Parameters
    ----------
    bound : float
        In the unit of the forecasts.
    one, other : Forecast
        The order does not matter.

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    O'Hagan (1979), J. R. Statist. Soc. B 41:358, on outlier rejection phenomena in Bayes inference.

    Examples
    --------
    >>> from tracker_diag.stats.forecast import Forecast, chance_below
    >>> print(f"{chance_below(1.0, Forecast(1.0, 0.5), Forecast(1.0, 0.1)):.2f}")
    0.50
    >>> print(f"{chance_below(1.0, Forecast(1.0, 0.5), Forecast(1.3, 0.1)):.2f}")
    0.03
    """
    away = np.sinh(np.linspace(-REACH, REACH, NODES))
    around = [f.mean + f.deviation * away for f in (one, other)]
    x = np.sort(np.concatenate((*around, [bound])))
    density = _density((x - one.mean) / one.deviation) * _density((x - other.mean) / other.deviation)
    parts = np.diff(x) * (density[1:] + density[:-1])
    total = float(parts.sum())
    return float(parts[x[1:] <= bound].sum()) / total if total > 0 else float(bound >= min(one.mean, other.mean))


def _density(x: FloatArray) -> FloatArray:
    """Student's density, up to a factor."""
    return np.asarray((1 + x * x / FREEDOM) ** (-(FREEDOM + 1) / 2))
