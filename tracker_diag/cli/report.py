"""``report`` shows a saved report again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker_diag.cli.console import stdout
from tracker_diag.cli.errors import PARTIAL, UsageError, complain
from tracker_diag.report.registry import DEFAULT, FormatError, UnknownFormatError, find_format, names, render

if TYPE_CHECKING:
    from tracker_diag.core.report import Report

_FORMATS = names()
FormatOption = Annotated[str, typer.Option("--format", help=f"{', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}.")]


def report(
    file: Annotated[
        Path, typer.Argument(help="A report.json that a sweep stored, or its folder; - reads standard input.")
    ],
    format: FormatOption = DEFAULT,
) -> None:
    """Show a saved report again."""
    from tracker_diag.report.schema import read_report

    check_format(format)
    try:
        if file.is_dir():
            file = file / "report.json"
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        saved = read_report(text)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{file}: not a report of tracker-diag ({error})") from None
    show(saved, format)


def check_format(format: str) -> None:
    """Refuse a format that does not exist or cannot be used, before anything is done."""
    try:
        find_format(format)
    except UnknownFormatError as error:
        raise UsageError(f"--{error}") from None
    except FormatError as error:
        raise UsageError(str(error)) from None


def show(report: Report, format: str) -> None:
    """Write a report to stdout."""
    try:
        text = render(format, report, stdout(100))
    except FormatError as error:
        complain(str(error))
        raise typer.Exit(PARTIAL) from None
    # The console has decided on the colours: where it made some, they stay.
    typer.echo(text, nl=not text.endswith("\n"), color=True)
