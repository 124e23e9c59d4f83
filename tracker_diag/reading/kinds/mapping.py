"""A dict of lists, ``{"loss": [0.9, 0.7]}``, and the plain data of ``Run.from_dict``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tracker_diag.core.run import InvalidRunError, Run, Series
from tracker_diag.reading.cells import as_number, is_blank, listed
from tracker_diag.reading.column_names import METRICS, RUNS, STEPS, VALUES, simple
from tracker_diag.reading.kind import Kind
from tracker_diag.reading.metric_table import Table, read_table

DEEPEST = 5
"""Levels of dicts in dicts, whose keys are joined to the name of a metric."""
_OF_RUNS = frozenset(Run.__dataclass_fields__)


def takes(x: object) -> bool:
    """Whether it is a mapping."""
    return isinstance(x, Mapping)


def read(x: Mapping[Any, Any], run_id: str) -> tuple[Run, ...]:
    """Read a mapping: what ``Run.from_dict`` takes, a table with a column of steps, or a list for each metric."""
    if _is_of_run(x):
        given = {"id": run_id} | {key: value for key, value in x.items() if key not in ("id", "metrics") or value}
        metrics = given.get("metrics")
        if not isinstance(metrics, Mapping):
            return (Run.from_dict(given),)
        runs = _of_lists(metrics, run_id)
        return tuple(Run.from_dict(given | {"metrics": run.metrics}) for run in runs)
    if not x:
        raise InvalidRunError("dict", 'it is empty: give {"loss": [0.9, 0.7, …], "val_loss": […]}')
    return _of_lists(x, run_id)


def _of_lists(x: Mapping[Any, Any], run_id: str) -> tuple[Run, ...]:
    table = _table(x)
    return (Run.from_dict({"id": run_id, "metrics": _metrics(x)}),) if table is None else read_table(table, run_id)


def _is_of_run(x: Mapping[Any, Any]) -> bool:
    """Whether the keys are those of a run's plain data, and not names of metrics."""
    known = all(isinstance(key, str) and key in _OF_RUNS for key in x)
    metrics, named = isinstance(x.get("metrics"), Mapping), isinstance(x.get("id"), str)
    return (metrics and named) or (known and (metrics or named))


def _table(x: Mapping[Any, Any]) -> Table | None:
    """The lists as columns: where they are of equal length, and one of them counts or names what is in a row."""
    if len(x) < 2 or not all(isinstance(key, str) for key in x):
        return None
    names = {simple(key) for key in x}
    if not names & {*STEPS, *RUNS} and not (names & set(METRICS) and names & set(VALUES)):
        return None
    try:
        columns = {name: listed(values) for name, values in x.items()}
    except (TypeError, ValueError, RuntimeError):
        return None
    flat = all(c.ndim == 1 if isinstance(c, np.ndarray) else _is_flat(c) for c in columns.values())
    return Table(columns) if flat and len({len(c) for c in columns.values()}) == 1 else None


def _is_flat(cells: list[Any]) -> bool:
    return not any(isinstance(cell, list | tuple | Mapping) or getattr(cell, "ndim", 0) for cell in cells)


def _metrics(x: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in _flat(x, "", 1):
        if name in found:
            raise InvalidRunError(f"metrics[{name!r}]", "two metrics have this name: rename one")
        found[name] = points(name, values)
    return found


def _flat(x: Mapping[Any, Any], above: str, level: int) -> Iterator[tuple[str, Any]]:
    """Metrics by name; the keys of dicts in dicts are joined by slashes."""
    if level > DEEPEST:
        raise InvalidRunError(
            f"metrics[{above[:80]!r}]", f"dicts are nested more than {DEEPEST} levels deep: flatten them"
        )
    for key, values in x.items():
        if not isinstance(key, str):
            raise InvalidRunError(f"metrics[{str(key)[:80]!r}]", "the name of a metric must be a string")
        name = f"{above}/{key}" if above else key
        if isinstance(values, Mapping) and any(isinstance(inner, str) and as_number(inner) is None for inner in values):
            yield from _flat(values, name, level + 1)
        else:
            yield name, values


def points(name: str, values: Any) -> Any:
    """What ``Run.from_dict`` takes of one metric: a list of values counts from 0, and None in it is a gap.

    Raises
    ------
    InvalidRunError
        If it is no list of numbers or of points.
    """
    if isinstance(values, Series):
        return values
    if isinstance(values, Mapping):
        values = [[step, value] for step, value in values.items()]
    try:
        cells = listed(values)
    except (TypeError, ValueError, RuntimeError):
        what = f"give a list, [0.9, 0.7, …] or [[step, value], …], not {type(values).__name__}"
        raise InvalidRunError(f"metrics[{name!r}]", what) from None
    if isinstance(cells, np.ndarray):
        if cells.ndim == 1 and cells.dtype.kind in "iuf":
            return Series.from_points(name, np.arange(cells.size, dtype=np.float64), cells.astype(np.float64))
        cells = cells.tolist()
    plain = [cell if isinstance(cell, list | tuple) else _cell(cell) for cell in cells]
    if any(isinstance(cell, list | tuple) for cell in plain):
        return [[_cell(inner) for inner in cell] if isinstance(cell, list | tuple) else cell for cell in plain]
    steps, found = [], []
    for i, cell in enumerate(plain):
        number = as_number(cell)
        if number is None and not is_blank(cell):
            shown = repr(cell[:40]) if isinstance(cell, str) else type(cell).__name__
            raise InvalidRunError(f"metrics[{name!r}][{i}]", f"give a number, not {shown}")
        if number is not None:
            steps.append(float(i))
            found.append(number)
    return Series.from_points(name, steps, found)


def _cell(cell: Any) -> Any:
    """A number of a library's own kind as Python's; a small array as a list; everything else as it is."""
    if cell is None or isinstance(cell, bool | int | float | str):
        return cell
    if getattr(cell, "ndim", 0) and hasattr(cell, "tolist"):
        return cell.tolist()
    number = as_number(cell)
    if number is not None:
        return number
    return math.nan if is_blank(cell) else cell


KIND = Kind('a dict of lists ({"loss": [0.9, 0.7, …], "val_loss": […]})', takes, read)
