"""Where it is told what a sweep did, or why it broke off: tables for people, figures for machines, messages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracker_diag.cli.errors import complain, explain
from tracker_diag.cli.output import Document, give

if TYPE_CHECKING:
    from tracker_diag.core.finding import Severity
    from tracker_diag.sweeping.result import Swept

_log = logging.getLogger("tracker_diag")


@dataclass
class Outlets:
    """Where it is told what a sweep did.

    Attributes
    ----------
    log_format : {"text", "json"}
    summary : Path or None
        Of the figures.
    notify : tuple of str
        Addresses of messages.
    write : bool
        False for a dry run, of which nobody is notified.
    scope : str
        Where runs were looked for, in words.
    document : Document
        What is made of each sweep for other programs.
    quiet : bool
        Whether people are told of nothing but errors.
    fail_on : Severity or None
        From this severity on a run fails.
    changed_only : bool
        Whether only those runs are shown whose answer is another than before.
    tracker : str
        As it describes itself, once it is connected.
    failed : int
        Sweeps that broke off since this process began.
    below : tuple of str
        What is told below the table of the last sweep, a line each: where it stored pages and views of experiments, and
        where the answers are to be seen.
    told : str
        The error that was last notified of: one that lasts for a day is no message every quarter of an hour.
    """

    log_format: str
    summary: Path | None
    notify: tuple[str, ...]
    write: bool
    scope: str
    document: Document
    quiet: bool
    fail_on: Severity | None
    changed_only: bool = False
    tracker: str = ""
    failed: int = 0
    below: tuple[str, ...] = ()
    told: str = ""

    def note(self, swept: Swept) -> None:
        """Leave the figures for machines."""
        from tracker_diag.cli import watch
        from tracker_diag.cli.summary import summary, write_summary

        self.failed += bool(swept.error)
        figures = summary(swept, self.tracker) | {"failed_sweeps": self.failed}
        if self.log_format == "json":
            watch.event("swept", logging.ERROR if swept.error else logging.INFO, **figures)
        if self.summary is not None:
            write_summary(self.summary, figures)

    def tell(self, swept: Swept) -> None:
        """Tell people, leave the figures, and write the document."""
        from tracker_diag.cli.changed_answers import only_changed, show_changes
        from tracker_diag.cli.summary import show_lines, show_table
        from tracker_diag.sweeping import notify
        from tracker_diag.sweeping.document import Asked
        from tracker_diag.sweeping.result import Swept

        self.note(swept)
        if self.log_format != "json":
            if not (self.quiet or self.document.takes_stdout):
                if swept != Swept(error=swept.error):
                    show = show_changes if self.changed_only else show_table
                    show(swept, write=self.write, scope=self.scope)
                show_lines(self.below)
            self.below = ()
            if swept.error:
                complain(swept.error)
        told = only_changed(swept) if self.changed_only else swept
        give(self.document, told, Asked(self.tracker, self.fail_on), write=self.write, scope=self.scope)
        news = f"{swept.error} (failed sweeps so far: {self.failed:,})" if swept.error not in ("", self.told) else ""
        self.told = swept.error
        message = notify.digest(swept.rows, news) if self.notify and self.write else None
        if message:
            try:
                notify.send(self.notify, *message)
            except notify.NotifyError as error:
                self.complain(str(error))

    def complain(self, text: str) -> None:
        """Say what went wrong, in the form of the log."""
        if self.log_format == "json":
            _log.error(text)
        else:
            complain(text)


def broken_off(error: Exception) -> Swept:
    """What a sweep did that ended with an error: nothing, and the error in one line."""
    from tracker_diag.sweeping.result import Swept

    return Swept(error=explain(error)[0])


def keep_going(once: Callable[[threading.Event], Swept], out: Outlets, stop: threading.Event) -> None:
    """Sweep; an error is told, and the next sweep tries again: a tracker that is away for an hour comes back."""
    try:
        swept = once(stop)
    except Exception as error:  # noqa: BLE001  whatever ends one sweep must neither end the next ones nor be silent
        swept = broken_off(error)
    try:
        out.tell(swept)
    except Exception as error:  # noqa: BLE001  as above: a full disk under --summary, say
        out.complain(explain(error)[0])
