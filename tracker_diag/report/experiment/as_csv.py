"""The runs of an experiment as CSV, for a spreadsheet: one line a run."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

from tracker_diag.core.plain import plain
from tracker_diag.report.experiment.overview import Overview, Row, clocked
from tracker_diag.report.spreadsheet import safe

COLUMNS = (
    "id",
    "name",
    "link",
    "status",
    "severity",
    "verdict",
    "cause",
    "summary",
    "outcome",
    "start",
    "end",
    "seconds",
    "wasted_seconds",
)
PARAMETER = "params."
"""Stands before the name of a parameter, as in MLflow's own tables: one may be called as a column is."""


def render(overview: Overview) -> str:
    """Write the runs as CSV, RFC 4180: names of columns in the first line, times in ISO 8601, UTC; parameters last.

    A text that a spreadsheet would take for a formula gets an apostrophe before it; a number stays as it is.

    Returns
    -------
    str
        Lines end with CR LF.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    names = overview.parameters
    writer.writerow([*COLUMNS, *(safe(PARAMETER + name) for name in names)])
    for row in overview.rows:
        writer.writerow([safe(cell) for cell in (*_cells(row), *(_value(row.params.get(name)) for name in names))])
    return out.getvalue()


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.id,
        row.name,
        row.link or "",
        row.status,
        "" if row.severity is None else str(row.severity),
        row.verdict,
        row.cause,
        row.summary,
        _number(row.outcome),
        _time(row.start),
        _time(row.end),
        _number(row.seconds),
        _number(row.wasted),
    )


def _value(value: Any) -> str:
    data = plain(value)
    return "" if data is None else data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


def _number(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _time(time: float | None) -> str:
    known = clocked(time)
    return "" if known is None else datetime.fromtimestamp(known, UTC).isoformat(timespec="seconds")
