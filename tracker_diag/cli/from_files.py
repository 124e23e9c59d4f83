"""``diagnose PATH``: what lies in files is read, diagnosed and printed; nothing is written anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tracker_diag.cli.errors import UsageError, complain
from tracker_diag.cli.report import show
from tracker_diag.core.outgoing import clean
from tracker_diag.report.registry import DEFAULT

if TYPE_CHECKING:
    from tracker_diag.core.finding import Severity
    from tracker_diag.core.report import Report
    from tracker_diag.core.run import Run
    from tracker_diag.settings.settings import Settings


_ONLY_READ = "nothing was written, since files are only read"
_PLACES = ("run_id", "tracker", "tracking_uri", "project")
_WRITES = ("write", "artifacts", "note", "annotate")


def check_alone(context: typer.Context) -> None:
    """Refuse options of a tracker beside a path: those that say where a run is, and those that say what is written.

    Raises
    ------
    UsageError
        If there is one.
    """
    typed = [name for name, value in context.params.items() if value and _is_typed(context, name)]
    for name in typed:
        option = f"--{name.replace('_', '-')}"
        if name in _PLACES:
            raise UsageError(f"{option} cannot be combined with a path: files need no tracker")
        if name in _WRITES:
            raise UsageError(f"{option} cannot be combined with a path: files are only read")


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


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
    UsageError
        If there is no such path: a run of a tracker is named by an option.
    ReadingError, TrackerError
        If it cannot be read.
    """
    from tracker_diag.calls.diagnosing import reports_of
    from tracker_diag.calls.reading_runs import read_all
    from tracker_diag.cli import progress
    from tracker_diag.cli.watch import start_log

    start_log("text")
    _check_there(path)
    runs = read_all(path)
    reports: list[Report] = []
    with progress.bar("diagnosing") as advance:
        for report in reports_of(runs, settings):
            reports.append(report)
            advance(len(reports), len(runs))
    if len(reports) > 1 and format == DEFAULT:
        _show_table(reports, runs)
    else:
        for report in reports:
            show(report, format)
        complain(_ONLY_READ, label="")
    return max((report.severity for report in reports), key=lambda x: x.rank)


def _check_there(path: Path) -> None:
    try:
        there = path.expanduser().exists()
    except (OSError, ValueError):
        there = False
    if not there:
        # A path joins the slashes of an address.
        run = "RUN" if ":" in str(path) else clean(path)
        raise UsageError(f"no file or folder '{clean(path)}'; for a run in a tracker, use --run-id {run}")


def _show_table(reports: Sequence[Report], runs: Sequence[Run]) -> None:
    from tracker_diag.cli.console import stdout
    from tracker_diag.cli.run_tables import print_runs
    from tracker_diag.cli.summary import ROWS
    from tracker_diag.report.wording import named_cause
    from tracker_diag.sweeping.result import Row

    rows = [
        Row(
            id=report.run_id,
            name=report.run_name or "",
            experiment=run.experiment or "",
            link=None,
            verdict=report.verdict,
            severity=report.severity,
            cause=cause.name if (cause := named_cause(report)) else "",
            summary=report.summary,
            news=True,
        )
        for report, run in zip(reports, runs, strict=True)
    ]
    rows.sort(key=lambda row: (-row.severity.rank, row.verdict, row.id))
    verdicts = Counter(row.verdict for row in rows).most_common()
    print_runs(stdout(), rows[:ROWS])
    rest = f"… and {len(rows) - ROWS:,} more\n" if len(rows) > ROWS else ""
    counts = ", ".join(f"{verdict} {n:,}" for verdict, n in sorted(verdicts, key=lambda x: (-x[1], x[0])))
    line = f"{len(rows):,} diagnosed; {_ONLY_READ}. Verdicts: {counts}."
    stdout().print(f"{rest}\n{line}", soft_wrap=True)
