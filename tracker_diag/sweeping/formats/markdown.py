"""A sweep as Markdown, for the summary of a CI job, a comment or a chat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import web_link
from tracker_diag.report.formats.markdown import DATA, LONGEST_NAME, escape
from tracker_diag.report.wording import counted
from tracker_diag.sweeping.document import ANYTHING, Asked, all_rows, called, said
from tracker_diag.sweeping.result import Row, Swept

ROWS = 100
"""Runs that are listed: a job's summary may have 1 MiB, and a page is read from its beginning."""
_MARKS = {Severity.ERROR: "❌ error", Severity.WARNING: "⚠️ warning", Severity.INFO: "info", Severity.OK: "ok"}


def render(swept: Swept, asked: Asked = ANYTHING) -> str:
    """Write a sweep as GitHub-flavoured Markdown: the figures, then a table of the runs, worst first.

    Every text of a run is escaped, so that none of it is markup.

    Returns
    -------
    str
        Ends with a newline.
    """
    return "\n\n".join(_blocks(swept, asked)) + "\n"


def _blocks(swept: Swept, asked: Asked) -> Iterator[str]:
    rows = all_rows(swept)
    counts = Counter(row.severity for row in rows)
    known = [f"{counts[severity]:,} {severity}" for severity in reversed(Severity) if counts[severity]]
    accepted = sum(row.accepted for row in rows)
    known += [f"{accepted:,} of them accepted by the baseline"] if accepted else []
    known += [f"{len(swept.failures):,} could not be diagnosed"] if swept.failures else []
    known += [f"{swept.left:,} not reached"] if swept.left else []
    where = f" in {escape(asked.tracker, LONGEST_NAME)}" if asked.tracker else ""
    yield "## Training runs"
    total = len(rows) + len(swept.failures) + swept.left
    yield f"**{counted(total, 'run')}**{where}" + (f": {', '.join(known)}." if known else ".")
    if swept.error:
        yield f"**{escape(swept.error)}**"
    if rows:
        yield DATA
        yield _table(("severity", "verdict", "run", "experiment", "what was found"), map(_cells, rows[:ROWS]))
    if len(rows) > ROWS:
        yield f"And {len(rows) - ROWS:,} more: `--format csv` and `json` list all of them."
    if swept.failures:
        failed = ((_name(f.id), escape(f.reason)) for f in swept.failures[:ROWS])
        yield _table(("run that could not be diagnosed", "reason"), failed)
    if len(swept.failures) > ROWS:
        yield f"And {len(swept.failures) - ROWS:,} more."


def _cells(row: Row) -> tuple[str, ...]:
    link = web_link(row.link)
    name = _name(called(row))
    return (
        _MARKS[row.severity],
        _name(row.verdict),
        f"[{name}](<{link}>)" if link else name,
        _name(row.experiment),
        escape(said(row).removeprefix(f"{row.verdict}: ")),
    )


def _name(value: str) -> str:
    return escape(value, LONGEST_NAME)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{' --- |' * len(head)}", *lines[1:]])
