"""Who is told while a sweep runs: a bar on a terminal, or lines of JSON in a log."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from tracker_diag.cli.console import stderr
from tracker_diag.core.outgoing import clean, clean_data, redacted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from tracker_diag.adapters.base import Failure
    from tracker_diag.sweeping.result import Row
    from tracker_diag.sweeping.watcher import Watcher

LOG_FORMATS = ("text", "json")
_log = logging.getLogger("tracker_diag")


class TextLines(logging.Formatter):
    """One line per record; an error's traceback follows, indented so that it cannot be mistaken for a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        lines = _traceback(record) if record.levelno >= logging.ERROR else []
        return "\n".join([f"{record.levelname}: {clean(record.getMessage())}", *(f"    {line}" for line in lines)])


class JsonLines(logging.Formatter):
    """One JSON object per record: time, level, event, what the record carries as ``data``, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        head = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        lines = _traceback(record)
        tail = {"traceback": "\n".join(lines)} if lines else {}
        return json.dumps(clean_data(head | getattr(record, "data", {})) | tail)


class Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the time: a progress bar puts itself in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """The stream."""
        return sys.stderr


def start_log(log_format: str) -> None:
    """Send the package's records to stderr: all of them as JSON, warnings and errors as text.

    Warnings and errors of other packages take the same way out, unless a handler of their own is set up.
    """
    ours, others = Stderr(), Stderr()
    for handler in (ours, others):
        handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    others.setLevel(logging.WARNING)
    logging.lastResort = others
    _log.handlers[:] = [*(handler for handler in _log.handlers if not isinstance(handler, Stderr)), ours]
    _log.setLevel(logging.INFO if log_format == "json" else logging.WARNING)
    _log.propagate = False


def _traceback(record: logging.LogRecord) -> list[str]:
    """Lines of a record's traceback: redacted as a whole, since a secret may hold a line break, then cleaned."""
    if not record.exc_info or record.exc_info[1] is None:
        return []
    whole = "".join(traceback.format_exception(record.exc_info[1]))
    return [clean(line) for line in redacted(whole).splitlines()]


def is_logging() -> bool:
    """Whether records have a way out already."""
    return any(isinstance(handler, Stderr) for handler in _log.handlers)


def event(name: str, level: int = logging.INFO, **data: object) -> None:
    """Log what happened."""
    _log.log(level, name, extra={"data": data})


class Lines:
    """A log record for each thing that happens."""

    def listed(self, due: int, unchanged: int) -> None:
        """Log how many runs there are."""
        event("listed", due=due, unchanged=unchanged)

    def done(self, row: Row) -> None:
        """Log a verdict."""
        event(
            "diagnosed",
            run_id=row.id,
            run=row.name,
            verdict=row.verdict,
            severity=str(row.severity),
            cause=row.cause,
            not_stored=row.not_stored,
        )

    def failed(self, failure: Failure) -> None:
        """Log a failure."""
        event("failed", logging.WARNING, run_id=failure.id, reason=failure.reason)


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
def watching(log_format: str, *, quiet: bool = False) -> Iterator[Watcher]:
    """Open a watcher for one sweep."""
    if log_format == "json":
        yield Lines()
        return
    if quiet:
        from tracker_diag.sweeping.watcher import Silent

        yield Silent()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    console = stderr()
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield Bar(bar, bar.add_task("listing runs", total=None))
