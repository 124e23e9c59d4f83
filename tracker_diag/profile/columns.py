"""Facts of columns: a pass over all of them, and a description of those most worth it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.profile_schema import QUANTILES, RESOLUTION, Columns, Described, Feature
from tracker_diag.profile.scan import Scan
from tracker_diag.profile.shape import clusters, exponential_distance, information, transforms
from tracker_diag.profile.shift import brightness, categories_p, finite, ks_p
from tracker_diag.profile.table import Table
from tracker_diag.stats.arrays import FloatArray

#: Columns that are described.
DESCRIBED = 200
#: Values of a column from which its quantiles and shape are taken.
ENOUGH = 20_000
TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True, eq=False)
class Basics:
    """First moments of each column over its finite values; every array has shape (d,)."""

    mean: FloatArray
    std: FloatArray
    low: FloatArray
    high: FloatArray
    skew: FloatArray
    scale: FloatArray
    missing: FloatArray
    infinite: NDArray[np.intp]
    near_constant: NDArray[np.bool_]
    two_valued: NDArray[np.bool_]


def basics(values: FloatArray) -> Basics:
    """Go over all columns in blocks, so that the memory stays bounded."""
    width = values.shape[1]
    if values.size == 0:
        empty, none = np.full(width, np.nan), np.zeros(width, dtype=bool)
        return Basics(empty, empty, empty, empty, empty, empty, empty, np.zeros(width, dtype=np.intp), none, none)
    block = max(1, 2_000_000 // values.shape[0])
    parts = [_block(values[:, i : i + block]) for i in range(0, width, block)]
    return Basics(*(np.concatenate(p) for p in zip(*parts, strict=True)))


def over_all(stats: Basics, seen: Scan | None) -> Basics:
    """Put moments, extremes and counts of all examples in the place of those of a sample.

    Parameters
    ----------
    stats : Basics
        Of the examples read.
    seen : Scan or None
        Of all; where its sums went beyond what doubles hold, the sample's moments stay.
    """
    if seen is None or not stats.mean.size:
        return stats
    some = seen.known & (seen.count > 0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        std = np.where(seen.low == seen.high, 0.0, np.sqrt(seen.squares / seen.count))
        scale = np.hypot(seen.mean, std)
    usable = some & np.isfinite(scale)
    total = seen.count + seen.missing + seen.infinite
    missing = np.where(seen.known, seen.missing / np.maximum(total, 1), stats.missing)
    infinite = np.where(seen.known, seen.infinite, stats.infinite).astype(np.intp)
    low, high = np.where(some, seen.low, stats.low), np.where(some, seen.high, stats.high)
    return replace(
        stats,
        mean=np.where(usable, seen.mean, stats.mean),
        std=np.where(usable, std, stats.std),
        scale=np.where(usable, scale, stats.scale),
        low=low,
        high=high,
        missing=missing,
        infinite=infinite,
        near_constant=np.where(usable, std <= RESOLUTION * scale, stats.near_constant),
        two_valued=stats.two_valued & (low == stats.low) & (high == stats.high),
    )


def _block(values: FloatArray) -> tuple[NDArray[Any], ...]:
    finite = np.isfinite(values)
    whole = bool(finite.all())
    count = np.maximum(finite.sum(axis=0), 1)
    none = ~finite.any(axis=0)
    # A mask costs a copy, which most data need not.
    filled = values if whole else np.where(finite, values, 0.0)
    low = np.where(none, np.nan, (values if whole else np.where(finite, values, np.inf)).min(axis=0))
    high = np.where(none, np.nan, (values if whole else np.where(finite, values, -np.inf)).max(axis=0))
    # Brought to unit size first: the squares of 1e200 are not numbers any more.
    size = np.maximum(np.maximum(np.abs(np.where(none, 0, low)), np.abs(np.where(none, 0, high))), TINY)
    centred = filled / size
    mean = centred.sum(axis=0) / count
    centred -= mean
    if not whole:
        centred[~finite] = 0.0
    std = np.sqrt(np.einsum("ij,ij->j", centred, centred) / count)
    std[low == high] = 0.0
    skew = np.einsum("ij,ij,ij->j", centred, centred, centred) / count / np.where(std <= RESOLUTION, 1.0, std) ** 3
    skew[std <= RESOLUTION] = 0.0
    scale = np.sqrt(mean**2 + std**2) * size
    with np.errstate(over="ignore"):
        return (
            np.where(none, np.nan, mean * size),
            np.where(none, np.nan, std * size),
            low,
            high,
            skew,
            np.where(none, np.nan, scale),
            np.zeros(none.size) if whole else np.isnan(values).mean(axis=0),
            np.zeros(none.size, dtype=np.intp) if whole else np.isinf(values).sum(axis=0),
            ~none & (std <= RESOLUTION),
            _two_valued(values, low, high),
        )


def _two_valued(values: FloatArray, low: FloatArray, high: FloatArray) -> NDArray[np.bool_]:
    def extreme(part: FloatArray, least: FloatArray, most: FloatArray) -> NDArray[np.bool_]:
        two: NDArray[np.bool_] = ((part == least) | (part == most) | ~np.isfinite(part)).all(axis=0)
        return two

    # The first examples rule out nearly all others.
    found = extreme(values[:100], low, high)
    found[found] = extreme(values[:, found], low[found], high[found])
    return found


def worth_describing(stats: Basics, kinds: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Choose the columns to describe: all, or the extremes of each kind and an even spread of the others."""
    width = kinds.size
    if width <= DESCRIBED:
        return np.arange(width)
    varies = kinds & ~stats.near_constant & ~stats.two_valued & np.isfinite(stats.scale)
    order = np.flatnonzero(varies)[np.argsort(stats.scale[varies], kind="stable")]
    skewed = np.argsort(-np.abs(np.where(np.isfinite(stats.skew), stats.skew, 0)), kind="stable")
    chosen = [
        order[:10],
        order[::-1][:10],
        np.flatnonzero(stats.near_constant & kinds)[:20],
        np.flatnonzero((stats.missing > 0) | (stats.infinite > 0))[:20],
        skewed[:40],
        np.linspace(0, width - 1, DESCRIBED).astype(np.intp),
    ]
    first = dict.fromkeys(np.concatenate(chosen).tolist())
    return np.sort(np.array(list(first)[:DESCRIBED], dtype=np.intp))


def aggregate(stats: Basics, names: tuple[str, ...], kinds: NDArray[np.bool_], described: int) -> Columns:
    """Sum up all columns."""
    compared = np.flatnonzero(
        kinds & ~stats.near_constant & ~stats.two_valued & np.isfinite(stats.scale) & (stats.scale > 0)
    )
    small = large = None
    if compared.size:
        small = int(compared[np.argmin(stats.scale[compared])])
        large = int(compared[np.argmax(stats.scale[compared])])
    return Columns(
        count=len(names),
        described=described,
        near_constant=int((stats.near_constant & kinds).sum()),
        non_finite=int(((stats.missing > 0) | (stats.infinite > 0)).sum()),
        skewed=int((np.abs(stats.skew[kinds]) > 2).sum()),
        smallest_scale=None if small is None else float(stats.scale[small]),
        smallest_scale_name=None if small is None else names[small][:200],
        largest_scale=None if large is None else float(stats.scale[large]),
        largest_scale_name=None if large is None else names[large][:200],
    )


def describe(
    train: Table,
    val: Table | None,
    stats: Basics,
    chosen: NDArray[np.intp],
    target: NDArray[np.intp] | None,
) -> list[Feature]:
    """Describe the chosen columns.

    Parameters
    ----------
    train, val : Table, Table or None
        The two sides.
    stats : Basics
        Of all columns of the training side.
    chosen : ndarray of int, shape (k,)
        Positions of the columns.
    target : ndarray of int, shape (m,), or None
        The target of each example read, as a code.
    """
    if not train.columns.size:
        return []
    lit = None
    if val is not None and val.values.size and train.image and len(train.shape) <= 3 and train.shape == val.shape:
        lit = brightness(train), brightness(val)
    # What lies beyond the largest number that a double holds is left out of the description, by the schema.
    with np.errstate(over="ignore", invalid="ignore"):
        return [_feature(i, train, val, stats, target, lit) for i in chosen.tolist()]


def _feature(
    i: int,
    train: Table,
    val: Table | None,
    stats: Basics,
    target: NDArray[np.intp] | None,
    lit: tuple[FloatArray, FloatArray] | None,
) -> Feature:
    values = train.columns[:, i]
    # Evenly spread: enough for quantiles and shapes, and the cost of a column stays bounded.
    thin = np.sort(_spread(values[np.isfinite(values)], ENOUGH))
    name = train.names[i][:200]
    informed: dict[str, float] = {}
    if target is not None:
        informed["information"], informed["information_p"] = information(values, target)
    missing = float(stats.missing[i])
    distinct = int(np.unique(thin).size)
    held = None if val is None or not val.columns.shape[0] else val.columns[:, i]
    if not train.kinds[i]:
        # Texts hardly ever recur: their shares say nothing.
        tested = held is not None and val is not None and not val.kinds[i] and train.texts is None
        moved = categories_p(_spread(values, ENOUGH), _spread(held, ENOUGH)) if tested and held is not None else None
        return Feature(name=name, kind="category", missing=missing, distinct=distinct, shift_p=moved, **informed)
    if val is not None and not val.kinds[i]:
        held = None
    groups, gap = clusters(thin)
    skew = _number(stats.skew[i])
    return Feature(
        name=name,
        kind="number",
        mean=_number(stats.mean[i]),
        std=_number(stats.std[i]),
        min=_number(stats.low[i]),
        max=_number(stats.high[i]),
        quantiles=_quantiles(thin) if thin.size else None,
        skewness=skew,
        missing=missing,
        infinite=int(stats.infinite[i]),
        distinct=distinct,
        whole=bool((thin == np.floor(thin)).all()) if thin.size else None,
        clusters=groups,
        gap=gap,
        exponential_distance=exponential_distance(thin),
        **transforms(thin),
        **informed,
        **({} if held is None or val is None else _shift(i, thin, held, stats, val, lit)),
    )


def _shift(
    i: int,
    thin: FloatArray,
    held: FloatArray,
    stats: Basics,
    val: Table,
    lit: tuple[FloatArray, FloatArray] | None,
) -> dict[str, Any]:
    other = np.sort(_spread(held[np.isfinite(held)], ENOUGH))
    missing, mean, std = float(np.isnan(held).mean()), np.nan, np.nan
    if other.size:
        mean, std = float(other.mean()), float(other.std())
    seen = val.scan
    if seen is not None and seen.known[i]:
        missing = float(seen.missing[i] / (seen.count[i] + seen.missing[i] + seen.infinite[i]))
        if np.isfinite(seen.squares[i]) and seen.count[i]:
            mean, std = float(seen.mean[i]), float(np.sqrt(seen.squares[i] / seen.count[i]))
    described = Described(mean=_number(mean), std=_number(std), missing=missing)
    if not other.size or not thin.size:
        return {"validation": described}
    spread = np.sqrt((stats.std[i] ** 2 + std**2) / 2)
    ks = _distance(thin, other)
    one, two = (thin, other) if lit is None else (finite(lit[0][:, i]), finite(lit[1][:, i]))
    apart = ks if lit is None else _distance(np.sort(one), np.sort(two)) if one.size and two.size else 0.0
    return {
        "validation": described,
        "smd": _number((mean - stats.mean[i]) / spread) if spread > 0 else None,
        "ks": ks,
        "shift_p": ks_p(one, two, apart),
    }


def _distance(one: FloatArray, other: FloatArray) -> float:
    """Kolmogorov-Smirnov distance of sorted values."""
    both = np.concatenate([one, other])
    below = np.searchsorted(one, both, side="right") / one.size
    below_other = np.searchsorted(other, both, side="right") / other.size
    return float(np.abs(below - below_other).max())


def _quantiles(ordered: FloatArray) -> list[float]:
    # Halved where the values lie further apart than the largest double, which interpolation would exceed.
    part = 1.0 if np.isfinite(ordered[-1] - ordered[0]) else 0.5
    return [float(q / part) for q in np.quantile(part * ordered, QUANTILES)]


def _spread(values: FloatArray, count: int) -> FloatArray:
    if values.size <= count:
        return values
    return values[np.linspace(0, values.size - 1, count).astype(np.intp)]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
