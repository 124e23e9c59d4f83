"""Options of ``sweep`` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracker_diag.cli.output import FORMATS
from tracker_diag.cli.sections import TOLD, WHEN, WHICH, WRITTEN

SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="Only runs that changed in the last 24h, 7d, …",
        show_default=False,
        metavar="AGE",
        rich_help_panel=WHICH,
    ),
]
FilterOption = Annotated[
    str,
    typer.Option(
        "--filter",
        help="The tracker's own syntax: \"params.model = 'cnn'\".",
        show_default=False,
        metavar="FILTER",
        rich_help_panel=WHICH,
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        help="At most so many runs, newest first.",
        show_default=False,
        metavar="N",
        rich_help_panel=WHICH,
    ),
]
ForceOption = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Diagnose also what has not changed.",
        rich_help_panel=WHICH,
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Show the answer, write nothing into the tracker.",
        rich_help_panel=WRITTEN,
    ),
]
BaselineOption = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        help="File of accepted runs: only what is new or worse counts for --fail-on and --notify. Where there is no "
        "such file, all runs are accepted as they are now, and it is written; delete it to accept anew.",
        show_default=False,
        metavar="FILE",
        rich_help_panel=TOLD,
    ),
]
ChangedOnlyOption = Annotated[
    bool,
    typer.Option(
        "--changed-only",
        help="Show only runs that were diagnosed before and are judged otherwise now, and by which rules. With "
        "--dry-run: what a new version or new settings would change.",
        rich_help_panel=TOLD,
    ),
]
EveryOption = Annotated[
    str | None,
    typer.Option(
        "--every",
        help="Sweep again and again: 15m, 1h, …",
        show_default=False,
        metavar="SPAN",
        rich_help_panel=WHEN,
    ),
]
CronOption = Annotated[
    str | None,
    typer.Option(
        "--cron",
        help="Sweep by a crontab line: '*/15 * * * *'.",
        show_default=False,
        metavar="LINE",
        rich_help_panel=WHEN,
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        help="Where runs are diagnosed: local or dask.",
        metavar="NAME",
        rich_help_panel=WHEN,
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Address of a Dask scheduler: tcp://host:8786.",
        show_default=False,
        metavar="ADDRESS",
        rich_help_panel=WHEN,
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Processes; as many as processors.",
        show_default=False,
        metavar="N",
        rich_help_panel=WHEN,
    ),
]
NotifyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--notify",
        envvar="TRACKER_DIAG_NOTIFY",
        help="Apprise address that gets one digest per sweep of what is new and severe.",
        show_default=False,
        show_envvar=True,
        metavar="ADDRESS",
        rich_help_panel=TOLD,
    ),
]
SummaryOption = Annotated[
    Path | None,
    typer.Option(
        "--summary",
        help="JSON file with the sweep's figures.",
        show_default=False,
        metavar="FILE",
        rich_help_panel=TOLD,
    ),
]
ReportDirOption = Annotated[
    Path | None,
    typer.Option(
        "--report-dir",
        help="Write the answers into this folder, nothing into the tracker.",
        show_default=False,
        metavar="FOLDER",
        rich_help_panel=WRITTEN,
    ),
]
OverviewOption = Annotated[
    bool,
    typer.Option(
        "--overview",
        help="Also store a page of each experiment that is named, or in which runs were diagnosed, in the "
        "experiment tracker-diag.",
        rich_help_panel=WRITTEN,
    ),
]
ViewOption = Annotated[
    bool,
    typer.Option(
        "--view",
        help="Also save a view of each experiment in MLflow: our tags as columns, runs with a warning or an error.",
        rich_help_panel=WRITTEN,
    ),
]
LogFormatOption = Annotated[
    str,
    typer.Option(
        "--log-format",
        help="text, or json lines on stderr.",
        metavar="FORM",
        rich_help_panel=TOLD,
    ),
]
DocumentOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}, of all runs in the scope; text by default, or what the name "
        "of --output-file says.",
        show_default=False,
        metavar="FORM",
        rich_help_panel=TOLD,
    ),
]
OutputFileOption = Annotated[
    Path | None,
    typer.Option(
        "--output-file",
        "-o",
        help="Write it into this file; stdout keeps the text for people.",
        show_default=False,
        metavar="FILE",
        rich_help_panel=TOLD,
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Print nothing but errors, and the runs that --fail-on found.",
        rich_help_panel=TOLD,
    ),
]
