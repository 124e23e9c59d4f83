"""Rows of tables as the driver gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

_meta = sa.MetaData()


def table(name: str, *columns: str) -> sa.Table:
    """Name a table and those of its columns that are read.

    They have no types: values come as the driver gives them, which is twice as fast as SQLAlchemy's conversions.
    """
    return sa.Table(name, _meta, *(sa.Column(column) for column in columns))


def rows(connection: sa.Connection, statement: sa.Select[Any]) -> list[Sequence[Any]]:
    """All rows at once, as the driver gives them: an open cursor on SQLite keeps others from writing."""
    result = connection.execute(statement)
    found = list(result.cursor.fetchall()) if result.cursor is not None else []
    result.close()
    return found


def by_run(found: Iterable[Sequence[Any]]) -> dict[str, list[Sequence[Any]]]:
    """Sort rows by their first column, without it."""
    sorted_out: dict[str, list[Sequence[Any]]] = {}
    for run, *row in found:
        sorted_out.setdefault(run, []).append(row)
    return sorted_out
