"""``clean`` takes away what was written."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

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
from tracker_diag.cli.query import query_of

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter

SHOWN_AFTER = 2.0
"""Seconds after which progress is shown."""


def clean(
    run_id: Annotated[
        list[str] | None, typer.Option("--run-id", "-r", help="The run; may be repeated.", show_default=False)
    ] = None,
    experiment: ExperimentOption = None,
    project: ProjectOption = None,
    everything: AllOption = False,
    tracker: TrackerOption = None,
    tracking_uri: UriOption = None,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove the tags and reports that were written.

    Nothing else is touched, and what a store cannot delete is counted, with the reason.
    """
    if run_id and (experiment or project or everything):
        raise UsageError("name runs, or experiments, or --all: not both")
    from tracker_diag.adapters.guard import find_one
    from tracker_diag.core import outgoing
    from tracker_diag.report.wording import counted

    settings = read_settings(config, None)
    query = query_of(experiment, project, everything or bool(run_id))
    wheres = [place(tracker, tracking_uri, tuple(project or ()), one) for one in run_id or ("",)]
    with connected(wheres[0], settings.prefix) as adapter:
        if run_id:
            ids = [find_one(adapter, where.run_id or "").id for where in wheres]
        else:
            # Also those without our tags: a sweep that was killed may have left them a report.
            ids = [listing.id for listing in adapter.list_runs(query)]
        if not ids:
            typer.echo("no runs")
            return
        runs = counted(len(ids), "run")
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError(f"{runs} would be cleaned in {adapter.describe()}: say --yes")
            typer.confirm(f"Remove the diagnosis of {runs} in {outgoing.clean(adapter.describe())}?", abort=True)
        _remove(adapter, ids)


def _remove(adapter: Adapter, ids: list[str]) -> None:
    from tracker_diag.adapters.base import AwayError, DeniedError
    from tracker_diag.adapters.guard import failure
    from tracker_diag.report.wording import counted
    from tracker_diag.sweeping.executors import WRITERS, threads
    from tracker_diag.sweeping.flow import completed

    tags = files = failed = 0
    left: Counter[str] = Counter()
    with _bar(len(ids)) as advance, threads(WRITERS) as engine:
        for run_id, removal in completed(engine, adapter.remove, ids):
            advance()
            if isinstance(removal, DeniedError | AwayError):
                raise removal
            if isinstance(removal, Exception):
                complain(f"run {run_id}: {failure(run_id, removal).reason}")
                failed += 1
                continue
            tags, files = tags + removal.tags, files + removal.artifacts
            left.update(removal.left)
    typer.echo(f"removed {tags} tags and {files} files of {counted(len(ids) - failed, 'run')}")
    for reason, count in left.items():
        complain(f"left in {counted(count, 'run')}: {reason}", label="")
    if failed:
        raise typer.Exit(PARTIAL)


@contextmanager
def _bar(runs: int) -> Iterator[Callable[[], None]]:
    """Open a progress bar, which appears once it has taken a while; gives what moves it on by a run."""
    from rich.progress import Progress

    from tracker_diag.cli.console import stderr

    console = stderr()
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("cleaning", total=runs)
    begin = time.monotonic()

    def advance() -> None:
        bar.advance(task)
        if time.monotonic() - begin > SHOWN_AFTER:
            bar.start()

    try:
        yield advance
    finally:
        # Stopped before it was started, it would leave an empty line.
        if bar.live.is_started:
            bar.stop()
