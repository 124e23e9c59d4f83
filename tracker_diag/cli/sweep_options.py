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
        help="Only runs that changed within this time, e.g. 24h or 7d.",
        show_default=False,
        metavar="AGE",
        rich_help_panel=WHICH,
    ),
]
FilterOption = Annotated[
    str,
    typer.Option(
        "--filter",
        help="Filter in the tracker's own syntax, e.g. \"params.model = 'cnn'\".",
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
        help="Look at no more than N runs, newest first.",
        show_default=False,
        metavar="N",
        rich_help_panel=WHICH,
    ),
]
ForceOption = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Also diagnose runs that have not changed.",
        rich_help_panel=WHICH,
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Show the diagnoses, but write nothing into the tracker.",
        rich_help_panel=WRITTEN,
    ),
]
BaselineOption = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        help="File of accepted runs. --fail-on and --notify ignore an accepted run until its severity gets worse or "
        "its verdict changes. If the file does not exist, it is created and all runs are accepted as they are now.",
        show_default=False,
        metavar="FILE",
        rich_help_panel=TOLD,
    ),
]
ChangedOnlyOption = Annotated[
    bool,
    typer.Option(
        "--changed-only",
        help="Show only runs whose diagnosis has changed, and the rules that changed it. Use it with --dry-run to see "
        "what a new version or new settings would change.",
        rich_help_panel=TOLD,
    ),
]
EveryOption = Annotated[
    str | None,
    typer.Option(
        "--every",
        help="Repeat the sweep at this interval, e.g. 15m or 1h.",
        show_default=False,
        metavar="SPAN",
        rich_help_panel=WHEN,
    ),
]
CronOption = Annotated[
    str | None,
    typer.Option(
        "--cron",
        help="Repeat on a crontab schedule, e.g. '*/15 * * * *'.",
        show_default=False,
        metavar="LINE",
        rich_help_panel=WHEN,
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        help="Where runs are diagnosed: local (this machine) or dask.",
        metavar="NAME",
        rich_help_panel=WHEN,
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Address of the Dask scheduler, e.g. tcp://host:8786.",
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
        help="Number of worker processes. Default: one per processor.",
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
        help="Send one message per sweep about new warnings and errors to this Apprise URL.",
        show_default=False,
        show_envvar=True,
        metavar="URL",
        rich_help_panel=TOLD,
    ),
]
SummaryOption = Annotated[
    Path | None,
    typer.Option(
        "--summary",
        help="Write counts (runs diagnosed, unchanged, failed, …) and the duration to this JSON file.",
        show_default=False,
        metavar="FILE",
        rich_help_panel=TOLD,
    ),
]
ReportDirOption = Annotated[
    Path | None,
    typer.Option(
        "--report-dir",
        help="Write the diagnoses into this folder, and nothing into the tracker.",
        show_default=False,
        metavar="FOLDER",
        rich_help_panel=WRITTEN,
    ),
]
OverviewOption = Annotated[
    bool,
    typer.Option(
        "--overview",
        help="Also store a page about each experiment that you name or that has newly diagnosed runs. The pages are "
        "stored in an experiment called tracker-diag.",
        rich_help_panel=WRITTEN,
    ),
]
ViewOption = Annotated[
    bool,
    typer.Option(
        "--view",
        help="Also save a view in MLflow for each experiment: its runs with a warning or an error and their diagnoses.",
        rich_help_panel=WRITTEN,
    ),
]
LogFormatOption = Annotated[
    str,
    typer.Option(
        "--log-format",
        help="How to log to stderr: text, or json (one JSON object per line).",
        metavar="FORM",
        rich_help_panel=TOLD,
    ),
]
DocumentOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}, for all runs that match, also unchanged ones. Default: as "
        "the suffix of --output-file says, else text.",
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
        help="Write the output of --format to this file. The usual table is still printed.",
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
        help="Print only error messages, and the runs that --fail-on found.",
        rich_help_panel=TOLD,
    ),
]
