"""Tables of metrics, wide or long, as the curves of the runs in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import InvalidRunError, Run, Series
from tracker_diag.reading.blanks import settled
from tracker_diag.reading.cells import Column, Words, read_column
from tracker_diag.reading.column_names import (
    CLOCKS,
    COUNTERS,
    METRICS,
    PARTS,
    RUNS,
    STEPS,
    TIMERS,
    VALUES,
    first_of,
    simple,
)
from tracker_diag.stats.arrays import FloatArray

MOST_RUNS, MOST_METRICS, MOST_PARTS = 10_000, 10_000, 10
"""Limits of one table."""
_MILLISECONDS_ABOVE = 1e11
_FROM_MLFLOW = "metrics."


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of equal length.

    Attributes
    ----------
    columns : mapping of str to sequence
        By name, numbers or texts, None where a cell is blank.
    blank_nan : bool
        Whether NaN may stand for a blank, as in a frame of pandas; ``reading/blanks.py`` decides.
    index : ndarray of float64, shape (n,), or None
        The steps where no column holds them; the numbers of the rows where it is None.
    """

    columns: Mapping[str, Sequence[Any] | NDArray[Any]]
    blank_nan: bool = False
    index: FloatArray | None = None


def read_table(table: Table, run_id: str, params: Mapping[str, Any] | None = None) -> tuple[Run, ...]:
    """Read the runs of a table.

    Wide tables have a column for each metric; long ones a row for each value, with columns for the metric's name and
    its value. A column that names the run parts either into several. Texts that are none of these are left out.

    Parameters
    ----------
    table : Table
        One or more rows.
    run_id : str
        The id of a run that the table does not name.
    params : mapping, optional
        What is known of the run besides.

    Returns
    -------
    tuple of Run
        In the order in which they begin in the table.

    Raises
    ------
    InvalidRunError
        If there is no metric in it, or it cannot be told what a column is.
    """
    names = [simple(name) for name in table.columns]
    if "run_id" in names and any(name.startswith(_FROM_MLFLOW) for name in names):
        raise InvalidRunError(
            "table",
            "it holds only last values (mlflow.search_runs): use tracker_diag.read(run_id) to get its curves",
        )
    read = {name: read_column(name, cells, blank_nan=table.blank_nan) for name, cells in table.columns.items()}
    sizes = {len(cells) for cells in table.columns.values()}
    if sizes <= {0}:
        raise InvalidRunError("table", "it is empty: give one row per step")
    if len(sizes) > 1:
        raise InvalidRunError("table", "its columns have different lengths: give one cell per step in each")
    rows = sizes.pop()
    known: dict[str, Column | Words] = {name: column for name, column in read.items() if column is not None}
    naming = first_of(known, METRICS)
    holding = first_of(known, VALUES)
    is_long = naming is not None and holding is not None and isinstance(known[naming], Words)
    run = first_of(known, RUNS)
    parts = _parts(known, run, run_id, rows)
    index = np.arange(rows, dtype=np.float64) if table.index is None else table.index
    found = []
    for name, chosen in parts.items():
        inner = {key: _chosen(column, chosen) for key, column in known.items() if key != run}
        metrics = (
            _long(inner, str(naming), str(holding), index[chosen]) if is_long else _wide(inner, _alone(index, chosen))
        )
        found.append(Run.from_dict({"id": name, "metrics": metrics, "params": params or {}}))
    if not any(one.metrics for one in found):
        raise InvalidRunError(
            "table", f"no metric among its columns {_shown(table.columns)}: give a column of numbers, such as loss"
        )
    return tuple(found)


def _alone(index: FloatArray, chosen: NDArray[np.intp]) -> FloatArray:
    """The steps of one run of several: where they are the numbers of rows, its own begin at 0."""
    counted = chosen.size < index.size and bool((index == np.arange(index.size)).all())
    return np.arange(chosen.size, dtype=np.float64) if counted else index[chosen]


def _parts(known: Mapping[str, Column | Words], run: str | None, run_id: str, rows: int) -> dict[str, NDArray[np.intp]]:
    """The rows of each run."""
    if run is None:
        return {run_id: np.arange(rows)}
    column = known[run]
    texts = list(column.texts) if isinstance(column, Words) else [f"{x:g}" for x in column.values]
    places: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        places.setdefault(text or run_id, []).append(i)
    if len(places) > MOST_RUNS:
        raise InvalidRunError(f"column {run!r}", f"it names {len(places):,} runs, but at most {MOST_RUNS:,} are read")
    return {name: np.array(at) for name, at in places.items()}


def _chosen(column: Column | Words, at: NDArray[np.intp]) -> Column | Words:
    if isinstance(column, Words):
        return column if len(column.texts) == at.size else Words(tuple(column.texts[i] for i in at))
    return Column(column.values[at], column.logged[at], column.open[at])


def _wide(columns: Mapping[str, Column | Words], index: FloatArray) -> dict[str, Series]:
    step, steps = _steps(columns, index)
    clock, seconds = _seconds(columns)
    metrics = {
        name: column
        for name, column in columns.items()
        if isinstance(column, Column) and simple(name) not in ("", *TIMERS, *CLOCKS) and name not in (step, clock)
    }
    metrics = {name: column for name, column in metrics.items() if column.logged.any() or column.open.any()}
    if len(metrics) > MOST_METRICS:
        raise InvalidRunError("table", f"{len(metrics):,} metrics, but at most {MOST_METRICS:,} are read")
    counters = {name: column for name, column in metrics.items() if simple(name) in COUNTERS and column.logged.any()}
    measured = settled({name: column for name, column in metrics.items() if simple(name) not in COUNTERS})
    measured = {name: column for name, column in measured.items() if column.logged.any()}
    found = {}
    for name, column in (counters | measured).items():
        for part, rows in _by_part(columns, np.flatnonzero(column.logged)).items():
            chosen = None if seconds is None else seconds[rows]
            found[part + name.strip()] = Series.from_points(
                part + name.strip(), steps[rows], column.values[rows], chosen
            )
    return found if measured else {}


def _by_part(columns: Mapping[str, Column | Words], rows: NDArray[np.intp]) -> dict[str, NDArray[np.intp]]:
    """Rows by the part of the data that they are of (a column ``split`` with ``train`` and ``val``), as a prefix."""
    name = first_of(columns, PARTS)
    column = None if name is None else columns[name]
    kinds = sorted(set(column.texts)) if isinstance(column, Words) else []
    if not isinstance(column, Words) or len(kinds) > MOST_PARTS:
        return {"": rows}
    texts = np.array([column.texts[i] for i in rows])
    parts = {f"{kind}/" if kind else "": rows[texts == kind] for kind in kinds}
    return {prefix: chosen for prefix, chosen in parts.items() if chosen.size}


def _long(columns: Mapping[str, Column | Words], naming: str, holding: str, index: FloatArray) -> dict[str, Series]:
    names, values = columns[naming], columns[holding]
    if not isinstance(names, Words) or not isinstance(values, Column):
        raise InvalidRunError(f"column {holding!r}", "the values of metrics must be numbers")
    inner = {name: column for name, column in columns.items() if name not in (naming, holding)}
    step, steps = _steps(inner, index)
    _, seconds = _seconds(inner)
    logged = values.logged | values.open
    texts = np.array(names.texts)
    kinds = list(dict.fromkeys(names.texts))
    if len(kinds) > MOST_METRICS:
        raise InvalidRunError(
            f"column {naming!r}", f"it names {len(kinds):,} metrics, but at most {MOST_METRICS:,} are read"
        )
    found = {}
    order = np.argsort(texts, kind="stable")
    begin = np.searchsorted(texts[order], np.array(kinds))
    end = np.searchsorted(texts[order], np.array(kinds), side="right")
    for kind, first, last in zip(kinds, begin, end, strict=True):
        at = order[first:last]
        for part, chosen in _by_part(inner, at[logged[at]]).items():
            if not kind:
                continue
            own = steps[chosen] if step is not None else np.arange(chosen.size, dtype=np.float64)
            name = part + kind
            found[name] = Series.from_points(
                name, own, values.values[chosen], None if seconds is None else seconds[chosen]
            )
    return found


def _steps(columns: Mapping[str, Column | Words], index: FloatArray) -> tuple[str | None, FloatArray]:
    """The column that counts the rows, and what it says; the index where there is none."""
    numbers = {name: c for name, c in columns.items() if isinstance(c, Column) and np.isfinite(c.values).any()}
    # A column that stands in few rows counts something else.
    full = {name: c for name, c in numbers.items() if 2 * int(np.isfinite(c.values).sum()) > c.values.size}
    name = first_of(full, STEPS)
    return (None, index) if name is None else (name, full[name].values)


def _seconds(columns: Mapping[str, Column | Words]) -> tuple[str | None, FloatArray | None]:
    for words in (CLOCKS, TIMERS):
        name = first_of(columns, words)
        column = None if name is None else columns[name]
        if not isinstance(column, Column) or not np.isfinite(column.values).all():
            continue
        if words is CLOCKS or bool((np.diff(column.values) > 0).all()):
            scale = 1e3 if float(np.median(column.values)) > _MILLISECONDS_ABOVE else 1.0
            return name, column.values / scale
    return None, None


def _shown(names: Mapping[str, Any]) -> str:
    some = ", ".join(repr(clean(name, 40)) for name in islice(names, 6))
    return some + (", …" if len(names) > 6 else "") or "none"
