"""``diagnose`` answers for one run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker_diag.cli.below import closing_lines
from tracker_diag.cli.connect import connected, place
from tracker_diag.cli.errors import FOUND, UsageError, complain
from tracker_diag.cli.from_files import check_alone, diagnose_path
from tracker_diag.cli.options import (
    AnnotateOption,
    ArtifactsOption,
    ConfigOption,
    FailOnOption,
    IgnoreOption,
    NoteOption,
    ProjectOption,
    RoleOption,
    SelectOption,
    TrackerOption,
    UriOption,
    check_level,
    fails,
    read_settings,
)
from tracker_diag.cli.report import FormatOption, check_format, show
from tracker_diag.cli.sections import WHICH, WRITTEN
from tracker_diag.report.registry import DEFAULT

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter


def diagnose(
    context: typer.Context,
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="File or folder to read the run from, instead of a tracker. Nothing is written.",
            show_default=False,
        ),
    ] = None,
    run_id: Annotated[
        str | None,
        typer.Option(
            "--run-id",
            "-r",
            metavar="RUN",
            rich_help_panel=WHICH,
            help="Run ID, its first 4 or more characters, run name, or URL. W&B: entity/project/run.",
            show_default=False,
        ),
    ] = None,
    tracker: TrackerOption = None,
    tracking_uri: UriOption = None,
    project: ProjectOption = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write/--dry-run",
            rich_help_panel=WRITTEN,
            help="Write tags and a report into the tracker, or only show the diagnosis.",
        ),
    ] = True,
    artifacts: ArtifactsOption = None,
    note: NoteOption = False,
    format: FormatOption = DEFAULT,
    fail_on: FailOnOption = None,
    config: ConfigOption = None,
    role: RoleOption = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    annotate: AnnotateOption = False,
) -> None:
    """Diagnose one run and write the answer into the tracker.

    The run is compared with the other runs of its experiment. With PATH, the run is read from a file and nothing is
    written. If PATH is a folder, every run in it is diagnosed. PATH can be a CSV, Lightning's metrics.csv, Hugging
    Face's trainer_state.json, Ultralytics' results.csv, a TensorBoard event file, a folder of these, or an mlruns or
    wandb folder.
    """
    from tracker_diag.adapters.closing import Done
    from tracker_diag.cli.summary import show_lines

    check_format(format)
    check_level(fail_on)
    settings = read_settings(config, role, artifacts, note=note, select=select, ignore=ignore)
    if path is not None:
        check_alone(context)
        if fails(diagnose_path(path, settings, format), fail_on):
            raise typer.Exit(FOUND)
        return
    if run_id is not None and not run_id.strip():
        raise UsageError("--run-id is empty: check the variable that it comes from")
    if run_id is None:
        raise UsageError("no run given: add --run-id RUN, or the path of a file or folder with curves")
    where = place(tracker, tracking_uri, tuple(project or ()), run_id)
    from tracker_diag.adapters.named import find
    from tracker_diag.cli import progress
    from tracker_diag.sweeping.one_run import diagnose_run

    with connected(where, settings.prefix, annotate=annotate) as adapter:
        if where.run_id:
            with progress.bar("looking for the run") as advance:
                found = find(adapter, where.run_id, where.project, advance).id
        else:
            found = _only_run(adapter)
        with progress.bar("comparing with other runs") as advance:
            diagnosed = diagnose_run(
                adapter,
                found,
                settings,
                write=write,
                narrowed=select is not None or ignore is not None,
                advance=advance,
            )
        below = closing_lines(adapter, Done((diagnosed.listing.id,))) if write and format == DEFAULT else ()
    for line in diagnosed.notes:
        complain(line, label="")
    show(diagnosed.report, format)
    if diagnosed.wrote:
        complain(diagnosed.wrote, label="")
    show_lines(below)
    if fails(diagnosed.report.severity, fail_on):
        raise typer.Exit(FOUND)


def _only_run(adapter: Adapter) -> str:
    from tracker_diag.adapters.base import Query

    ids = [listing.id for listing in adapter.list_runs(Query(everything=True, limit=2))]
    if len(ids) != 1:
        if not ids:
            raise UsageError(f"{adapter.describe()} holds no runs: check the address")
        raise UsageError(
            f"{adapter.describe()} holds several runs: name one with --run-id, or use `tracker-diag sweep` for all"
        )
    return ids[0]
