"""``sweep`` diagnoses many runs, once or on a schedule."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tracker_diag.cli.below import closing_lines
from tracker_diag.cli.connect import connected, place
from tracker_diag.cli.console import hush
from tracker_diag.cli.errors import FOUND, INTERRUPTED, OK, PARTIAL, TERMINATED, TRACKER, UsageError, complain, explain
from tracker_diag.cli.found import tell_found
from tracker_diag.cli.options import (
    AllOption,
    AnnotateOption,
    ArtifactsOption,
    ConfigOption,
    ExperimentOption,
    FailOnOption,
    IgnoreOption,
    NoteOption,
    ProjectOption,
    RoleOption,
    SelectOption,
    TrackerOption,
    UriOption,
    check_level,
    read_settings,
    seconds,
)
from tracker_diag.cli.outlets import Outlets, broken_off, keep_going
from tracker_diag.cli.output import document_of
from tracker_diag.cli.query import query_of, where
from tracker_diag.cli.saved_views import first_look, save_views, viewer_of
from tracker_diag.cli.stopping import stopping
from tracker_diag.cli.sweep_options import (
    BaselineOption,
    ChangedOnlyOption,
    CronOption,
    DocumentOption,
    DryRunOption,
    EngineOption,
    EveryOption,
    FilterOption,
    ForceOption,
    LimitOption,
    LogFormatOption,
    NotifyOption,
    OutputFileOption,
    OverviewOption,
    QuietOption,
    ReportDirOption,
    SchedulerOption,
    SinceOption,
    SummaryOption,
    ViewOption,
    WorkersOption,
)
from tracker_diag.cli.whole_files import check_folder

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

    from tracker_diag.adapters.base import Adapter
    from tracker_diag.adapters.closing import Done
    from tracker_diag.adapters.overviews import Publisher
    from tracker_diag.core.finding import Severity
    from tracker_diag.settings.settings import Settings
    from tracker_diag.sweeping.result import Row, Swept

_log = logging.getLogger("tracker_diag")


def sweep(
    experiment: ExperimentOption = None,
    project: ProjectOption = None,
    everything: AllOption = False,
    tracker: TrackerOption = None,
    tracking_uri: UriOption = None,
    since: SinceOption = None,
    filter: FilterOption = "",
    limit: LimitOption = None,
    force: ForceOption = False,
    dry_run: DryRunOption = False,
    changed_only: ChangedOnlyOption = False,
    artifacts: ArtifactsOption = None,
    note: NoteOption = False,
    fail_on: FailOnOption = None,
    baseline: BaselineOption = None,
    config: ConfigOption = None,
    role: RoleOption = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    every: EveryOption = None,
    cron: CronOption = None,
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
    notify: NotifyOption = None,
    summary: SummaryOption = None,
    report_dir: ReportDirOption = None,
    overview: OverviewOption = False,
    format: DocumentOption = None,
    output_file: OutputFileOption = None,
    quiet: QuietOption = False,
    view: ViewOption = False,
    log_format: LogFormatOption = "text",
    annotate: AnnotateOption = False,
) -> None:
    """Diagnose the runs that are new or have changed.

    Each run gets tags, and a report if something is wrong.
    The tracker records which runs are done, so a sweep can be repeated, stopped at any time, or run twice at once.

    \b
      tracker-diag sweep --experiment 'vision-*' --dry-run
      tracker-diag sweep --all --since 24h --fail-on error -o runs.sarif
      tracker-diag sweep --experiment vision --note --view
      tracker-diag sweep --all --every 15m --notify "$SLACK" --summary sweep.json
      tracker-diag sweep --all --report-dir answers
    """  # noqa: D301  click wants a real backspace
    from tracker_diag.cli import watch
    from tracker_diag.cli.summary import closing_line
    from tracker_diag.core.finding import Severity
    from tracker_diag.settings.search import settings_file
    from tracker_diag.sweeping import notify as messages
    from tracker_diag.sweeping import schedule
    from tracker_diag.sweeping.open_engine import check_engine
    from tracker_diag.sweeping.plan import Plan
    from tracker_diag.sweeping.sweep import sweep as sweep_once

    hush()
    check_level(fail_on)
    _check_log_format(log_format)
    check_engine(engine, scheduler)
    age = None if since is None else seconds(since, "--since")
    trigger = _trigger(every, cron)
    query_of(experiment, project, everything)
    there = place(tracker, tracking_uri, tuple(project or ()))
    read_settings(config, role, artifacts, note=note, select=select, ignore=ignore)
    messages.check(notify or ())
    narrowing = {"--limit": limit, "--since": since, "--filter": filter, "--select": select, "--ignore": ignore}
    part = next((option for option, given in narrowing.items() if given), "")
    _check_files(summary, baseline, report_dir, elsewhere=dry_run or annotate, part=part)
    document = document_of(format, output_file, repeated=trigger is not None)
    _check_written("--overview", overview, dry_run, report_dir)
    _check_written("--view", view, dry_run, report_dir)
    # What a dry run would write of notes, it shows: which runs are due.
    _check_written("--note", note, False, report_dir)

    def once(stop: threading.Event) -> Swept:
        settings = read_settings(config, role, artifacts, note=note, select=select, ignore=ignore)
        query = query_of(
            experiment,
            project,
            everything,
            since=None if age is None else time.time() - age,
            filter=filter,
            limit=limit,
        )
        plan = Plan(
            query,
            settings,
            write=not dry_run,
            force=force,
            narrowed=select is not None or ignore is not None,
            engine=engine,
            workers=workers,
            scheduler=scheduler,
        )
        with connected(there, settings.prefix, annotate=annotate) as opened:
            adapter = opened if report_dir is None else _aside(opened, report_dir, settings.prefix)
            out.tracker = adapter.describe()
            publisher = _publisher(adapter) if overview else None
            viewer = viewer_of(adapter) if view else None
            with watch.watching(log_format, quiet=quiet) as watcher:
                swept = sweep_once(adapter, plan, watcher, stop)
            swept = swept if baseline is None else _accepted(baseline, swept)
            # On a schedule only what has changed: a sweep of nothing new has to stay cheap.
            named, standing = (query.experiments, swept.standing) if trigger is None else ((), ())
            seen = {row.experiment for row in (*swept.rows, *standing)}
            pages = _store_overviews(adapter, publisher, swept, named, settings)
            done = _done(swept, standing)
            told = closing_lines(adapter, done) if plan.write else ()
            hint = () if dry_run or view else first_look(adapter, done, settings.prefix)
            out.below = (*pages, *save_views(viewer, seen), *hint, *told)
            return swept

    level = None if fail_on is None else Severity(fail_on)
    out = Outlets(
        log_format,
        summary,
        tuple(notify or ()),
        write=not dry_run,
        scope=where(experiment, project) + _narrowed(since, filter),
        document=document,
        quiet=quiet,
        fail_on=level,
        changed_only=changed_only,
    )
    watch.start_log(log_format)
    if used := config or settings_file():
        watch.event("settings", file=str(used))
    with stopping(quiet=log_format == "json") as (stop, signals):
        if trigger is not None:
            schedule.repeat(lambda: keep_going(once, out, stop), trigger, stop, at_once=cron is None)
            return
        try:
            swept = once(stop)
        except Exception as error:
            # That the summary cannot be written either is not what the user has to know first.
            with suppress(UsageError):
                out.note(broken_off(error))
            if log_format == "json":
                # The log has said it.
                raise typer.Exit(explain(error)[1]) from error
            raise
        out.tell(swept)
    if signals:
        if log_format != "json":
            complain(f"stopped: {closing_line(swept, write=not dry_run, scope=out.scope)}", label="")
        raise typer.Exit(INTERRUPTED if signals[0] == signal.SIGINT else TERMINATED)
    if code := _exit_code(swept, level):
        if code == FOUND and level is not None:
            tell_found(swept.at_least(level), level, log_format)
        raise typer.Exit(code)


def _accepted(baseline: Path, swept: Swept) -> Swept:
    """Mark what a baseline accepts, and say where one was written, however quiet: a name that is misspelt hides all."""
    from tracker_diag.report.wording import counted
    from tracker_diag.sweeping import accepted

    new = not baseline.exists()
    marked = accepted.mark(baseline, swept)
    if new:
        count = sum(row.accepted for row in (*marked.rows, *marked.standing))
        written = (
            f"created {baseline}: the present findings of {counted(count, 'run')} are accepted, and only new ones will "
            "be reported"
        )
        complain(
            written if baseline.exists() else f"{baseline} was not written: the sweep did not reach every run", label=""
        )
    return marked


def _exit_code(swept: Swept, level: Severity | None) -> int:
    if swept.error:
        return TRACKER
    if swept.failures:
        return PARTIAL
    return FOUND if level is not None and swept.at_least(level) else OK


def _narrowed(since: str | None, filter: str) -> str:
    """Say what runs have to be like beside where they are."""
    parts = [f"changed in the last {since}"] * (since is not None) + ["match the filter"] * bool(filter)
    return f" that {' and '.join(parts)}" if parts else ""


def _trigger(every: str | None, cron: str | None) -> BaseTrigger | None:
    from tracker_diag.sweeping import schedule

    if every is not None and cron is not None:
        raise UsageError("--every cannot be combined with --cron")
    if cron is not None:
        return schedule.cron(cron)
    return None if every is None else schedule.every(seconds(every, "--every"))


def _check_log_format(log_format: str) -> None:
    from tracker_diag.cli import watch

    if log_format not in watch.LOG_FORMATS:
        raise UsageError(f"--log-format {log_format}: choose one of {', '.join(watch.LOG_FORMATS)}")


def _check_files(
    summary: Path | None, baseline: Path | None, report_dir: Path | None, elsewhere: bool, part: str
) -> None:
    check_folder(summary, "--summary")
    if baseline is not None:
        from tracker_diag.sweeping import accepted

        check_folder(baseline, "--baseline")
        if accepted.read(baseline) is None and part:
            raise UsageError(
                f"--baseline {baseline} does not exist; leave out {part} to create it: it must cover all runs and rules"
            )
    if report_dir is not None and elsewhere:
        raise UsageError("--report-dir cannot be combined with --dry-run or --annotate")


def _check_written(option: str, given: bool, dry_run: bool, report_dir: Path | None) -> None:
    for other, elsewhere in (("--dry-run", dry_run), ("--report-dir", report_dir is not None)):
        if given and elsewhere:
            raise UsageError(
                f"{option} cannot be combined with {other}: {option} writes into the tracker, {other} does not"
            )


def _publisher(adapter: Adapter) -> Publisher:
    from tracker_diag.adapters.overviews import Publisher

    if not isinstance(adapter, Publisher):
        raise UsageError(f"--overview: {adapter.describe()} cannot store it; use `tracker-diag report --experiment`")
    return adapter


def _store_overviews(
    adapter: Adapter, publisher: Publisher | None, swept: Swept, named: Sequence[str], settings: Settings
) -> tuple[str, ...]:
    """Store a page of each experiment in which something was diagnosed, and of those that were asked for by name.

    Without a publisher nobody asked for one.

    The runs have their diagnoses by now, so what goes wrong here is told and ends nothing.

    Returns
    -------
    tuple of str
        Where each was stored, in one line.
    """
    from tracker_diag.adapters.base import TrackerError
    from tracker_diag.adapters.overviews import EXPERIMENT
    from tracker_diag.cli import progress, watch
    from tracker_diag.sweeping.publish import publish

    if publisher is None or swept.stopped:
        return ()
    lines = []
    plain = {name for name in named if not set(name) & set("*?[")}
    for name in sorted({row.experiment for row in swept.rows} | plain - {EXPERIMENT}):
        try:
            with progress.bar("writing the overview") as advance:
                run_id = publish(adapter, publisher, name, settings, advance)
            run = adapter.find_run(run_id)
            link = adapter.link(run)
        except TrackerError as error:
            _log.warning("overview of %s: %s", name, error)
        else:
            watch.event("overview stored", of=name, run_id=run_id, run=run.name, experiment=run.experiment, link=link)
            where = link or f"run '{run.name or run_id}'"
            lines.append(f"overview of experiment '{name}': {where} in experiment '{run.experiment}'")
    return tuple(lines)


def _done(swept: Swept, standing: Sequence[Row]) -> Done:
    from tracker_diag.adapters.closing import Done

    new = all(not row.before.verdict for row in swept.rows)
    written = tuple(row.id for row in swept.rows if not row.kept)
    return Done(written, tuple(row.id for row in standing), first=new and not swept.standing)


def _aside(tracker: Adapter, folder: Path, prefix: str) -> Adapter:
    from tracker_diag.adapters.aside import AsideAdapter

    return AsideAdapter(tracker, folder, prefix)
