"""Facts of the targets: classes and their counts, variance, order."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tracker_diag.core.profile_schema import Order, Target
from tracker_diag.profile.table import Labels

#: Classes up to which every count is listed.
MAX_LISTED = 1000
#: Different whole numbers up to which they are taken for classes, however few the examples.
FEW = 20


def target(train: Labels | None, validation: Labels | None) -> Target:
    """Describe the targets; an empty description where there are none."""
    if train is None or not train.values.size:
        return Target()
    values = train.values
    if values.ndim == 2:
        number = values.astype(np.float64)
        if _one_hot(number):
            classes = Labels(number.argmax(axis=1), train.rows)
            held = None if validation is None or validation.values.ndim != 2 else validation
            return _classes(
                classes, None if held is None else Labels(held.values.argmax(axis=1), held.rows), number.shape[1]
            )
        if np.isin(number, (0.0, 1.0)).all():
            counts = number.sum(axis=0).astype(int)
            listed = {str(i): int(n) for i, n in enumerate(counts)} if counts.size <= MAX_LISTED else None
            return Target(
                kind="multilabel",
                n_classes=int(counts.size),
                class_counts=listed,
                largest_class=int(counts.max()),
                smallest_class=int(counts.min()),
            )
        return _numbers(number)
    if _are_classes(values):
        return _classes(train, validation, None)
    return _numbers(values.astype(np.float64).reshape(-1, 1))


def codes(labels: Labels, *, regression: bool = False) -> NDArray[np.intp]:
    """Turn targets into small whole numbers: a code for each label; tenths for regression. Shape (m,)."""
    values = labels.values
    if regression:
        number = values.astype(np.float64)
        cuts = np.unique(np.nanquantile(number[np.isfinite(number)], np.linspace(0.1, 0.9, 9)))
        return np.searchsorted(cuts, number)
    return np.unique(_texts(values) if values.dtype.kind in "OUS" else values, return_inverse=True)[1]


def ordered(order: Order | None) -> bool | None:
    """Whether neighbours mostly agree, beyond chance; None where nothing says."""
    if order is None or order.autocorrelation is None or order.p is None:
        return None
    return order.autocorrelation > 0.5 and order.p < 0.001


def _texts(values: NDArray[np.object_]) -> NDArray[np.str_]:
    return values.astype(str)


def _are_classes(values: NDArray[np.object_]) -> bool:
    if values.dtype.kind in "OUSb":
        return True
    number = values.astype(np.float64)
    number = number[np.isfinite(number)]
    if not number.size or (number != np.floor(number)).any():
        return False
    distinct = np.unique(number).size
    return distinct <= FEW or (values.dtype.kind in "iu" and distinct <= number.size / 10)


def _one_hot(number: NDArray[np.float64]) -> bool:
    return bool(np.isin(number, (0.0, 1.0)).all() and (number.sum(axis=1) == 1).all())


def _classes(train: Labels, validation: Labels | None, declared: int | None) -> Target:
    values = train.values
    text = values.dtype.kind in "OUS"
    missing = np.array([v == "nan" for v in _texts(values)]) if text else ~np.isfinite(values.astype(np.float64))
    seen, counts = np.unique(_texts(values[~missing]) if text else values[~missing], return_counts=True)
    if not seen.size:
        return Target(kind="classification", non_finite=int(missing.sum()))
    whole = not text and values.dtype.kind != "b"
    unseen = None
    if validation is not None and validation.values.size and validation.values.ndim == 1:
        held = _texts(validation.values) if text else validation.values
        if text or held.dtype.kind not in "OUS":
            unseen = int((~np.isin(held, seen)).sum())
    listed = None
    if seen.size <= MAX_LISTED:
        listed = {str(int(v) if whole else v)[:200]: int(n) for v, n in zip(seen, counts, strict=True)}
    return Target(
        kind="classification",
        n_classes=declared or int(seen.size),
        class_counts=listed,
        largest_class=int(counts.max()),
        smallest_class=int(counts.min()),
        smallest_label=int(seen[0]) if whole else None,
        largest_label=int(seen[-1]) if whole else None,
        unseen=unseen,
        non_finite=int(missing.sum()),
        order=_order_of_classes(np.unique(_texts(values) if text else values, return_inverse=True)[1]),
    )


def _numbers(number: NDArray[np.float64]) -> Target:
    finite = number[np.isfinite(number).all(axis=1)]
    bad = int((~np.isfinite(number)).sum())
    if not finite.size:
        return Target(kind="regression", non_finite=bad)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, variance = float(finite.mean()), float(finite.var(axis=0).mean())
    return Target(
        kind="regression",
        non_finite=bad,
        mean=mean if math.isfinite(mean) else None,
        variance=variance if math.isfinite(variance) else None,
        order=_order_of_numbers(finite[:, 0]),
    )


def _order_of_classes(code: NDArray[np.intp]) -> Order | None:
    """Test how many neighbours differ, against a shuffled order: the runs test.

    The number of neighbours that differ has the mean (n-1)(1 - Σ n_k(n_k-1)/(n(n-1))) under a random permutation; its
    variance is taken as that of n-1 independent pairs, which is close for many examples (Wald & Wolfowitz 1940, for
    two classes).
    """
    n = code.size
    if n < 10:
        return None
    counts = np.bincount(code).astype(np.float64)
    differ = 1 - float((counts * (counts - 1)).sum()) / (n * (n - 1))
    if differ <= 0:
        return None
    seen = float((np.diff(code) != 0).mean())
    z = (differ - seen) / math.sqrt(max(differ * (1 - differ), 1 / n) / (n - 1))
    return Order(autocorrelation=1 - seen / differ, p=float(2 * stats.norm.sf(abs(z))), is_sorted=_monotone(code))


def _order_of_numbers(value: NDArray[np.float64]) -> Order | None:
    """Rank von Neumann ratio (Bartels 1982) as an autocorrelation of neighbours."""
    n = value.size
    if n < 10 or value.min() == value.max():
        return None
    rank = stats.rankdata(value)
    centred = rank - rank.mean()
    correlation = float((centred[1:] * centred[:-1]).sum() / (centred**2).sum())
    z = correlation * math.sqrt(n)
    return Order(
        autocorrelation=max(-1.0, min(1.0, correlation)), p=float(2 * stats.norm.sf(abs(z))), is_sorted=_monotone(rank)
    )


def _monotone(values: NDArray[np.intp] | NDArray[np.float64]) -> bool:
    steps = np.diff(values)
    return bool((steps >= 0).all() or (steps <= 0).all())
