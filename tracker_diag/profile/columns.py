"""Facts of columns: a pass over all of them, and a description of those most worth it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.profile_schema import QUANTILES, RESOLUTION, Columns, Described, Feature
from tracker_diag.profile.shape import clusters, exponential_distance, information, transforms
from tracker_diag.profile.table import Table
from tracker_diag.stats.arrays import FloatArray

#: Columns that are described.
DESCRIBED = 200
#: Values of a column from which its quantiles and shape are taken.
ENOUGH = 20_000


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


def _block(values: FloatArray) -> tuple[NDArray[Any], ...]:
    finite = np.isfinite(values)
    count = np.maximum(finite.sum(axis=0), 1)
    none = ~finite.any(axis=0)
    filled = np.where(finite, values, 0.0)
    low = np.where(none, np.nan, np.where(finite, values, np.inf).min(axis=0))
    high = np.where(none, np.nan, np.where(finite, values, -np.inf).max(axis=0))
    # Brought to unit size first: the squares of 1e200 are not numbers any more.
    size = np.maximum(np.abs(filled).max(axis=0), np.finfo(np.float64).tiny)
    filled /= size
    mean = filled.sum(axis=0) / count
    centred = np.where(finite, filled - mean, 0.0)
    std = np.sqrt((centred**2).sum(axis=0) / count)
    std[low == high] = 0.0
    skew = (centred**3).sum(axis=0) / count / np.where(std <= RESOLUTION, 1.0, std) ** 3
    skew[std <= RESOLUTION] = 0.0
    scale = np.sqrt(mean**2 + std**2) * size
    two = ((values == low) | (values == high) | ~finite).all(axis=0)
    with np.errstate(over="ignore"):
        return (
            np.where(none, np.nan, mean * size),
            np.where(none, np.nan, std * size),
            low,
            high,
            skew,
            np.where(none, np.nan, scale),
            np.isnan(values).mean(axis=0),
            np.isinf(values).sum(axis=0),
            ~none & (std <= RESOLUTION),
            two,
        )


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
    # What lies beyond the largest number that a double holds is left out of the description, by the schema.
    with np.errstate(over="ignore", invalid="ignore"):
        return [_feature(i, train, val, stats, target) for i in chosen.tolist()]


def _feature(i: int, train: Table, val: Table | None, stats: Basics, target: NDArray[np.intp] | None) -> Feature:
    values = train.columns[:, i]
    # Evenly spread: enough for quantiles and shapes, and the cost of a column stays bounded.
    thin = np.sort(_spread(values[np.isfinite(values)], ENOUGH))
    name = train.names[i][:200]
    informed: dict[str, float] = {}
    if target is not None:
        informed["information"], informed["information_p"] = information(values, target)
    missing = float(stats.missing[i])
    distinct = int(np.unique(thin).size)
    if not train.kinds[i]:
        return Feature(name=name, kind="category", missing=missing, distinct=distinct, **informed)
    held = None if val is None or not val.columns.shape[0] else val.columns[:, i]
    groups, gap = clusters(thin)
    skew = _number(stats.skew[i])
    return Feature(
        name=name,
        kind="number",
        mean=_number(stats.mean[i]),
        std=_number(stats.std[i]),
        min=_number(stats.low[i]),
        max=_number(stats.high[i]),
        quantiles=[float(q) for q in np.quantile(thin, QUANTILES)] if thin.size else None,
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
        **({} if held is None else _shift(thin, held, stats.mean[i], stats.std[i])),
    )


def _shift(thin: FloatArray, held: FloatArray, mean: float, std: float) -> dict[str, Any]:
    other = np.sort(_spread(held[np.isfinite(held)], ENOUGH))
    if not other.size or not thin.size:
        return {"validation": Described(missing=float(np.isnan(held).mean()))}
    spread = np.sqrt((std**2 + other.std() ** 2) / 2)
    both = np.concatenate([thin, other])
    below = np.searchsorted(thin, both, side="right") / thin.size
    below_other = np.searchsorted(other, both, side="right") / other.size
    return {
        "validation": Described(
            mean=_number(other.mean()), std=_number(other.std()), missing=float(np.isnan(held).mean())
        ),
        "smd": _number((other.mean() - mean) / spread) if spread > 0 else None,
        "ks": float(np.abs(below - below_other).max()),
    }


def _spread(values: FloatArray, count: int) -> FloatArray:
    if values.size <= count:
        return values
    return values[np.linspace(0, values.size - 1, count).astype(np.intp)]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
