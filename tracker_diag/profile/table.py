"""Inputs and targets of any kind as arrays of a bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.profile.scan import CHUNK, Scan, scan
from tracker_diag.stats.arrays import FloatArray

#: Values that are read of one side; 160 MB as numbers.
MAX_VALUES = 20_000_000
MAX_ROWS = 200_000
#: Fewest examples that are read, however wide they are.
MIN_ROWS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One side's inputs.

    Attributes
    ----------
    rows : int
        Examples in all.
    read : ndarray of int, shape (m,)
        Positions of the examples read, rising.
    values : ndarray of float64, shape (m, …)
        Those examples, flattened.
    columns : ndarray of float64, shape (k, d)
        What features are described from: the examples; for images, pixels by channel.
    names : tuple of str, length d
        Of the columns.
    kinds : ndarray of bool, shape (d,)
        True for numbers, False for categories, whose values are codes without order.
    image : bool
        Whether the examples are images.
    single : bool
        Whether the values came in single precision or less.
    shape : tuple of int
        Of one example, as it came.
    texts : ndarray of object, shape (m,), or None
        The examples read, where each is one text.
    scan : Scan or None
        Of all examples, by column; None where ``columns`` holds all values.
    whole : bool
        Whether the values came as whole numbers of more than eight bits, as the ids of words do.
    """

    rows: int
    read: NDArray[np.intp]
    values: FloatArray
    columns: FloatArray
    names: tuple[str, ...]
    kinds: NDArray[np.bool_]
    image: bool
    single: bool
    shape: tuple[int, ...] = (0,)
    texts: NDArray[np.object_] | None = None
    scan: Scan | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """One side's targets.

    Attributes
    ----------
    values : ndarray, shape (m,) or (m, outputs)
        Those of the examples read; numbers, or texts.
    rows : int
        Targets in all.
    """

    values: NDArray[Any]
    rows: int


def table(data: Any, name: str, feature_names: Sequence[str] | None) -> Table:
    """Read inputs.

    Raises
    ------
    ValueError
        If they cannot be read as numbers or categories.
    """
    frame = _frame(data)
    if frame is not None:
        return _from_frame(frame, name)
    array = data if hasattr(data, "toarray") else _array(data, name)
    if array.ndim == 0:
        raise ValueError(f"{name} is a single number: pass an array with one row per example")
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.dtype.kind in "OUSMm":
        import pandas as pd

        if array.ndim > 2:
            raise ValueError(
                f"{name} holds {array.dtype} in {array.ndim} dimensions: pass numbers, or a table of two dimensions"
            )
        return _from_frame(pd.DataFrame(array).infer_objects(), name, feature_names)
    if hasattr(array, "tocsr"):
        array = array.tocsr()
    rows = int(array.shape[0])
    width = int(np.prod(array.shape[1:], dtype=np.int64))
    read = _sample(rows, width)
    part = array if read.size == rows else array[read]
    part = np.asarray(part.toarray() if hasattr(part, "toarray") else part)
    single = part.dtype.kind == "f" and part.dtype.itemsize <= 4
    whole = part.dtype.kind in "iu" and part.dtype.itemsize > 1
    if part.dtype.kind == "c":
        raise ValueError(f"{name} holds complex numbers: pass real and imaginary parts as two columns")
    part = part.astype(np.float64, copy=False)
    image = part.ndim >= 3
    values = part.reshape(read.size, width)
    columns = by_channel(part) if image else values
    names = tuple(map(str, feature_names)) if feature_names is not None else ()
    if names and len(names) != columns.shape[1]:
        raise ValueError(
            f"feature_names has {len(names)} names for {columns.shape[1]} columns of {name}: pass one per column"
        )
    prefix = "channel" if image else "x"
    names = names or tuple(f"{prefix}{i}" for i in range(columns.shape[1]))
    kinds = np.ones(columns.shape[1], dtype=bool)
    complete = read.size == rows and (not image or columns.size == values.size)
    seen = None if complete else scan(_chunks(array, image))
    return Table(rows, read, values, columns, names, kinds, image, single, part.shape[1:], None, seen, whole)


def labels(data: Any, name: str, inputs: Table) -> Labels:
    """Read the targets of the examples that were read.

    Raises
    ------
    ValueError
        If their number differs from that of the inputs.
    """
    array = data.to_numpy() if _is_pandas(data) else _array(data, name)
    if array.ndim == 0 or array.shape[0] != inputs.rows:
        length = 0 if array.ndim == 0 else array.shape[0]
        raise ValueError(f"{name} has {length} values for {inputs.rows} examples: pass one target per example")
    part = array[inputs.read]
    if part.ndim > 2:
        part = part.reshape(part.shape[0], -1)
    if part.ndim == 2 and part.shape[1] == 1:
        part = part[:, 0]
    if part.dtype.kind == "O":
        part = settled(part)
    return Labels(part, inputs.rows)


def settled(part: NDArray[Any]) -> NDArray[Any]:
    """Read objects as numbers where they all are, as texts otherwise; a missing one is NaN."""
    import pandas as pd

    try:
        return part.astype(np.float64)
    except (TypeError, ValueError):
        flat = np.array([np.nan if pd.isna(v) else str(v) for v in part.ravel()], dtype=object)
        return flat.reshape(part.shape)


def _is_pandas(data: Any) -> bool:
    return type(data).__module__.split(".")[0] == "pandas"


def _frame(data: Any) -> Any:
    if not _is_pandas(data):
        return None
    return data.to_frame() if data.ndim == 1 else data


def _array(data: Any, name: str) -> NDArray[Any]:
    if hasattr(data, "detach"):
        data = data.detach().cpu()
        # numpy has no bfloat16.
        data = data.float() if "bfloat16" in str(data.dtype) else data
    if isinstance(data, list | tuple) and data and isinstance(data[0], str):
        # As an array of texts, each would take as much room as the longest.
        whole = np.empty(len(data), dtype=object)
        whole[:] = data
        return whole
    try:
        return np.asarray(data)
    except (TypeError, ValueError):
        raise ValueError(f"{name} cannot be read as an array: pass rows of equal length") from None


def kept(rows: int, width: int) -> int:
    """How many examples of so many values are read."""
    return min(rows, MAX_ROWS, max(MIN_ROWS, MAX_VALUES // max(width, 1)))


def channels_last(part: NDArray[Any]) -> NDArray[Any]:
    """Bring images of shape (m, h, w) or (m, c, h, w) to (m, h, w, c); other shapes to (m, …, 1)."""
    if part.ndim == 4 and part.shape[1] in (1, 3, 4) and part.shape[3] not in (1, 3, 4):
        return np.moveaxis(part, 1, 3)
    return part if part.ndim == 4 else part[..., np.newaxis]


def by_channel(part: NDArray[Any]) -> FloatArray:
    """Lay out pixels by channel, shape (pixels, channels); of many, a sample."""
    part = channels_last(part)
    pixels = part.reshape(-1, part.shape[-1])
    return pixels[_sample(pixels.shape[0], 1)]


def _sample(rows: int, width: int) -> NDArray[np.intp]:
    keep = kept(rows, width)
    if keep == rows:
        return np.arange(rows)
    # Drawn, not every k-th: a period in the data would fool that. Sorted, so that the order can still be judged.
    return np.sort(np.random.default_rng(0).choice(rows, keep, replace=False))


def _chunks(array: Any, image: bool) -> Iterator[FloatArray]:
    width = int(np.prod(array.shape[1:], dtype=np.int64))
    step = max(1, CHUNK // max(width, 1))
    for start in range(0, array.shape[0], step):
        part = array[start : start + step]
        part = np.asarray(part.toarray() if hasattr(part, "toarray") else part, dtype=np.float64)
        part = channels_last(part) if image else part
        yield part.reshape(-1, part.shape[-1])


def _frame_chunks(frame: Any) -> Iterator[FloatArray]:
    step = max(1, CHUNK // max(frame.shape[1], 1))
    # Asked to fill missing values, pandas goes over all of them once more.
    how = {} if all(isinstance(t, np.dtype) for t in frame.dtypes) else {"na_value": np.nan}
    for start in range(0, frame.shape[0], step):
        yield frame.iloc[start : start + step].to_numpy(dtype=np.float64, **how)


def _from_frame(frame: Any, name: str, feature_names: Sequence[str] | None = None) -> Table:
    import pandas as pd

    rows, width = frame.shape
    read = _sample(rows, width)
    whole, frame = frame, frame.iloc[read]
    names = tuple(str(c) for c in frame.columns) if feature_names is None else tuple(map(str, feature_names))
    if len(names) != width:
        raise ValueError(f"feature_names has {len(names)} names for {width} columns of {name}: pass one per column")
    numeric = np.array([pd.api.types.is_numeric_dtype(t) for t in frame.dtypes], dtype=bool)
    if numeric.all():
        values = np.ascontiguousarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))
        kinds = numeric
    else:
        kinds = numeric.copy()
        values = np.empty((read.size, width))
        for i in range(width):
            column = frame.iloc[:, i]
            if numeric[i]:
                values[:, i] = column.to_numpy(dtype=np.float64, na_value=np.nan)
            elif pd.api.types.is_datetime64_any_dtype(column.dtype):
                seconds = (column - pd.Timestamp(0, tz=column.dt.tz)).dt.total_seconds()
                values[:, i], kinds[i] = seconds.to_numpy(dtype=np.float64), True
            else:
                # Codes by content, so that the same word has the same code on both sides.
                codes = pd.util.hash_array(column.astype(str).to_numpy(dtype=object)) >> np.uint64(11)
                values[:, i] = np.where(column.isna(), np.nan, codes.astype(np.float64))
    single = bool(width) and all(str(t) in ("float32", "float16") for t in frame.dtypes)
    seen = None
    if read.size < rows and numeric.any():
        counted = whole if numeric.all() else whole.loc[:, numeric]
        seen = scan(_frame_chunks(counted)).over(numeric)
    return Table(rows, read, values, values, names, kinds, False, single, (width,), _texts(frame, name), seen)


def _texts(frame: Any, name: str) -> NDArray[np.object_] | None:
    """The one column of a frame, where it holds texts.

    Raises
    ------
    ValueError
        If a column holds arrays or lists.
    """
    objects = frame.iloc[:100, np.flatnonzero(frame.dtypes.astype(str) == "object")]
    if any(isinstance(v, list | tuple | np.ndarray) for v in objects.to_numpy().ravel()):
        raise ValueError(f"{name} holds arrays or lists as values: pass rows of equal length")
    if frame.shape[1] != 1 or not frame.shape[0] or str(frame.dtypes.iloc[0]) == "category":
        return None
    column: NDArray[np.object_] = frame.iloc[:, 0].to_numpy(dtype=object)
    held = [v for v in column if isinstance(v, str)]
    others = frame.iloc[:, 0].notna().sum() - len(held)
    return column if held and not others else None
