"""``clean`` takes away what was written."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from tracker_diag.cli import progress
from tracker_diag.cli.connect import connected, place
from tracker_diag.cli.errors import PARTIAL, UsageError, complain
from tracker_diag.cli.options import (
    AllOption,
    ConfigOption,
    ExperimentOption,
    ProjectOption,
    TrackerOption,
    UriOption,
    read_settings,
)
from tracker_diag.cli.query import query_of, where
from tracker_diag.cli.saved_views import delete_views
from tracker_diag.cli.sections import WHICH

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter, Query


def clean(
    run_id: Annotated[
        list[str] | None,
        typer.Option(
            "--run-id",
            "-r",
            metavar="RUN",
            help="Clean only this run: its ID, name or URL, as for `diagnose`. Can be repeated.",
            show_default=False,
            rich_help_panel=WHICH,
        ),
    ] = None,
    experiment: ExperimentOption = None,
    project: ProjectOption = None,
    everything: AllOption = False,
    tracker: TrackerOption = None,
    tracking_uri: UriOption = None,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove everything that tracker-diag wrote.

    This removes tags, reports, what `--note`, `--view` and `--annotate` wrote, and the runs created by `--overview` or
    as controls; their experiment too, if nothing else is left in it. Your own text in descriptions stays, and nothing
    else is changed. If something cannot be removed, the command says so and why.
    """
    if run_id and (experiment or project or everything):
        raise UsageError("--run-id cannot be combined with --experiment, --project or --all")
    from tracker_diag.adapters.base import Listing
    from tracker_diag.adapters.controlled_runs import ControlRuns
    from tracker_diag.adapters.named import SHOWN, find, shown
    from tracker_diag.adapters.overviews import Publisher
    from tracker_diag.adapters.views import Viewer
    from tracker_diag.core import outgoing
    from tracker_diag.core.controlled import is_ours
    from tracker_diag.report.wording import counted

    settings = read_settings(config, None)
    query = query_of(experiment, project, everything or bool(run_id))
    wheres = [place(tracker, tracking_uri, tuple(project or ()), one) for one in run_id or ("",)]
    with connected(wheres[0], settings.prefix) as adapter:
        publisher = adapter if isinstance(adapter, Publisher) and not run_id else None
        viewer = adapter if isinstance(adapter, Viewer) and not run_id else None
        views = () if viewer is None else viewer.views(query)
        pages: tuple[str, ...] = ()
        controls: tuple[str, ...] = ()
        named: dict[str, Listing] = {}
        if run_id:
            with progress.bar("looking for the runs") as advance:
                named = {x.id: x for x in (find(adapter, w.run_id or "", w.project, advance) for w in wheres)}
            ids = [*named]
        else:
            # Also those without our tags: a sweep that was killed may have left them a report.
            runs = list(adapter.list_runs(query))
            listed = {x.id: x.experiment if isinstance(x, Listing) else "" for x in runs}
            if isinstance(adapter, ControlRuns):
                controls = tuple(x.id for x in runs if isinstance(x, Listing) and is_ours(x.tags))
            scope = _scope(query, set(listed.values()))
            pages = () if publisher is None else publisher.overviews(scope)
            made = {*pages, *controls}
            ids = [one for one in listed if one not in made]
        if not ids and not pages and not controls and not views:
            typer.echo(f"nothing to remove: no runs found {where(experiment, project)}")
            return
        others = ((pages, "overview"), (controls, "control"), (views, "saved view"))
        also = [counted(len(x), what) for x, what in others if x]
        whose = ", ".join(map(shown, named.values())) if 0 < len(named) <= SHOWN else counted(len(ids), "run")
        parts = [f"the {'diagnosis' if len(ids) == 1 else 'diagnoses'} of {whose}"] * bool(ids) + also
        what = ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + parts[-1]
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError(f"add --yes to confirm: this removes {what} from {adapter.describe()}")
            typer.confirm(f"Remove {what} from {outgoing.clean(adapter.describe())}?", abort=True)
        if publisher is not None and pages:
            typer.echo(f"deleted {counted(publisher.withdraw(scope), 'overview')}")
        if controls and isinstance(adapter, ControlRuns):
            typer.echo(f"deleted {counted(sum(map(adapter.delete_control, controls)), 'control')}")
        lasting = 0
        if viewer is not None and views:
            gone, lasting = delete_views(viewer, views)
            typer.echo(f"deleted {counted(gone, 'saved view')}")
        _remove(adapter, ids)
    if lasting:
        raise typer.Exit(PARTIAL)


def _scope(query: Query, found: set[str]) -> frozenset[str] | None:
    """Choose the experiments whose pages, stored by ``sweep --overview``, go too; None: all."""
    from tracker_diag.adapters.overviews import EXPERIMENT

    named = {name for name in query.experiments if not set(name) & set("*?[")}
    # Of experiments that are gone there may be pages left: all are meant, or the one in which these lie.
    return None if query.everything or EXPERIMENT in found | named else frozenset((found | named) - {""})


def _remove(adapter: Adapter, ids: list[str]) -> None:
    from tracker_diag.adapters.base import AwayError, DeniedError
    from tracker_diag.adapters.guard import failure
    from tracker_diag.report.wording import counted
    from tracker_diag.sweeping.executors import WRITERS, threads
    from tracker_diag.sweeping.flow import completed

    tags = files = notes = segments = failed = 0
    left: Counter[str] = Counter()
    with progress.bar("removing") as advance, threads(WRITERS) as engine:
        for done, (run_id, removal) in enumerate(completed(engine, adapter.remove, ids), 1):
            advance(done, len(ids))
            if isinstance(removal, DeniedError | AwayError):
                raise removal
            if isinstance(removal, Exception):
                complain(f"run {run_id}: {failure(run_id, removal).reason}")
                failed += 1
                continue
            tags, files, notes = tags + removal.tags, files + removal.artifacts, notes + removal.notes
            segments += removal.segments
            left.update(removal.left)
    also = [counted(segments, "file of --annotate", "files of --annotate")] if segments else []
    also += [f"sections in {counted(notes, 'description')}"] if notes else []
    more = f", and {' and '.join(also)}" if also else ""
    typer.echo(
        f"removed {counted(tags, 'tag')} and {counted(files, 'file')} from {counted(len(ids) - failed, 'run')}{more}"
    )
    for reason, count in left.items():
        complain(f"not removed from {counted(count, 'run')}: {reason}", label="")
    if failed:
        raise typer.Exit(PARTIAL)
