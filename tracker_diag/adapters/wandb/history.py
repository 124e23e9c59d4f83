"""History rows into series: plain numbers as they are, histograms as a few numbers each, everything else left out.

``wandb.watch`` logs histograms ``gradients/<layer>`` and ``parameters/<layer>``. Of each come ``…/norm``,
``…/mean_abs`` and ``…/zeros``, and of all layers together ``gradients/norm`` and ``parameters/norm``, the norms of the
whole network.

A history is sparse: a row holds the metrics of one ``log`` call. Names that start with an underscore are W&B's own
(``_step``, ``_timestamp``, ``_runtime``); names of nested values are joined with a dot, as W&B's charts do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tracker_diag.adapters.base import TrackerError
from tracker_diag.core.foreign_json import read_json, read_json_mapping
from tracker_diag.core.run import Series
from tracker_diag.stats.arrays import FloatArray

Key = tuple[str, ...]
"""Path of a nested value."""
DEEPEST, LONGEST_NAME = 50, 2000
"""Levels of a nested value, and letters of its names joined, that are looked into: no training has more."""
LONGEST_OBJECT = 16 * 2**20
"""Letters of a nested value as JSON: a thousand histograms are a fifth of it."""
MOST_ROWS, MOST_NAMES = 20_000_000, 100_000
"""Of a history: what is more fills the memory, and the other runs would not be reached."""
WATCHED = ("gradients", "parameters")
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class History:
    """Columns that grow row by row."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.seconds: list[float] = []
        self._columns: dict[str, tuple[list[int], list[float]]] = {}
        self._histograms: set[str] = set()

    def __len__(self) -> int:
        return len(self.steps)

    def start_row(self, step: float, seconds: float = math.nan) -> None:
        """Start the row that the next values belong to.

        Raises
        ------
        TrackerError
            If there are too many.
        """
        if len(self.steps) >= MOST_ROWS:
            raise TrackerError(f"its history has more than {MOST_ROWS:,} rows, too many to read")
        self.steps.append(step)
        self.seconds.append(seconds)

    def put(self, name: str, value: float) -> None:
        """Add a number to the row.

        Raises
        ------
        TrackerError
            If there are too many names.
        """
        column = self._columns.get(name)
        if column is None:
            column = self._start_column(name)
        column[0].append(len(self.steps) - 1)
        column[1].append(value)

    def put_row(self, row: Mapping[str, Any]) -> None:
        """Add a whole row, as JSON holds it.

        Parameters
        ----------
        row : mapping
            With ``_step``, and ``_timestamp`` in seconds since the epoch where it is known.
        """
        self.start_row(
            _number(row.get("_step"), otherwise=math.nan), _number(row.get("_timestamp"), otherwise=math.nan)
        )
        for name, value in row.items():
            if not name.startswith("_"):
                self.put_at(len(self.steps) - 1, name, value)

    def put_at(self, row: int, name: str, value: Any) -> None:
        """Add what can be said in numbers of a value, as JSON holds it, to a row that has been started."""
        for inner, number, of_histogram in _numbers_of(name, value):
            self.put_column(inner, [row], [number])
            if of_histogram and inner.endswith("/norm"):
                self._histograms.add(inner)

    def put_column(self, name: str, rows: Sequence[int], values: Sequence[float]) -> None:
        """Add a column of numbers, for rows that have been started.

        Raises
        ------
        TrackerError
            If there are too many names.
        """
        own = self._columns.get(name)
        if own is None:
            own = self._start_column(name)
        own[0].extend(rows)
        own[1].extend(values)

    def extend(self, other: History, *, shift: float) -> None:
        """Add the rows of a later segment of the same run, its steps shifted."""
        offset = len(self.steps)
        self.steps.extend(step + shift for step in other.steps)
        self.seconds.extend(other.seconds)
        for name, (rows, values) in other._columns.items():
            self.put_column(name, [offset + row for row in rows], values)
        self._histograms |= other._histograms

    def series(self) -> dict[str, Series]:
        """One series a column, and the norms of the whole network where its layers were watched."""
        columns = {**self._network_norms(), **self._columns}
        steps, seconds = np.array(self.steps, dtype=np.float64), np.array(self.seconds, dtype=np.float64)
        return {
            name: Series.from_points(name, steps[rows], np.array(values, dtype=np.float64), seconds[rows])
            for name, (rows, values) in columns.items()
        }

    def _start_column(self, name: str) -> tuple[list[int], list[float]]:
        if len(self._columns) >= MOST_NAMES:
            raise TrackerError(f"its history has more than {MOST_NAMES:,} metrics, too many to read")
        column: tuple[list[int], list[float]] = ([], [])
        self._columns[name] = column
        return column

    def _network_norms(self) -> dict[str, tuple[list[int], list[float]]]:
        norms = {}
        for group in WATCHED:
            # In one order, whatever that of the log: a sum of floats depends on it.
            names = sorted(name for name in self._histograms if name.startswith(f"{group}/"))
            layers = [self._columns[name] for name in names]
            rows = np.array([row for column in layers for row in column[0]], dtype=np.intp)
            with np.errstate(over="ignore"):
                squares = np.array([value for column in layers for value in column[1]]) ** 2
            # A row in which a layer is missing says less than the others, and would look like a fall.
            whole = np.flatnonzero(np.bincount(rows) == len(layers)) if layers else rows
            if whole.size:
                norms[f"{group}/norm"] = (whole.tolist(), np.sqrt(np.bincount(rows, squares)[whole]).tolist())
        return norms


def _numbers_of(name: str, value: Any) -> Iterator[tuple[str, float, bool]]:
    for path, leaf in leaves((name,), value):
        inner = ".".join(path)
        if isinstance(leaf, Mapping):
            yield from ((f"{inner}/{part}", number, True) for part, number in histogram_numbers(leaf).items())
        elif (number := as_number(leaf)) is not None:
            yield inner, number, False


def leaves(path: Key, value: Any, levels: int = DEEPEST) -> Iterator[tuple[Key, Any]]:
    """Walk a nested value: what it holds, by path.

    What has a ``_type`` is an object of W&B's, and comes whole; what lies deeper than the levels, or has too long a
    name, is left out.
    """
    if sum(map(len, path)) + len(path) - 1 > LONGEST_NAME:
        return
    if not isinstance(value, Mapping) or "_type" in value:
        yield path, value
    elif levels:
        for part, inner in value.items():
            yield from leaves((*path, part), inner, levels - 1)


def parse_object(text: str) -> dict[str, Any]:
    """Read a JSON text that holds an object; an empty one for any other, and for one longer than any training logs."""
    return (read_json_mapping(text) or {}) if text[:1] == "{" and len(text) <= LONGEST_OBJECT else {}


def as_number(value: Any) -> float | None:
    """Read a logged value: True is 1, the words NaN, Infinity and -Infinity are what they say, all else is None."""
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return _WORDS.get(value) if isinstance(value, str) else None


def _number(value: Any, *, otherwise: float) -> float:
    number = as_number(value)
    return otherwise if number is None else number


def number_of_json(text: str) -> float | None:
    """Say of a JSON text what ``as_number`` says of its value, without parsing it where it is a number."""
    try:
        return float(text)
    except ValueError:
        # A list or a long text is not a number, and not worth parsing.
        return as_number(_parsed(text)) if text[:1] in ('"', "t", "f") and len(text) < 16 else None


def _parsed(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError:
        return None


def histogram_numbers(value: Mapping[str, Any]) -> dict[str, float]:
    """Say in numbers what a histogram shows, such as ``wandb.watch`` logs of a layer's gradients and parameters.

    Each bin's values are taken to lie at its middle, so that all but ``zeros`` are right to half a bin's width.

    Parameters
    ----------
    value : mapping
        ``values``, the counts, of shape (n,), and either ``bins``, the edges, of shape (n + 1,), or
        ``packedBins`` of ``min``, ``size`` and ``count``, as the server stores even bins.

    Returns
    -------
    dict of str to float
        ``norm``: root of the sum of squares; ``mean_abs``: mean magnitude; ``zeros``: the share, in [0, 1], that lies
        in the bin that holds zero, which is no less than the share of exact zeros. Empty if this is not a histogram, or
        one of nothing.
    """
    if value.get("_type") != "histogram":
        return {}
    try:
        counts = np.asarray(value["values"], dtype=np.float64)
        edges = _edges(value, counts.size)
    except (KeyError, TypeError, ValueError, OverflowError):
        return {}
    if counts.ndim != 1 or edges.shape != (counts.size + 1,) or (counts < 0).any():
        return {}
    with np.errstate(over="ignore", invalid="ignore"):
        return _told(counts, edges)


def _told(counts: FloatArray, edges: FloatArray) -> dict[str, float]:
    total = float(counts.sum())
    if not (math.isfinite(total) and total > 0):
        return {}
    low, high = edges[:-1], edges[1:]
    middles = (low + high) / 2
    # A bin is open on the right, save the last one (as numpy's and torch's are), and those without a width.
    closed = (np.arange(high.size) == high.size - 1) | (low == high)
    zero = (low <= 0) & ((high > 0) | (closed & (high == 0)))
    return {
        "norm": float(np.sqrt((counts * middles**2).sum())),
        "mean_abs": float((counts * np.abs(middles)).sum() / total),
        "zeros": float(counts[zero].sum() / total),
    }


def _edges(value: Mapping[str, Any], bins: int) -> FloatArray:
    packed = value.get("packedBins")
    if packed is None:
        return np.asarray(value["bins"], dtype=np.float64)
    return float(packed["min"]) + float(packed["size"]) * np.arange(bins + 1, dtype=np.float64)
