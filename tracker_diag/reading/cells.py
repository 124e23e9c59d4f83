"""One column of a table: its numbers, and which of its cells were logged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.plain import plain
from tracker_diag.core.run import InvalidRunError
from tracker_diag.stats.arrays import FloatArray

BoolArray: TypeAlias = NDArray[np.bool_]

MOST_CELLS = 10_000_000
"""Most cells read from an iterable without a length, which may never end."""
_BLANKS = frozenset({"", "na", "n/a", "<na>", "none", "null", "-", "--"})
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}


class CellError(InvalidRunError):
    """A cell that is not a number in a column of numbers.

    Parameters
    ----------
    column : str
        Its name.
    row : int
        Counted from 0; the error keeps it.
    problem : str
        What is wrong with it, in words; the error keeps it.
    """

    def __init__(self, column: str, row: int, problem: str) -> None:
        super().__init__(f"column {column!r}, row {row}", problem)
        self.column = column
        self.row = row
        self.problem = problem


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The cells of one metric.

    Attributes
    ----------
    values : ndarray of float64, shape (n,)
        NaN where nothing was logged.
    logged : ndarray of bool, shape (n,)
        Cells that surely hold what was logged, be it NaN.
    open : ndarray of bool, shape (n,)
        Cells of which nobody can tell yet whether they are blank or NaN.
    """

    values: FloatArray
    logged: BoolArray
    open: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The cells of a column of texts, or of whatever is no number.

    Attributes
    ----------
    texts : tuple of str
        Empty where a cell is.
    """

    texts: tuple[str, ...]


def listed(values: Any) -> list[Any] | NDArray[Any]:
    """Turn what holds several values into an array of numpy's, or a list: tensors, series, ranges, tuples.

    Raises
    ------
    TypeError
        If it holds none.
    """
    if isinstance(values, str | bytes | dict) or (isinstance(values, np.ndarray) and values.ndim == 0):
        raise TypeError(type(values).__name__)
    if isinstance(values, np.ma.MaskedArray):
        return list(values.tolist())
    if isinstance(values, np.ndarray):
        return values
    # Tensors of every library, series of pandas and of polars.
    convert = getattr(values, "tolist", None) or getattr(values, "to_list", None) or getattr(values, "numpy", None)
    if convert is not None:
        values = convert()
    if isinstance(values, Iterable) and not isinstance(values, str | bytes | dict):
        if isinstance(values, np.ndarray | Sized):
            return values if isinstance(values, np.ndarray) else list(values)
        cells = list(islice(values, MOST_CELLS + 1))
        if len(cells) <= MOST_CELLS:
            return cells
        raise TypeError(f"{type(values).__name__} without an end")
    raise TypeError(type(values).__name__)


def read_column(name: str, values: Sequence[Any] | NDArray[Any], *, blank_nan: bool) -> Column | Words | None:
    """Read the cells of a column.

    Parameters
    ----------
    name : str
        Its name, for errors.
    values : sequence, shape (n,)
        Numbers, texts of numbers, None.
    blank_nan : bool
        Whether a NaN, or a cell without text, may stand for a blank or for NaN; otherwise NaN is NaN, and no text is a
        blank.

    Returns
    -------
    Column, Words or None
        None for dates, durations and flags, which are no metric.

    Raises
    ------
    CellError
        If most cells are numbers, and one is not.
    InvalidRunError
        If its cells are arrays.
    """
    array = values if isinstance(values, np.ndarray) else _as_array(values)
    if array.ndim != 1:
        raise InvalidRunError(f"column {name!r}", "its cells are arrays: give one number per cell")
    if array.dtype.kind in "iuf":
        numbers = array.astype(np.float64)
        nan = np.isnan(numbers)
        return Column(numbers, ~nan if blank_nan else np.ones(nan.size, bool), nan & blank_nan)
    if array.dtype.kind in "bmMcV":
        return None
    return _of_objects(name, array.tolist(), blank_nan)


def _as_array(values: Sequence[Any]) -> NDArray[Any]:
    kinds = set(map(type, values))
    if kinds and kinds <= {int, float}:
        try:
            return np.array(values, dtype=np.float64)
        except OverflowError:
            pass
    array = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        array[i] = value
    return array


def _of_objects(name: str, cells: list[Any], blank_nan: bool) -> Column | Words | None:
    numbers = np.full(len(cells), math.nan)
    logged, doubt = np.zeros(len(cells), bool), np.zeros(len(cells), bool)
    strange: list[int] = []
    flags = 0
    for i, cell in enumerate(cells):
        if isinstance(cell, bool | np.bool_):
            flags += 1
        number = as_number(cell)
        if number is None:
            if is_blank(cell):
                doubt[i] = blank_nan and isinstance(cell, str)
            else:
                strange.append(i)
        else:
            numbers[i] = number
            # A text that says NaN is no blank.
            logged[i] = not (blank_nan and math.isnan(number) and not isinstance(cell, str))
            doubt[i] = not logged[i]
    if flags and flags == int(logged.sum()):
        return None
    if not strange:
        return Column(numbers, logged, doubt)
    if len(strange) < logged.sum():
        shown = str(plain(cells[strange[0]]))[:40]
        raise CellError(name, strange[0], f"{shown!r} is not a number")
    return Words(tuple("" if is_blank(cell) or _is_nan(cell) else str(plain(cell)) for cell in cells))


def is_blank(cell: Any) -> bool:
    """Whether a cell says nothing: None, pandas' NA and NaT, an empty text or a word for it."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, str) and cell.strip().lower() in _BLANKS


def _is_nan(cell: Any) -> bool:
    return isinstance(cell, float) and math.isnan(cell)


def as_number(cell: Any) -> float | None:
    """Read one cell as a number; None where it is blank, or something else."""
    if isinstance(cell, str):
        return _of_text(cell)
    if isinstance(cell, int | float | np.integer | np.floating):
        return _float(cell)
    if cell is None or isinstance(cell, bytes | complex | np.generic):
        return None
    # A tensor of one number, as a loss is collected in a loop; Decimal and Fraction.
    if getattr(cell, "ndim", 0) == 0 and (hasattr(cell, "item") or hasattr(cell, "as_integer_ratio")):
        try:
            inner = cell.item() if hasattr(cell, "item") else cell
            return None if isinstance(inner, complex | str) else _float(inner)
        except (TypeError, ValueError, RuntimeError):
            return None
    return None


def _of_text(text: str) -> float | None:
    word = text.strip().lower()
    sign = -1.0 if word.startswith("-") else 1.0
    if word.lstrip("+-") in _NOT_FINITE:
        return sign * _NOT_FINITE[word.lstrip("+-")]
    if "_" in word:
        return None
    try:
        return float(word)
    except ValueError:
        return None


def _float(value: Any) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        return None
