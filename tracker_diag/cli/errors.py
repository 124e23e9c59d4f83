"""What goes wrong becomes one line on stderr and an exit code; a defect of ours keeps its traceback, in the log."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

OK, FOUND, USAGE, TRACKER, PARTIAL, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143

_log = logging.getLogger("tracker_diag")

# Typer brings its own copy of click from 0.20 on: the one base of its usage errors is reached through a public one.
_CLICK_ERROR: type[Exception] = typer.BadParameter.mro()[2]


class UsageError(Exception):
    """What was asked for cannot be done; one line that says what to ask for instead."""


class Commands(TyperGroup):
    """A group of commands that turns errors into one line and an exit code, wherever they arise."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C and a reader that left are dealt with here, since Typer has its own ways."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _close_stdout()
            raise typer.Exit(OK) from None
        except KeyboardInterrupt:
            complain("interrupted", label="")
            raise typer.Exit(INTERRUPTED) from None

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run a command and leave with its exit code."""
        # A process that was started without them has none to write to.
        sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115  it is open as long as the process is
        sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115  as above
        try:
            code = super().main(*args, **(kwargs | {"standalone_mode": False}))
        except typer.Abort:
            complain("cancelled, nothing was changed", label="")
            code = INTERRUPTED
        except Exception as error:  # noqa: BLE001  whatever it is, it ends in one line and an exit code of ours
            if type(error).__name__ == "NoArgsIsHelpError":
                typer.echo(error.ctx.get_help())  # type: ignore[attr-defined]
                sys.exit(USAGE)
            _keep_typed(error, kwargs.get("args") or (args[0] if args else None) or sys.argv[1:])
            line, code = explain(error)
            complain(line)
        sys.exit(code if isinstance(code, int) else OK)


def explain(error: Exception) -> tuple[str, int]:
    """One line and an exit code for an error; that of a defect of ours is logged with its traceback, once."""
    if isinstance(error, _CLICK_ERROR):
        text = getattr(error, "format_message", lambda: str(error))()
        context = getattr(error, "ctx", None)
        where = context.command_path if context is not None else "tracker-diag"
        return f"{text.rstrip('.')} (see `{where} --help`)", USAGE
    # Imported here: these bring numpy and pydantic, which a command that succeeds may never need.
    from tracker_diag.adapters.base import QueryError, TrackerError, UnknownRunError
    from tracker_diag.adapters.locating import LocationError
    from tracker_diag.core.outgoing import clean
    from tracker_diag.core.project import REPOSITORY
    from tracker_diag.core.run import InvalidRunError
    from tracker_diag.reading.file_format import ReadingError
    from tracker_diag.settings.settings import SettingsError
    from tracker_diag.sweeping.accepted import BaselineError
    from tracker_diag.sweeping.executors import EngineError
    from tracker_diag.sweeping.notify import NotifyError
    from tracker_diag.sweeping.schedule import ScheduleError

    asked_wrongly = (
        UsageError,
        UnknownRunError,
        QueryError,
        LocationError,
        InvalidRunError,
        ReadingError,
        SettingsError,
        BaselineError,
        EngineError,
        NotifyError,
        ScheduleError,
    )
    if isinstance(error, asked_wrongly):
        return str(error), USAGE
    if isinstance(error, TrackerError):
        return str(error), TRACKER
    if isinstance(error, OSError) and error.strerror:
        # A full disk, a file that may not be read: nobody's defect.
        _log.info("the operating system refused", exc_info=error)
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror, PARTIAL
    _log_once(error)
    what = clean(f"{type(error).__name__}: {_text(error)}".rstrip(": "), 300)
    advice = f"this is a bug in tracker-diag: please report it with the traceback above at {REPOSITORY}/issues"
    return f"internal error: {what}; {advice}", PARTIAL


def complain(text: str, label: str = "error: ") -> None:
    """Write one line to stderr; line breaks and control characters are shown, not obeyed."""
    from tracker_diag.core.outgoing import clean

    # Where stderr cannot be written to, the exit code still tells.
    with contextlib.suppress(OSError):
        typer.echo(label + clean(text), err=True)


def _text(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  an error that cannot even be put into words must still end in one line
        return ""


def _log_once(error: Exception) -> None:
    # A command may have to explain an error in a summary before it ends with it.
    if getattr(error, "_is_logged", False):
        return
    error._is_logged = True  # type: ignore[attr-defined]
    from tracker_diag.cli.watch import is_logging, start_log

    if not is_logging():
        start_log("text")
    _log.error("internal error", exc_info=error)


def _keep_typed(error: Exception, words: Sequence[str]) -> None:
    """Keep secret what is anything like an address among words that were not understood: the error quotes them."""
    if isinstance(error, _CLICK_ERROR):
        from tracker_diag.core.outgoing import keep_secret

        for word in words:
            keep_secret(word.partition("=")[2] if word.startswith("-") else word)


def _close_stdout() -> None:
    # Python would complain once more when it flushes stdout at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
