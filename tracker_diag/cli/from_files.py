"""``diagnose PATH``: what lies in files is read, diagnosed and printed; nothing is written anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tracker_diag.cli.errors import UsageError, complain
from tracker_diag.cli.report import show
from tracker_diag.report.registry import DEFAULT

if TYPE_CHECKING:
    from tracker_diag.core.finding import Severity
    from tracker_diag.core.report import Report
    from tracker_diag.settings.settings import Settings


def check_alone(
    run_id: str | None, tracker: str | None, uri: str | None, project: list[str] | None, annotate: bool
) -> None:
    """Refuse options that speak of a tracker beside a path.

    Raises
    ------
    UsageError
        If there is one.
    """
    given = {
        "--run-id": run_id,
        "--tracker": tracker,
        "--tracking-uri": uri,
        "--project": project,
        "--annotate": annotate,
    }
    beside = next((name for name, value in given.items() if value), None)
    if beside is not None:
        raise UsageError(f"a path and {beside}: give one; what lies in files needs no tracker")


def diagnose_path(path: Path, settings: Settings, format: str) -> Severity:
    """Diagnose what a path leads to, and print it: a report, or a table of several runs.

    Each of several runs is compared with the others of its experiment; files that name none count as one experiment.
    In other formats than text their reports come one after the other.

    Returns
    -------
    Severity
        The worst.

    Raises
    ------
    ReadingError, TrackerError
        If it cannot be read.
    """
    from tracker_diag.calls.diagnosing import reports_of
    from tracker_diag.calls.reading_runs import read_all
    from tracker_diag.cli import progress
    from tracker_diag.cli.watch import start_log

    start_log("text")
    runs = read_all(path)
    reports: list[Report] = []
    with progress.bar("diagnosing") as advance:
        for report in reports_of(runs, settings):
            reports.append(report)
            advance(len(reports), len(runs))
    if len(reports) > 1 and format == DEFAULT:
        _show_table(reports)
    else:
        for report in reports:
            show(report, format)
        complain("read from files: nothing was written", label="")
    return max((report.severity for report in reports), key=lambda x: x.rank)


def _show_table(reports: list[Report]) -> None:
    from tracker_diag.cli.summary import show_table
    from tracker_diag.sweeping.result import Row, Swept

    rows = [
        Row(
            id=report.run_id,
            name=report.run_name or "",
            experiment="",
            link=None,
            verdict=report.verdict,
            severity=report.severity,
            cause=report.causes[0].name if report.causes else "",
            summary=report.summary,
            news=True,
        )
        for report in reports
    ]
    rows.sort(key=lambda row: (-row.severity.rank, row.verdict, row.id))
    verdicts: dict[str, int] = {}
    for row in rows:
        verdicts[row.verdict] = verdicts.get(row.verdict, 0) + 1
    show_table(Swept(rows=tuple(rows), verdicts=dict(sorted(verdicts.items())), worst=rows[0].severity), write=False)
