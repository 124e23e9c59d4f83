"""Which runs made the command leave with 1."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracker_diag.cli.errors import complain

if TYPE_CHECKING:
    from tracker_diag.core.finding import Severity
    from tracker_diag.sweeping.result import Row

LISTED = 20
"""Runs that are named; more are counted."""


def tell_found(found: Sequence[Row], fail_on: Severity, log_format: str) -> None:
    """Name the runs at or above a severity on stderr.

    Parameters
    ----------
    found : sequence of Row
        Those runs.
    fail_on : Severity
        What ``--fail-on`` says.
    log_format : {"text", "json"}
        What ``--log-format`` says: a line of text a run, or a record.
    """
    from tracker_diag.cli import watch
    from tracker_diag.core.finding import Severity
    from tracker_diag.core.outgoing import clean, web_link
    from tracker_diag.report.wording import counted
    from tracker_diag.sweeping.document import called

    if log_format == "json":
        for row in found[:LISTED]:
            about = {"verdict": row.verdict, "severity": str(row.severity), "link": row.link}
            watch.event("found", logging.WARNING, run_id=row.id, run=row.name, **about)
        watch.event("exit code 1", logging.WARNING, runs=len(found), fail_on=str(fail_on))
        return
    worse = "" if fail_on is Severity.ERROR else " or worse"
    complain(f"{counted(len(found), 'run')} with severity {fail_on}{worse} (--fail-on {fail_on}):", label="")
    verdicts = [clean(row.verdict) for row in found[:LISTED]]
    for row, verdict in zip(found, verdicts, strict=False):
        line = f"{row.severity:<{len('warning')}}  {verdict:<{max(map(len, verdicts))}}  {called(row)}"
        complain(f"{line}  {address}" if (address := web_link(row.link)) else line, label="  ")
    if len(found) > LISTED:
        complain(f"… and {len(found) - LISTED:,} more", label="  ")
