"""``diagnose`` answers for one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tracker_diag.cli.connect import connected, place
from tracker_diag.cli.errors import FOUND, UsageError, complain
from tracker_diag.cli.options import (
    AnnotateOption,
    ArtifactsOption,
    ConfigOption,
    FailOnOption,
    ProjectOption,
    RoleOption,
    TrackerOption,
    UriOption,
    check_level,
    fails,
    read_settings,
)
from tracker_diag.cli.report import FormatOption, check_format, show
from tracker_diag.report.registry import DEFAULT

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter, Listing
    from tracker_diag.comparison.comparison import Comparison
    from tracker_diag.core.report import Report
    from tracker_diag.settings.settings import Settings


COMPARED = 5_000
"""Runs of its experiment that one run is compared with at most: listing more takes longer than anybody waits for it."""


def diagnose(
    run_id: Annotated[str, typer.Option("--run-id", "-r", help="The run; W&B: entity/project/run or its address.")],
    tracker: TrackerOption = None,
    tracking_uri: UriOption = None,
    project: ProjectOption = None,
    write: Annotated[bool, typer.Option("--write/--dry-run", help="Write tags and reports, or only look.")] = True,
    artifacts: ArtifactsOption = None,
    format: FormatOption = DEFAULT,
    fail_on: FailOnOption = None,
    config: ConfigOption = None,
    role: RoleOption = None,
    annotate: AnnotateOption = False,
) -> None:
    """Diagnose one run, and write the answer into the tracker.

    It is compared with the other runs of its experiment, of which one listing is read.
    """
    check_format(format)
    check_level(fail_on)
    settings = read_settings(config, role, artifacts)
    where = place(tracker, tracking_uri, tuple(project or ()), run_id)
    with connected(where, settings.prefix, annotate=annotate) as adapter:
        report = diagnose_run(adapter, where.run_id or _only_run(adapter), settings, write=write)
    show(report, format)
    if fails(report.severity, fail_on):
        raise typer.Exit(FOUND)


def _only_run(adapter: Adapter) -> str:
    from tracker_diag.adapters.base import Query

    ids = [listing.id for listing in adapter.list_runs(Query(everything=True, limit=2))]
    if len(ids) != 1:
        raise UsageError(
            f"{adapter.describe()} holds {len(ids) or 'no'} runs or more: `tracker-diag sweep` takes them all"
        )
    return ids[0]


def _compared(adapter: Adapter, listing: Listing, settings: Settings) -> Comparison | None:
    """What the other runs of its experiment say of a run, those that changed last; a tracker that fails is told."""
    from tracker_diag.adapters.base import Listing as Listed
    from tracker_diag.adapters.base import Query
    from tracker_diag.adapters.guard import one_line
    from tracker_diag.cli import progress
    from tracker_diag.sweeping.siblings import table_of

    if not listing.experiment:
        return None
    others = [listing]
    try:
        with progress.bar("comparing") as advance:
            for other in adapter.list_runs(Query((listing.experiment,), limit=COMPARED)):
                if isinstance(other, Listed) and other.id != listing.id:
                    others.append(other)
                    advance(len(others), None)
    except Exception as error:  # noqa: BLE001  what is wrong with another run must not keep this one from its answer
        complain(f"not compared with the other runs of its experiment: {one_line(error)}", label="")
        return None
    return table_of(others, settings).compare(listing.id)


def diagnose_run(adapter: Adapter, run_id: str, settings: Settings, *, write: bool) -> Report:
    """Read a run, diagnose it and, if asked to, write the answer.

    Raises
    ------
    TrackerError
        If there is no such run, or it cannot be read or written.
    """
    from tracker_diag.adapters.base import Diagnosis, Failure, TrackerError
    from tracker_diag.adapters.guard import find_one, load_each
    from tracker_diag.sweeping.fingerprint import fingerprint
    from tracker_diag.sweeping.judge import Task, before, examine, render

    listing = find_one(adapter, run_id)
    run = next(load_each(adapter, [listing.id]), None)
    if run is None:
        raise UsageError(f"run {run_id}: the tracker lists it but does not return it")
    if isinstance(run, Failure):
        raise TrackerError(f"run {run_id}: {run.reason}")
    own = settings.for_experiment(listing.experiment)
    task = Task(run, own, before(listing.tags, own.prefix), _compared(adapter, listing, own))
    report = examine(task)
    if write:
        judgement = render(task, report)
        note = adapter.write(listing.id, Diagnosis(judgement.tags, judgement.artifacts, fingerprint(listing, own)))
        if note:
            complain(f"the tags are written, the report is not: {note}", label="")
    return report
