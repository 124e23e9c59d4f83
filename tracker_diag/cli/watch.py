"""Who is told while a sweep runs: a bar on a terminal, or lines of JSON in a log."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tracker_diag.cli.console import stderr

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from tracker_diag.adapters.base import Failure
    from tracker_diag.sweep import Row

LOG_FORMATS = ("text", "json")
_log = logging.getLogger("tracker_diag")


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, event, and what the record carries as ``data``."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        head = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        return json.dumps(head | getattr(record, "data", {}))


def start_log(log_format: str) -> None:
    """Send the package's records to stderr: all of them as JSON, warnings and errors as text."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter("%(levelname)s: %(message)s"))
    _log.handlers[:] = [handler]
    _log.setLevel(logging.INFO if log_format == "json" else logging.WARNING)
    _log.propagate = False


def event(name: str, **data: object) -> None:
    """Log what happened."""
    _log.info(name, extra={"data": data})


class Lines:
    """A log record for each thing that happens."""

    def listed(self, due: int, unchanged: int) -> None:
        """Log how many runs there are."""
        event("listed", due=due, unchanged=unchanged)

    def done(self, row: Row) -> None:
        """Log a verdict."""
        event(
            "diagnosed", run_id=row.id, run=row.name, verdict=row.verdict, severity=str(row.severity), cause=row.cause
        )

    def failed(self, failure: Failure) -> None:
        """Log a failure."""
        _log.warning("failed", extra={"data": {"run_id": failure.id, "reason": failure.reason}})


class Bar:
    """A progress bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self.progress, self.task = progress, task

    def listed(self, due: int, unchanged: int) -> None:
        """Set the bar's length."""
        self.progress.update(self.task, total=due, description=f"diagnosing ({unchanged:,} unchanged)")

    def done(self, row: Row) -> None:
        """Move on."""
        self.progress.advance(self.task)

    def failed(self, failure: Failure) -> None:
        """Move on."""
        self.progress.advance(self.task)


@contextmanager
def watching(log_format: str) -> Iterator[Bar | Lines]:
    """Open a watcher for one sweep."""
    if log_format == "json":
        yield Lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    console = stderr()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield Bar(bar, bar.add_task("listing", total=None))
