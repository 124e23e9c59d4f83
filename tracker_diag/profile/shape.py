"""Shape of one column: skew and what would correct it, clusters, information about the target."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tracker_diag.stats.arrays import FloatArray

#: Values from which a lambda is fitted.
FITTED = 1000
#: Skewness below which no transform is fitted: that of a Gaussian of 100 examples strays as far (its standard error is
#: sqrt(6/n) = 0.24).
SKEWED = 0.75
#: Different values below which a column counts as discrete.
DISCRETE = 20


def skewness(values: FloatArray) -> float:
    """Third standardised moment; 0 where the values do not vary."""
    centred = values - values.mean()
    spread = float(centred.std())
    return float((centred**3).mean() / spread**3) if spread > 0 else 0.0


def transforms(ordered: FloatArray) -> dict[str, float]:
    """Fit Box-Cox (for values above zero) and Yeo-Johnson by maximum likelihood.

    Parameters
    ----------
    ordered : ndarray, shape (n,)
        Sorted, finite.

    Returns
    -------
    dict
        ``box_cox``, ``yeo_johnson``, ``skewness_after``; empty for values that are discrete, hardly skewed, or beyond
        what powers can hold.

    References
    ----------
    Box & Cox (1964), J. R. Stat. Soc. B 26:211. Yeo & Johnson (2000), Biometrika 87:954.
    """
    if ordered.size < DISCRETE or np.unique(ordered).size < DISCRETE or max(abs(ordered[0]), abs(ordered[-1])) > 1e12:
        return {}
    part = ordered[np.linspace(0, ordered.size - 1, min(ordered.size, FITTED)).astype(np.intp)]
    if abs(skewness(part)) < SKEWED or part.std() <= 1e-6 * np.abs(part).max():
        return {}
    fitted = {}
    with np.errstate(all="ignore"):
        if part[0] > 0:
            # Free of units: the likelihood's maximum is where it is whatever the scale.
            power = float(stats.boxcox_normmax(part / np.median(part), method="mle"))
            fitted = {"box_cox": power, "skewness_after": skewness(stats.boxcox(part / np.median(part), power))}
        power = float(stats.yeojohnson_normmax(part))
        fitted["yeo_johnson"] = power
        fitted.setdefault("skewness_after", skewness(stats.yeojohnson(part, power)))
    return {k: v for k, v in fitted.items() if np.isfinite(v)}


def exponential_distance(ordered: FloatArray) -> float | None:
    """Kolmogorov-Smirnov distance to the exponential distribution of the same minimum and mean; None if discrete.

    Parameters
    ----------
    ordered : ndarray, shape (n,)
        Sorted, finite.
    """
    if ordered.size < DISCRETE or np.unique(ordered).size < DISCRETE:
        return None
    mean = float(ordered.mean() - ordered[0])
    if not np.isfinite(mean) or mean <= 0:
        return None
    expected = -np.expm1(-(ordered - ordered[0]) / mean)
    after = np.arange(1, ordered.size + 1) / ordered.size
    return float(np.maximum(after - expected, expected - after + 1 / ordered.size).max())


def clusters(ordered: FloatArray) -> tuple[int | None, float | None]:
    """Find groups of values with empty space between them.

    A gap counts if it is wider than 10% of the range from the 1% to the 99% quantile, and wider than the interquartile
    range of the group on either side. A group counts if it holds at least 5% of the values. Neither outliers nor the
    thin tail of a skewed column are therefore a cluster.

    Parameters
    ----------
    ordered : ndarray, shape (n,)
        Sorted, finite.

    Returns
    -------
    (int, float) or (None, None)
        Number of groups, and the widest gap between two as a share of that range; None for fewer than 100 values, or
        discrete values.
    """
    n = ordered.size
    if n < 100 or np.unique(ordered).size <= DISCRETE:
        return None, None
    low, high = np.quantile(ordered, (0.01, 0.99))
    extent = high - low
    if not np.isfinite(extent) or extent <= 0:
        return None, None
    cuts = np.flatnonzero(np.diff(ordered) > 0.1 * extent) + 1
    edges = [0, *cuts.tolist(), n]
    groups = [(a, b) for a, b in pairwise(edges) if b - a >= n / 20]
    kept, widest = groups[:1], 0.0
    for a, b in groups[1:]:
        before = kept[-1]
        gap = float(ordered[a] - ordered[before[1] - 1])
        spread = max(_quartiles(ordered[before[0] : before[1]]), _quartiles(ordered[a:b]))
        if gap > spread:
            kept.append((a, b))
            widest = max(widest, gap / float(extent))
        else:
            kept[-1] = (before[0], b)
    return len(kept), min(1.0, widest)


def information(values: FloatArray, target: NDArray[np.intp]) -> tuple[float, float]:
    """Mutual information of a column with the target, from bins of equal counts, and the p-value of none at all.

    There are 2 to 10 bins, so that at least five examples are expected in each cell. The test compares G = 2 n ln 2 · I
    with χ²; the null hypothesis is independence.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Those that are not finite make a bin of their own.
    target : ndarray of int, shape (n,)
        Codes, at least 0.

    Returns
    -------
    (float, float)
        Bits, at least 0, and p.

    References
    ----------
    Sokal & Rohlf (1995), Biometry, G-test of independence.
    """
    finite = np.isfinite(values)
    rare = np.argsort(-np.bincount(target), kind="stable")
    lookup = np.minimum(np.argsort(rare), 19)
    aim = lookup[target]
    n, ky = aim.size, int(aim.max()) + 1 if aim.size else 0
    if n < 20 or ky < 2 or not finite.any():
        return 0.0, 1.0
    different = np.unique(values[finite])
    wanted = int(np.clip(n // (5 * ky), 2, 10))
    if different.size <= wanted:
        code = np.searchsorted(different, np.where(finite, values, different[0]))
    else:
        cuts = np.unique(np.quantile(values[finite], np.linspace(0, 1, wanted + 1)[1:-1]))
        code = np.searchsorted(cuts, np.where(finite, values, cuts[0]))
    code = np.where(finite, code, wanted + 1)
    joint = np.bincount(code * ky + aim, minlength=(wanted + 2) * ky).reshape(-1, ky).astype(np.float64)
    joint = joint[joint.sum(axis=1) > 0][:, joint.sum(axis=0) > 0]
    if min(joint.shape) < 2:
        return 0.0, 1.0
    expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        g = 2 * float(np.where(joint > 0, joint * np.log(joint / expected), 0.0).sum())
    freedom = (joint.shape[0] - 1) * (joint.shape[1] - 1)
    return max(0.0, g / (2 * n * np.log(2))), float(stats.chi2.sf(max(g, 0.0), freedom))


def _quartiles(values: FloatArray) -> float:
    low, high = np.quantile(values, (0.25, 0.75))
    return float(high - low)
