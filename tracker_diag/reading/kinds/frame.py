"""Frames: pandas, wide or long; those of polars and tables of Arrow likewise."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import InvalidRunError, Run
from tracker_diag.reading.column_names import RUNS, STEPS, simple
from tracker_diag.reading.kind import Kind
from tracker_diag.reading.metric_table import Table, read_table
from tracker_diag.stats.arrays import FloatArray


def takes(x: object) -> bool:
    """Whether it is a frame, or a named series of pandas."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(x, pandas.DataFrame | pandas.Series):
        return True
    return _of_others(x) is not None


def read(x: Any, run_id: str) -> tuple[Run, ...]:
    """Read the runs of a frame."""
    convert = _of_others(x)
    if convert is not None:
        # Polars and Arrow tell null from NaN.
        return read_table(Table(getattr(x, convert[0])(**convert[1])), run_id)
    frame = x
    if hasattr(x, "to_frame"):
        if not isinstance(x.name, str):
            raise InvalidRunError("series", "it has no name: name the metric with series.rename('loss')")
        frame = x.to_frame()
    if frame.index.nlevels > 1:
        frame = frame.reset_index()
    names = [_name(label) for label in frame.columns]
    if names and all(type(label) is int for label in frame.columns):
        raise InvalidRunError("frame", "its columns are numbers: name them with frame.columns = ['loss', …]")
    twice = (
        next((name for i, name in enumerate(names) if name in names[:i]), None)
        if len(set(names)) < len(names)
        else None
    )
    if twice is not None:
        raise InvalidRunError("frame", f"two columns have the name {clean(twice, 80)!r}: rename one")
    columns = {name: frame.iloc[:, i].array for i, name in enumerate(names)}
    cells = {name: _cells(array) for name, array in columns.items()}
    index, label = frame.index, str(frame.index.name or "")
    if simple(label) in (*STEPS, *RUNS) and label not in cells:
        cells = {label: _cells(index.array), **cells}
    return read_table(Table(cells, blank_nan=True, index=_steps(index)), run_id)


def _of_others(x: object) -> tuple[str, dict[str, Any]] | None:
    """The method that gives the columns of a frame of another library as lists, and its arguments."""
    home = type(x).__module__.partition(".")[0]
    if home == "polars" and type(x).__name__ == "DataFrame":
        return "to_dict", {"as_series": False}
    if home == "pyarrow" and type(x).__name__ == "Table":
        return "to_pydict", {}
    return None


def _name(label: Any) -> str:
    parts = label if isinstance(label, tuple) else (label,)
    return "/".join(str(part).strip() for part in parts if str(part).strip())


def _cells(array: Any) -> Any:
    """Cells of a column as numpy holds them: numbers where they are, objects where one may be missing."""
    if isinstance(array.dtype, np.dtype):
        return np.asarray(array)
    if array.dtype.kind in "iuf" and not array.isna().any():
        return array.to_numpy(dtype=np.float64)
    if array.dtype.kind in "mM":
        return np.asarray(array, dtype="datetime64[ns]") if array.dtype.kind == "M" else np.asarray(array)
    return array.astype(object)


def _steps(index: Any) -> FloatArray | None:
    """The index where it counts the rows: numbers, none of them twice."""
    if index.dtype.kind not in "iuf" or not index.is_unique:
        return None
    values = np.asarray(index, dtype=np.float64)
    return values if np.isfinite(values).all() else None


KIND = Kind("a pandas DataFrame (a column for each metric, or columns metric, value and step)", takes, read)
