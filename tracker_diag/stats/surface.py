"""A surface through outcomes at settings of several parameters: what would have come out at another setting."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.too_short import TooShortError

#: Fewest outcomes that a surface is laid through.
FEWEST = 4
#: Lengths that are tried for each parameter, in units of its range: from "neighbours say nothing" to "has no effect".
LENGTHS = (0.15, 0.4, 1.0, 2.5, 8.0)
#: Shares of the variance that are tried for the noise.
NOISES = (0.003, 0.01, 0.03, 0.1, 0.3, 0.8)
#: Passes over the parameters, and what one has to gain in log likelihood for another.
PASSES, GAINED = 3, 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A Gaussian process through outcomes.

    Attributes
    ----------
    points : ndarray, shape (n, p)
        Settings: numbers scaled to their range, 0 to 1, or codes of categories.
    outcomes : ndarray, shape (n,)
        What came out.
    category : ndarray of bool, shape (p,)
        Which parameters are categories.
    lengths : ndarray, shape (p,)
        Of each parameter, in units of its range; between two categories the distance is 1.
    noise : float
        Variance of the noise, as a share of the variance of the surface.
    level, variance : float
        Mean of the outcomes, and the variance of the surface around it.
    """

    points: FloatArray
    outcomes: FloatArray
    category: NDArray[np.bool_]
    lengths: FloatArray
    noise: float
    level: float
    variance: float
    _weights: FloatArray
    _inverse: FloatArray

    @property
    def missed(self) -> FloatArray:
        """By how much each outcome is missed by a surface through the others, shape (n,).

        Each is left out in turn, with the lengths and the noise as they are (Rasmussen and Williams, 5.4.2).
        """
        return np.asarray(self._weights / np.diag(self._inverse))

    @property
    def missed_by(self) -> FloatArray:
        """Standard deviation of what is missed of each, its own noise included, shape (n,)."""
        return np.asarray(np.sqrt(self.variance / np.diag(self._inverse)))

    @property
    def sigma(self) -> float:
        """Standard deviation of the noise, in the unit of the outcomes."""
        return math.sqrt(self.noise * self.variance)

    def at(self, settings: FloatArray) -> FloatArray:
        """Give the expected outcome at other settings.

        Parameters
        ----------
        settings : ndarray, shape (m, p)
            As ``points``.

        Returns
        -------
        ndarray, shape (m,)
            In the unit of the outcomes.
        """
        return self.level + self._correlation(settings) @ self._weights

    def deviation(self, setting: FloatArray) -> float:
        """Give the standard deviation of one outcome at another setting, noise included.

        Parameters
        ----------
        setting : ndarray, shape (p,)
            As a row of ``points``.

        Returns
        -------
        float
            In the unit of the outcomes.
        """
        k = self._correlation(setting[None, :])[0]
        known = float(k @ self._inverse @ k)
        return math.sqrt(max(0.0, 1.0 - known + self.noise) * self.variance)

    def _correlation(self, settings: FloatArray) -> FloatArray:
        far = np.zeros((len(settings), len(self.points)))
        # One parameter after the other: the differences of all at once would not fit into a processor's cache.
        for j, length in enumerate(self.lengths):
            apart = np.abs(settings[:, j, None] - self.points[:, j])
            far += (apart > 0) / length if self.category[j] else apart / length
        return np.exp(-far)


def surface(points: FloatArray, outcomes: FloatArray, category: NDArray[np.bool_]) -> Surface:
    """Fit a surface to the outcomes of runs at several settings.

    The surface is a Gaussian process. Its correlation falls off exponentially with the distance in each parameter
    (Ornstein–Uhlenbeck kernel, a product over parameters). So effects may bend and interact, and a parameter of great
    length has none.

    Lengths and noise are those of greatest posterior density on a small grid, found parameter by parameter. The
    posterior is the marginal likelihood times a log-normal prior on each length, whose median is the range and whose
    deviation is one in logarithms. The prior is needed because a dozen outcomes alone would make some lengths nothing
    and others infinite. Mean and variance follow in closed form. Outcomes at one setting may differ; that is noise.

    Parameters
    ----------
    points : ndarray, shape (n, p)
        Settings: numbers scaled to their range, 0 to 1, or codes of categories. All finite.
    outcomes : ndarray, shape (n,)
        Finite; the caller caps and transforms what has heavy tails.
    category : ndarray of bool, shape (p,)
        Which parameters are categories.

    Returns
    -------
    Surface
        The same whatever the order of the points.

    Raises
    ------
    TooShortError
        With fewer than four outcomes.

    References
    ----------
    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, chapters 2 and 5. Hutter, Hoos and
    Leyton-Brown (2014), ICML: what a surface through a sweep says of its parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.surface import surface
    >>> rate = np.linspace(0, 1, 9)
    >>> found = surface(rate[:, None], (rate - 0.5) ** 2, np.array([False]))
    >>> print(found.at(np.array([[0.5], [1.0]])).round(2))
    [0.   0.25]
    """
    # SciPy takes longer to import than a sweep of nothing new takes.
    from scipy.linalg import cho_factor, cho_solve

    if outcomes.size < FEWEST:
        raise TooShortError("a surface", FEWEST, outcomes.size)
    order = np.lexsort((outcomes, *points.T[::-1])) if points.shape[1] else np.argsort(outcomes)
    points, outcomes = points[order], outcomes[order]
    level = float(outcomes.mean())
    y = outcomes - level
    apart = np.abs(points[:, None, :] - points[None, :, :])
    apart = np.where(category, apart > 0, apart)
    lengths = np.ones(points.shape[1])
    noise = 0.03
    distance = apart @ (1.0 / lengths)
    best = _likelihood(distance, noise, y) + _prior(lengths)
    for _ in range(PASSES):
        before = best
        for j in range(lengths.size):
            for length in LENGTHS:
                other = distance + apart[:, :, j] * (1.0 / length - 1.0 / lengths[j])
                tried = np.where(np.arange(lengths.size) == j, length, lengths)
                found = _likelihood(other, noise, y) + _prior(tried)
                if found > best:
                    best, distance, lengths = found, other, tried
        for share in NOISES:
            found = _likelihood(distance, share, y) + _prior(lengths)
            if found > best:
                best, noise = found, share
        if best - before < GAINED:
            break
    factor = cho_factor(np.exp(-distance) + noise * np.eye(y.size), lower=True)
    inverse = cho_solve(factor, np.eye(y.size))
    weights = cho_solve(factor, y)
    variance = max(float(y @ weights) / y.size, 0.0)
    return Surface(points, outcomes, category, lengths, noise, level, variance, weights, inverse)


def _prior(lengths: FloatArray) -> float:
    """Log density of the lengths: log-normal around the range, of deviation one; up to a constant."""
    return -0.5 * float((np.log(lengths) ** 2).sum())


def _likelihood(distance: FloatArray, noise: float, y: FloatArray) -> float:
    """Log marginal likelihood, the variance being the one of greatest likelihood; up to a constant."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        factor = cho_factor(np.exp(-distance) + noise * np.eye(y.size), lower=True, check_finite=False)
    except LinAlgError:
        return -math.inf
    squares = float(y @ cho_solve(factor, y, check_finite=False))
    halves = float(np.log(np.diag(factor[0])).sum())
    return -0.5 * y.size * math.log(max(squares, 1e-300)) - halves
