"""Which empty cells of a wide table are gaps, and which are a NaN that was logged.

A frame of pandas writes both as NaN. Loggers of CSV leave blank what was not logged at a step; a loss that diverged is
NaN too. What tells them apart:

1. A row with no values stands for NaN: in the metrics that are normally logged at that row, which are those that have
   been silent the longest for how often they are logged.
2. If two metrics were always logged together, up to the last number of one, and the other goes on, the missing values
   are NaN. Rows with a metric that was never logged beside the one that stops, such as a final test loss, do not count.
3. A column without a single number is NaN throughout; unless another one that ends in the same word has numbers, as
   ``loss`` beside an empty ``val_loss``: then it was never logged.

Everything else is a gap: empty cells before a metric's first number, between two of its numbers, and after its last
one where it was never logged in every row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tracker_diag.reading.cells import BoolArray, Column

FEWEST = 2
"""Rows in which two metrics have to stand beside each other, before one that is missing says something."""
MOST_WORK = 500_000_000
"""Cells that are compared with each other; in larger tables every empty cell beside a number is a gap."""


def settled(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Decide of every cell that is open whether it was logged.

    Parameters
    ----------
    columns : mapping of str to Column
        The metrics of a table, without steps, epochs and times.

    Returns
    -------
    dict of str to Column
        None of their cells is open any more.
    """
    if not any(column.open.any() for column in columns.values()):
        return dict(columns)
    known = np.array([column.logged for column in columns.values()])
    doubt = np.array([column.open for column in columns.values()])
    heard: BoolArray = np.atleast_1d(known.any(axis=1))
    found = known.copy()
    spoken = {_last_word(name) for name, one in zip(columns, heard, strict=True) if one}
    lost = ~heard & np.array([_last_word(name) not in spoken for name in columns])
    found[lost] = doubt[lost]
    if heard.any():
        if int(heard.sum()) ** 2 * known.shape[1] <= MOST_WORK:
            for i in np.flatnonzero(heard):
                found[i] |= doubt[i] & _ended(known, int(i))
        _name_the_silent(found, known, doubt, heard, lost)
    return {
        name: replace(column, logged=found[i], open=np.zeros_like(column.open))
        for i, (name, column) in enumerate(columns.items())
    }


def _ended(known: BoolArray, i: int) -> BoolArray:
    """Rows after a metric's last number in which it is missing though it should not be."""
    rows = known.shape[1]
    own = np.flatnonzero(known[i])
    first, last = int(own[0]), int(own[-1])
    after = np.zeros(rows, bool)
    if last + 1 == rows:
        return after
    before = known[:, first : last + 1]
    beside = (before & before[i]).any(axis=1)
    faithful = (before.sum(axis=1) >= FEWEST) & ~(before & ~before[i]).any(axis=1)
    faithful[i] = False
    tail = known[:, last + 1 :]
    after[last + 1 :] = tail[faithful].any(axis=0) & ~tail[~beside].any(axis=0)
    return after


def _last_word(name: str) -> str:
    """What a metric measures, whichever data it is of: ``loss`` of ``val_loss``."""
    return re.split(r"[\W_]+", name.strip().lower())[-1]


def _name_the_silent(found: BoolArray, known: BoolArray, doubt: BoolArray, heard: BoolArray, lost: BoolArray) -> None:
    """Give each row in which nothing stands to the metrics that were due in it."""
    # A metric that never was a number explains by itself why nothing else stands in a row.
    silent = np.flatnonzero(~known.any(axis=0) & doubt.any(axis=0) & ~doubt[lost].any(axis=0))
    if not silent.size:
        return
    # Metrics that are always logged together are one group, known by the rows in which they stand.
    groups: dict[bytes, list[int]] = {}
    for member in np.flatnonzero(heard):
        groups.setdefault(np.packbits(known[member]).tobytes(), []).append(int(member))
    kinds = _merged(known, list(groups.values()))
    stands = [np.flatnonzero(rows) for rows, _ in kinds]
    usual = [_usual(rows) for rows in stands]
    # The last row that a kind, and a metric, was given.
    named = [-np.inf] * len(kinds)
    own = {i: np.flatnonzero(known[i]) for _, members in kinds for i in members}
    every = {i: _usual(rows) for i, rows in own.items()}
    given = dict.fromkeys(own, -np.inf)
    for row in silent:
        overdue = []
        for g, rows in enumerate(stands):
            place = int(np.searchsorted(rows, row))
            if place:
                overdue.append(((row - max(named[g], float(rows[place - 1]))) / usual[g], usual[g], g))
        if not overdue:
            continue
        _, _, due = max(overdue)
        named[due] = float(row)
        for i in kinds[due][1]:
            place = int(np.searchsorted(own[i], row))
            # What is logged in every fifth of these rows is not due in the first.
            if place and row - max(given[i], float(own[i][place - 1])) >= every[i]:
                given[i] = float(row)
                found[i, row] = doubt[i, row]


def _usual(rows: NDArray[np.intp]) -> float:
    """From one row to the next, usually."""
    return float(np.median(np.diff(rows))) if rows.size > 1 else 1.0


def _merged(known: BoolArray, groups: list[list[int]]) -> list[tuple[BoolArray, list[int]]]:
    """Groups of metrics whose rows overlap are one kind of row."""
    kinds: list[tuple[BoolArray, list[int]]] = []
    for members in groups:
        rows, names = known[members[0]], list(members)
        apart = []
        for other, others in kinds:
            if (rows & other).any():
                rows, names = rows | other, names + others
            else:
                apart.append((other, others))
        kinds = [*apart, (rows, names)]
    return kinds
