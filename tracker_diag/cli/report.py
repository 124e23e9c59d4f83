"""``report`` shows a saved report again, or all runs of an experiment on one page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker_diag.cli.connect import connected, place
from tracker_diag.cli.console import stdout
from tracker_diag.cli.errors import PARTIAL, UsageError, complain
from tracker_diag.cli.options import ConfigOption, TrackerOption, UriOption, read_settings
from tracker_diag.cli.sections import TOLD, WHICH
from tracker_diag.cli.whole_files import check_folder, write_whole
from tracker_diag.report.experiment.rendering import FORMS, SUFFIXES
from tracker_diag.report.registry import DEFAULT, FormatError, UnknownFormatError, find_format, names, render

if TYPE_CHECKING:
    from tracker_diag.core.report import Report

_FORMATS = names()
FormatOption = Annotated[
    str,
    typer.Option(
        "--format", metavar="FORM", rich_help_panel=TOLD, help=f"{', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}."
    ),
]


def report(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A report.json that tracker-diag stored, or its folder. Use - for standard input.",
            show_default=False,
        ),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option(
            "--experiment",
            "-e",
            metavar="NAME",
            rich_help_panel=WHICH,
            help="Show a page about all runs of this experiment.",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            "--project",
            "-p",
            metavar="NAME",
            rich_help_panel=WHICH,
            help="Show a page about all runs of this W&B project (entity/project).",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            rich_help_panel=TOLD,
            help="Write the page about the experiment to this file.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORM",
            rich_help_panel=TOLD,
            help=f"For a report: {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]} (default: {DEFAULT}). For an experiment: "
            f"{', '.join(FORMS[:-1])} or {FORMS[-1]} (default: as the suffix of --output says, else markdown).",
            show_default=False,
        ),
    ] = None,
    tracker: TrackerOption = None,
    tracking_uri: UriOption = None,
    config: ConfigOption = None,
) -> None:
    """Show a saved report, or an overview of an experiment's runs.

    The overview shows what the last sweep found. Runs that no sweep has diagnosed are diagnosed now.
    Nothing is written into the tracker.

    \b
      tracker-diag report diagnosis/report.json
      tracker-diag report --experiment vision -o vision.html
      tracker-diag report --experiment vision --format csv
    """  # noqa: D301  click wants a real backspace
    if sum(x is not None for x in (file, experiment, project)) != 1:
        raise UsageError("give exactly one of these: a report file, --experiment NAME or --project ENTITY/NAME")
    if file is not None:
        if output is not None:
            raise UsageError("--output needs --experiment: the report of a run is already a file")
        _show_saved(file, format or DEFAULT)
        return
    form = _form(format, output)
    check_folder(output, "--output")
    where = place(tracker, tracking_uri, () if project is None else (project,))
    settings = read_settings(config, None)
    from tracker_diag.cli import progress
    from tracker_diag.report.experiment import rendering
    from tracker_diag.sweeping.gather import gather

    with connected(where, settings.prefix) as adapter, progress.bar("reading runs") as advance:
        overview = gather(adapter, experiment or project or "", settings, advance)
    text = rendering.render(form, overview)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_whole(output, text, "--output")


def _show_saved(file: Path, format: str) -> None:
    from tracker_diag.core.foreign_json import fault
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
        raise UsageError(
            f"{file}: not a report of tracker-diag ({fault(error)}); give a report.json that a sweep stored"
        ) from None
    show(saved, format)


def _form(format: str | None, output: Path | None) -> str:
    """Choose the form of an experiment's page: the one asked for, else that of the file, else what a terminal shows."""
    known = f"{', '.join(FORMS[:-1])} or {FORMS[-1]}"
    if format is not None:
        if format not in FORMS:
            raise UsageError(f"--format {format}: choose {known} for the overview of an experiment")
        return format
    if output is None:
        return "markdown"
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--output {output}: its suffix is none of {', '.join(SUFFIXES)}; add --format {known}")
    return SUFFIXES[output.suffix.lower()]


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
