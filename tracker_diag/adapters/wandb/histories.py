"""Whole histories from the server: from its parquet exports where they are complete, from its rows otherwise."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.wandb.answers import optional
from tracker_diag.adapters.wandb.history import History, as_number
from tracker_diag.adapters.wandb.private import CoreError
from tracker_diag.adapters.wandb.queries import HISTORY
from tracker_diag.adapters.wandb.server import RunPath, Server
from tracker_diag.core.foreign_json import read_json

# Rows a request; the server thins out what is more, without a word.
PAGE = 10_000


def read_history(server: Server, path: RunPath, node: Mapping[str, Any]) -> History:
    """Read all rows of a run, none sampled.

    Parameters
    ----------
    server : Server
        The one that holds the run.
    path : RunPath
        Where the run is on it.
    node : mapping
        The run as the server describes it: ``state``, ``historyLineCount``, ``historyKeys``.

    Raises
    ------
    TrackerError
    """
    lines = optional(node, "historyLineCount", int, 0)
    last = as_number(optional(node, "historyKeys", dict, {}).get("lastStep"))
    if lines <= 0 or last is None or last < 0:
        return History()
    if node["state"] != "running":
        history = _read_exports(server, path)
        # Exports are made in the background: they may be of before the run was resumed.
        if history is not None and len(history) >= lines and max(history.steps) >= last:
            return history
    history = History()
    for row in _rows(server, path, lines, int(last)):
        history.put_row(row)
    return history


def _rows(server: Server, path: RunPath, lines: int, last: int) -> Iterator[dict[str, Any]]:
    # As wide a window of steps as should hold a page of rows; steps may lie far apart, here less and there more.
    width = max(PAGE, (last + 1) * PAGE // lines)
    start = read = 0
    while start <= last:
        asked = {**path.variables, "minStep": start, "maxStep": start + width, "pageSize": PAGE}
        project = optional(server.ask(HISTORY, asked, f"history of {path}"), "project", dict, {})
        rows = optional(optional(project, "run", dict, {}), "history", list, [])
        if len(rows) >= PAGE and width > PAGE:
            # Full: there may have been more. A window of PAGE steps cannot hold more than PAGE rows.
            width = max(PAGE, width // 4)
            continue
        read += len(rows)
        # A run that is being logged to has a few more by now.
        if read > 2 * lines + PAGE:
            raise TrackerError(f"the server returns more rows of its history than the {lines:,} it reports")
        for row in rows:
            yield _row(row)
        start += width
        if len(rows) < PAGE // 2:
            width *= 4


def _row(text: Any) -> dict[str, Any]:
    row = read_json(text) if isinstance(text, str) else None
    if not isinstance(row, dict):
        raise TrackerError("a row of its history is not a JSON object")
    return row


def _read_exports(server: Server, path: RunPath) -> History | None:
    with tempfile.TemporaryDirectory(prefix="tracker-diag-") as folder:
        project = path.project
        try:
            files = server.core.download_exports(project.entity, project.name, path.run, Path(folder))
        except CoreError as error:
            if error.status in (401, 403):
                raise server.explain(error, str(path)) from None
            # The store that holds the exports is another server than the one that has the rows.
            return None
        return _read_parquet(files) if files else None


def _read_parquet(files: Iterable[Path]) -> History:
    from pyarrow import parquet

    history = History()
    tables = [parquet.read_table(file) for file in files]
    for table in sorted(tables, key=lambda table: float(np.min(_numbers(table, "_step"), initial=np.inf))):
        first = len(history)
        steps, seconds = _numbers(table, "_step"), _numbers(table, "_timestamp")
        for step, second in zip(steps, seconds, strict=True):
            history.start_row(step, second)
        for name, column in zip(table.column_names, table.columns, strict=True):
            if not name.startswith("_"):
                _add_column(history, name, column, first)
    return history


def _numbers(table: Any, name: str) -> Any:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return table.column(name).to_numpy(zero_copy_only=False).astype(np.float64)


def _add_column(history: History, name: str, column: Any, first: int) -> None:
    from pyarrow import types

    rows = np.flatnonzero(column.is_valid().to_numpy())
    if types.is_floating(column.type) or types.is_integer(column.type) or types.is_boolean(column.type):
        values = column.drop_null().to_numpy(zero_copy_only=False).astype(np.float64)
        history.put_column(name, (rows + first).tolist(), values.tolist())
        return
    # Texts and structures, few in a history: one by one.
    for row, value in zip(rows.tolist(), column.drop_null().to_pylist(), strict=True):
        history.put_at(first + row, name, _plain(value))


def _plain(value: Any) -> Any:
    """Turn a cell into what a row of JSON would hold: texts parsed, no fields that this row did not log."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, str) and value[:1] == "{":
        try:
            return read_json(value)
        except ValueError:
            return value
    return value
