"""Tables of text: CSV, with semicolons or tabs as well, wide or long."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import InvalidRunError, Run
from tracker_diag.reading.cells import CellError, as_number
from tracker_diag.reading.file_format import FileFormat, Found, ReadingError, content
from tracker_diag.reading.metric_table import Table, read_table

_SEPARATORS = ",;\t"
_MOST_COLUMNS = 20_000


def read(found: Found) -> tuple[Run, ...]:
    """Read the runs of a table."""
    return runs_of(found, {})


def runs_of(found: Found, params: dict[str, Any]) -> tuple[Run, ...]:
    """Read the runs of a table of which settings are known.

    A cell that says ``nan`` is NaN. Where one does, an empty cell is a gap; where none does, as pandas writes a table,
    it may be either, and ``reading/blanks.py`` decides.

    Raises
    ------
    ReadingError
        If the file cannot be read, or has no header.
    InvalidRunError
        If it holds no metric.
    """
    path = found.files[-1]
    lines = _text(content(found)).splitlines(keepends=True)
    separator = max(_SEPARATORS, key=next((line for line in lines if line.strip()), "").count)
    try:
        rows = _rows(lines, separator)
        header = [name.strip() for name in next(rows, (0, []))[1]]
        if problem := _wrong_with(header):
            raise ReadingError(f"{clean(path)}: {problem}")
        columns = _columns(rows, header, clean(path), decimal_comma=separator == ";")
    except _NotCsvError as error:
        raise ReadingError(f"{clean(path)}, line {error.line}: {clean(error, 120)}") from None
    # The numbers of rows, which pandas writes unless it is told not to, have no name.
    cells = {name: column for name, column in columns.items() if name}
    says_nan = any(_says_nan(column) for column in cells.values())
    try:
        return read_table(Table(cells, blank_nan=not says_nan), found.id, params)
    except CellError as error:
        # An editor counts the lines of the file; the first row stands below the header.
        line = next(islice(_rows(lines, separator), error.row + 1, None))[0]
        raise ReadingError(f"{clean(path)}, line {line}, column {clean(error.column, 80)}: {error.problem}") from None
    except InvalidRunError as error:
        raise ReadingError(f"{clean(path)}: {error}") from None


class _NotCsvError(ValueError):
    """A line that cannot be split into cells."""

    def __init__(self, line: int, problem: csv.Error) -> None:
        super().__init__(str(problem))
        self.line = line


def _rows(lines: Sequence[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold something, each with the line of the file in which it ends, counted from 1."""
    reader = csv.reader(lines, delimiter=separator)
    try:
        for row in reader:
            if any(map(str.strip, row)):
                yield reader.line_num, row
    except csv.Error as error:
        raise _NotCsvError(reader.line_num, error) from None


def _text(file: bytes) -> str:
    """The text of a file; Excel writes UTF-16 where it is asked for Unicode."""
    return file.decode("utf-16" if file[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")


def _wrong_with(header: list[str]) -> str:
    if not any(header):
        return "it is empty: write a header line, then one line per step"
    if len(header) > _MOST_COLUMNS:
        return f"{len(header):,} columns, but at most {_MOST_COLUMNS:,} are read"
    if all(as_number(name) is not None for name in header if name):
        return "its first line must name the columns, e.g. step,loss,val_loss"
    named = [name for name in header if name]
    if len(set(named)) < len(named):
        twice = next(name for i, name in enumerate(named) if name in named[:i])
        return f"two columns have the name {clean(twice, 80)!r}: rename one"
    return ""


def _columns(
    rows: Iterator[tuple[int, list[str]]], header: list[str], where: str, *, decimal_comma: bool
) -> dict[str, Any]:
    """The cells of each column; a row that is shorter ends in blanks, and where it is the last one it is unfinished."""
    n, size = len(header), len(header)
    columns: list[list[str]] = [[] for _ in header]
    for line, row in rows:
        if len(row) > n and any(map(str.strip, row[n:])):
            raise ReadingError(f"{where}, line {line}: {len(row)} cells, but the header has {n} columns")
        size = len(row)
        for column, cell in zip(columns, [*row[:n], *[""] * (n - len(row))], strict=True):
            column.append(cell.replace(",", ".") if decimal_comma else cell)
    if size < n:
        columns = [column[:-1] for column in columns]
    return {name: _numbers(column) for name, column in zip(header, columns, strict=True)}


def _numbers(cells: Any) -> Any:
    """All numbers at once where all cells are; else the texts, which are read one by one."""
    texts = np.asarray(cells, dtype=object)
    try:
        return texts.astype(np.float64)
    except (TypeError, ValueError):
        return texts


def _says_nan(column: Any) -> bool:
    if column.dtype.kind == "f":
        return bool(np.isnan(column).any())
    return any(isinstance(cell, str) and cell.strip().lower().lstrip("+-") == "nan" for cell in column)


FORMAT = FileFormat(
    "CSV (a column for each metric, or columns metric, value and step)",
    ("*.csv", "*.tsv"),
    read,
    general=True,
    home=lambda path: path,
)
