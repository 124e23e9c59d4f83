"""Rows of the tables of Keras: in boxes (Keras 3), or under lines of signs (Keras 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import dropwhile, islice, pairwise, takewhile

from tracker_diag.core.plain import CUT

#: Columns as their headers begin; the last ones are not always there.
COLUMNS = ("Layer (type)", "Output Shape", "Param #", "Connected to", "Trainable")
_SIDES = "┃│|"
_RULES = frozenset("|+-=_¯ ")


def table_of_keras_3(text: str) -> list[dict[str, str]]:
    """Read the rows of a table in boxes.

    Parameters
    ----------
    text : str
        The summary.

    Returns
    -------
    list of dict
        What stands under each of the columns, lines of one cell joined; empty where there is no such table.
    """
    blocks = dropwhile(lambda block: "".join(_joined(block)[:1]) != COLUMNS[0], _blocks(text))
    header = next(blocks, None)
    if header is None:
        return []
    names = [_column(cell) for cell in _joined(header, " ")]
    return [dict(zip(names, cells, strict=True)) for block in blocks if len(cells := _joined(block)) == len(names)]


def table_of_keras_2(text: str) -> list[dict[str, str]]:
    """Read the rows of a table under lines of signs.

    Parameters
    ----------
    text : str
        The summary.

    Returns
    -------
    list of dict
        What stands under each of the columns, lines of one cell joined; empty where there is no such table.
    """
    lines = dropwhile(lambda line: not line.strip().startswith(COLUMNS[0]), text.splitlines())
    header = next(lines, "")
    starts = {name: header.find(name) for name in COLUMNS if name in header}
    if not all(name in starts for name in COLUMNS[:3]):
        return []
    edges = [0, *list(starts.values())[1:], None]
    rows: list[list[str]] = []
    for line in takewhile(lambda line: not line.startswith("=="), islice(lines, 1, None)):
        if _RULES.issuperset(line):
            continue
        cells = [line[start:end] for start, end in pairwise(edges)]
        cells = [cells[0].rstrip(), *(cell.strip(" |") for cell in cells[1:])]
        if cells[2]:
            rows.append(cells)
        elif rows:
            rows[-1] = [rows[-1][0] + cells[0].strip(" |"), *map(str.__add__, rows[-1][1:], cells[1:])]
    return [dict(zip(starts, cells, strict=True)) for cells in rows]


def _blocks(text: str) -> Iterator[list[list[str]]]:
    """Give the lines between two rules, split into cells."""
    block: list[list[str]] = []
    side = ""
    for line in map(str.strip, text.splitlines()):
        is_row = line[:1] in _SIDES and line[-1:] == line[:1] != "" and not _RULES.issuperset(line)
        if block and not (is_row and line[0] == side):
            yield block
            block = []
        if is_row:
            side = line[0]
            block.append(line.split(side)[1:-1])
    if block:
        yield block


def _joined(block: Sequence[Sequence[str]], by: str = "") -> list[str]:
    """Join the lines of each cell; the first one keeps how far it is indented."""
    if any(len(line) != len(block[0]) for line in block):
        return []
    return [
        by.join(filter(None, [cells[0].rstrip()[1:], *(cell.strip() for cell in cells[1:])]))
        if i == 0 and not by
        else by.join(filter(None, map(str.strip, cells)))
        for i, cells in enumerate(zip(*block, strict=True))
    ]


def _column(said: str) -> str:
    return next((name for name in COLUMNS if name == said or (CUT in said and name.startswith(said.rstrip(CUT)))), said)
