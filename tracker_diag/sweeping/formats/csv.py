"""A sweep as CSV, for a spreadsheet: one line a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from tracker_diag.report.spreadsheet import safe
from tracker_diag.sweeping.document import ANYTHING, Asked, all_rows
from tracker_diag.sweeping.result import Swept

COLUMNS = (
    "id",
    "name",
    "experiment",
    "severity",
    "verdict",
    "cause",
    "findings",
    "summary",
    "link",
    "accepted",
    "could_not_be_read",
)


def render(swept: Swept, _: Asked = ANYTHING) -> str:
    """Write a sweep as CSV, RFC 4180: names of columns in the first line, then the runs, worst first.

    Runs that could not be read, diagnosed or written come last, with the reason in the last column. A text that a
    spreadsheet would take for a formula gets an apostrophe before it.

    Returns
    -------
    str
        Lines end with CR LF.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([safe(cell) for cell in line] for line in _lines(swept))
    return out.getvalue()


def _lines(swept: Swept) -> Iterator[tuple[str, ...]]:
    for row in all_rows(swept):
        found = " ".join(row.codes)
        about = (str(row.severity), row.verdict, row.cause, found, row.summary)
        yield (row.id, row.name, row.experiment, *about, row.link or "", "yes" if row.accepted else "", "")
    for failure in swept.failures:
        yield (failure.id, *[""] * (len(COLUMNS) - 2), failure.reason)
