"""Whether a feature has the same distribution on both sides, tested for all described features together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tracker_diag.core.profile_schema import Feature, Shift
from tracker_diag.profile.table import Table, channels_last
from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.multiplicity import adjusted

#: Finite values of one side below which nothing is tested.
FEWEST = 20
#: Categories that are compared one by one; the others count as one.
CATEGORIES = 50
#: Examples expected of a category on either side; rarer ones are joined, so that χ² holds.
EXPECTED = 5
#: Level at which a feature counts as shifted, after the correction.
LEVEL = 0.01


def ks_p(one: FloatArray, other: FloatArray, distance: float) -> float | None:
    """P-value of a two-sample Kolmogorov-Smirnov distance.

    Parameters
    ----------
    one, other : ndarray, shape (n,), (m,)
        Finite values; the effective number of examples is n m / (n + m).
    distance : float
        Theirs.

    Returns
    -------
    float or None
        Of the asymptotic distribution, too large if values are tied; None for fewer than 20 values on a side.

    References
    ----------
    Hodges (1958), Arkiv för Matematik 3:469.
    """
    n, m = one.size, other.size
    if min(n, m) < FEWEST:
        return None
    return float(np.clip(stats.kstwo.sf(distance, max(1, round(n * m / (n + m)))), 0, 1))


def categories_p(one: FloatArray, other: FloatArray) -> float | None:
    """P-value of the χ² test of homogeneity: both sides have the same shares of categories.

    Parameters
    ----------
    one, other : ndarray, shape (n,), (m,)
        Codes; NaN is a category of its own. The 50 most frequent are compared; the others, and those of which fewer
        than 5 examples are expected on a side, count as one.

    Returns
    -------
    float or None
        None for fewer than 20 values on a side, or a single category.
    """
    n, m = one.size, other.size
    if min(n, m) < FEWEST:
        return None
    codes = np.unique(np.concatenate([one, other]), return_inverse=True)[1]
    both = np.stack([np.bincount(part, minlength=int(codes.max()) + 1) for part in (codes[:n], codes[n:])])
    both = both[:, np.argsort(-both.sum(axis=0), kind="stable")]
    own = both.sum(axis=0) * min(n, m) / (n + m) >= EXPECTED
    own[CATEGORIES:] = False
    both = np.column_stack([both[:, own], both[:, ~own].sum(axis=1)])
    both = both[:, both.sum(axis=0) > 0].astype(np.float64)
    if both.shape[1] < 2:
        return None
    expected = both.sum(axis=1, keepdims=True) * both.sum(axis=0) / both.sum()
    return float(stats.chi2.sf(((both - expected) ** 2 / expected).sum(), both.shape[1] - 1))


def brightness(data: Table) -> FloatArray:
    """Mean of each image by channel, shape (m, channels): the pixels of one image are no independent examples."""
    pictures = channels_last(data.values.reshape(-1, *data.shape))
    with np.errstate(over="ignore", invalid="ignore"):
        means: FloatArray = pictures.reshape(pictures.shape[0], -1, pictures.shape[-1]).mean(axis=1)
    return means


def corrected(features: Sequence[Feature]) -> tuple[list[Feature], Shift | None]:
    """Correct the p-values of features over all of them, and sum up.

    The corrected family is all described features. They are chosen by the training side alone, before the comparison.

    Parameters
    ----------
    features : sequence of Feature
        With ``shift_p`` where a test was made.

    Returns
    -------
    (list of Feature, Shift or None)
        With ``shift_p_adjusted``; None where nothing was tested.

    References
    ----------
    Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57:289.
    """
    made = adjusted({str(i): f.shift_p for i, f in enumerate(features) if f.shift_p is not None})
    if not made:
        return list(features), None
    told = [
        f.model_copy(update={"shift_p_adjusted": made[str(i)]}) if str(i) in made else f for i, f in enumerate(features)
    ]
    shifted = [f for f in told if f.shift_p_adjusted is not None and f.shift_p_adjusted < LEVEL]
    apart = max((f for f in shifted if f.ks is not None), key=lambda f: f.ks or 0.0, default=None)
    return told, Shift(
        tested=len(made),
        shifted=len(shifted),
        largest_ks=None if apart is None else apart.ks,
        largest_ks_name=None if apart is None else apart.name,
    )


def finite(values: NDArray[np.float64]) -> FloatArray:
    """Those values that are finite."""
    return values[np.isfinite(values)]
