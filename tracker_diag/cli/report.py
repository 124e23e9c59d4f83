"""``report`` shows a saved report again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker_diag.cli.console import stdout
from tracker_diag.cli.errors import UsageError

if TYPE_CHECKING:
    from tracker_diag.core.report import Report

FORMATS = ("text", "markdown", "html", "json")


def report(
    file: Annotated[
        Path, typer.Argument(help="A report.json that a sweep stored, or its folder; - reads standard input.")
    ],
    format: Annotated[str, typer.Option("--format", help="text, markdown, html or json.")] = "text",
) -> None:
    """Show a saved report again."""
    from tracker_diag.report.schema import read_report

    check_format(format, FORMATS)
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


def check_format(format: str, known: tuple[str, ...]) -> None:
    """Refuse a format that does not exist, before anything is done."""
    if format not in known:
        raise UsageError(f"--format {format}: choose one of {', '.join(known)}")


def show(report: Report, format: str) -> None:
    """Write a report to stdout."""
    if format == "text":
        from tracker_diag.report.formats.text import print_text

        print_text(report, stdout(100))
    elif format == "markdown":
        from tracker_diag.report.formats.markdown import render_markdown

        typer.echo(render_markdown(report), nl=False)
    elif format == "html":
        from tracker_diag.report.formats.html import render_html

        typer.echo(render_html(report))
    else:
        from tracker_diag.report.schema import to_json

        typer.echo(to_json(report).decode().rstrip("\n"))
