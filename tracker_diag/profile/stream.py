"""Batches as they come, such as those of a data loader: an even sample of their examples, and a scan of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.profile.scan import merged, of_chunk
from tracker_diag.profile.table import Labels, Table, by_channel, kept, labels, settled, table


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Examples of some batches that are still in the sample, the target and the drawn number of each."""

    values: NDArray[np.float64]
    texts: NDArray[Any] | None
    targets: NDArray[Any] | None
    read: NDArray[np.intp]
    drawn: NDArray[np.float64]

    def where(self, keep: NDArray[np.bool_]) -> _Part:
        return _Part(
            self.values[keep],
            None if self.texts is None else self.texts[keep],
            None if self.targets is None else self.targets[keep],
            self.read[keep],
            self.drawn[keep],
        )


def is_stream(data: Any) -> bool:
    """Whether data come in batches: they can be iterated, but are not an array, a frame or a list."""
    arrays = ("shape", "__array__", "detach")
    listed = isinstance(data, Sequence | Set | Mapping)
    return hasattr(data, "__iter__") and not listed and not any(hasattr(data, name) for name in arrays)


def gathered(data: Any, name: str, feature_names: Sequence[str] | None) -> tuple[Table, Labels | None]:
    """Read batches once.

    Each example gets a random number, and the examples with the smallest numbers are the sample. Every example thus has
    the same chance, however many there will be (Vitter 1985, ACM TOMS 11:37).

    Raises
    ------
    ValueError
        If a batch cannot be read, or differs from the first in columns.
    """
    rng = np.random.default_rng(0)
    first: Table | None = None
    seen, limit, rows, found = None, 1.0, 0, 0
    parts: list[_Part] = []
    for position, (inputs, targets) in enumerate(_pairs(data, name)):
        where = f"batch {position} of {name}"
        batch = table(inputs, where, feature_names)
        aim = None if targets is None else labels(targets, f"the targets of {where}", batch)
        if first is None:
            first = batch
        _alike(first, batch, where, parts, aim)
        counted = batch.scan or of_chunk(batch.columns)
        seen = counted if seen is None else merged(seen, counted)
        drawn = rng.random(batch.read.size)
        part = _Part(batch.values, batch.texts, None if aim is None else aim.values, batch.read + rows, drawn).where(
            drawn < limit
        )
        rows += batch.rows
        found += part.read.size
        parts.append(part)
        most = kept(2**62, first.values.shape[1])
        if found > 1.25 * most:
            parts = [_smallest(_joined(parts), most)]
            found, limit = most, float(parts[0].drawn.max())
    if first is None:
        return table(np.empty((0, 0)), name, None), None
    whole = _smallest(_joined(parts), kept(rows, first.values.shape[1]))
    columns = by_channel(whole.values.reshape(-1, *first.shape)) if first.image else whole.values
    sampled = replace(
        first, rows=rows, read=whole.read, values=whole.values, columns=columns, texts=whole.texts, scan=seen
    )
    return sampled, None if whole.targets is None else Labels(whole.targets, rows)


def _pairs(data: Any, name: str) -> Iterator[tuple[Any, Any]]:
    for position, batch in enumerate(data):
        if isinstance(batch, Mapping):
            raise ValueError(
                f"batch {position} of {name} is a mapping: pass each batch as a pair (X, y), or as X alone"
            )
        if not isinstance(batch, tuple | list):
            yield batch, None
        elif len(batch) == 2:
            yield batch[0], batch[1]
        elif len(batch) == 1:
            yield batch[0], None
        else:
            raise ValueError(
                f"batch {position} of {name} has {len(batch)} parts: pass each batch as a pair (X, y), or as X alone"
            )


def _alike(first: Table, batch: Table, where: str, parts: list[_Part], aim: Labels | None) -> None:
    if batch.shape != first.shape or not np.array_equal(batch.kinds, first.kinds):
        wide = " × ".join(map(str, batch.shape))
        raise ValueError(
            f"{where} has examples of {wide} values, but the first batch has {' × '.join(map(str, first.shape))}: "
            "pass batches of the same shape and type"
        )
    if parts and (aim is None) != (parts[0].targets is None):
        raise ValueError(
            f"{where} has {'no' if aim is None else 'a'} target, unlike the first batch: "
            "pass targets with all batches or with none"
        )
    known = parts[0].targets if parts else None
    if aim is not None and known is not None and aim.values.shape[1:] != known.shape[1:]:
        raise ValueError(
            f"{where} has targets of another shape than the first batch: pass targets of the same shape in all batches"
        )


def _joined(parts: list[_Part]) -> _Part:
    texts = [p.texts for p in parts if p.texts is not None]
    targets = [p.targets for p in parts if p.targets is not None]
    one_kind = len({t.dtype.kind for t in targets}) < 2
    return _Part(
        np.concatenate([p.values for p in parts]),
        np.concatenate(texts) if texts else None,
        None if not targets else np.concatenate(targets) if one_kind else _mixed(targets),
        np.concatenate([p.read for p in parts]),
        np.concatenate([p.drawn for p in parts]),
    )


def _mixed(targets: list[NDArray[Any]]) -> NDArray[Any]:
    return settled(np.concatenate([t.astype(object) for t in targets]))


def _smallest(part: _Part, count: int) -> _Part:
    if part.drawn.size <= count:
        return part
    chosen = np.zeros(part.drawn.size, dtype=bool)
    chosen[np.argpartition(part.drawn, count - 1)[:count]] = True
    return part.where(chosen)
