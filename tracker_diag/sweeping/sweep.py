"""Diagnoses many runs: lists them, decides who is due, reads in bulk, diagnoses in parallel, writes back.

Level-triggered: what has been done is read from the tracker itself, so a sweep may be repeated, killed, or run twice at
once, and brings every run to the same state.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tracker_diag.adapters.base import Adapter, DeniedError, Diagnosis, Failure, TrackerError
from tracker_diag.adapters.guard import defect, failure, load_each, one_line
from tracker_diag.adapters.pages import report_page, report_reference
from tracker_diag.core.finding import Severity
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.due import Due, Listed, list_due
from tracker_diag.sweeping.executors import WRITERS, threads
from tracker_diag.sweeping.flow import completed, read_ahead
from tracker_diag.sweeping.halt import Halt
from tracker_diag.sweeping.judge import Judgement, Task, codes, judge
from tracker_diag.sweeping.open_engine import open_engine
from tracker_diag.sweeping.plan import Plan
from tracker_diag.sweeping.result import Row, Swept, worst_first
from tracker_diag.sweeping.watcher import Silent, Watcher

WRITE_AHEAD = 2 * WRITERS
"""Runs in hand between diagnosis and the end of writing: what a sweep that is told to end still finishes."""
READ_AHEAD = 32
"""Runs that are held ready for diagnosis."""


def sweep(adapter: Adapter, plan: Plan, watcher: Watcher | None = None, stop: threading.Event | None = None) -> Swept:
    """Bring every run in the scope to the diagnosis of its present state.

    Parameters
    ----------
    adapter : Adapter
        The tracker.
    plan : Plan
        The scope, and what is done there.
    watcher : Watcher, optional
        Told what happens, as it happens.
    stop : threading.Event, optional
        Once it is set, the runs in hand are finished and no further ones begun.

    Raises
    ------
    UnknownRunError, QueryError, TrackerError
        If the runs cannot be listed; once they are, a tracker that fails is told in the result.
    EngineError
        If the engine cannot be started.
    """
    watcher = watcher or Silent()
    stop = stop or threading.Event()
    begin = time.monotonic()
    listed = list_due(adapter, plan, stop)
    due = listed.due
    watcher.listed(len(due), len(listed.standing))
    waiting = dict(due)
    rows: list[Row] = []
    failures = list(listed.failures)
    for unreadable in failures:
        watcher.failed(unreadable)
    halt = Halt(stop, due)
    standing = [_standing(x) for x in listed.standing.values()]
    for outcome in _outcomes(adapter, plan, listed, halt):
        if waiting.pop(outcome.id, None) is None:
            continue
        if isinstance(outcome, Row) and due[outcome.id].again and not outcome.news:
            standing += [outcome] * (not due[outcome.id].beyond)
        elif isinstance(outcome, Failure):
            failures.append(outcome)
            watcher.failed(outcome)
        else:
            rows.append(outcome)
            watcher.done(outcome)
    left = {run_id for run_id in waiting if halt.is_set() or due[run_id].experiment in halt.closed}
    for run_id in waiting.keys() - left:
        why = halt.denied.get(run_id, "the tracker listed the run but did not return it")
        failures.append(Failure(run_id, why))
        watcher.failed(failures[-1])
    undone = [due[x].changed for x in {*waiting, *(f.id for f in failures)} & due.keys()]
    return Swept(
        rows=worst_first(rows),
        standing=worst_first(standing),
        failures=tuple(sorted(failures, key=lambda f: f.id)),
        verdicts=dict(sorted(Counter(row.verdict for row in (*rows, *standing)).items())),
        worst=max((row.severity for row in (*rows, *standing)), key=lambda s: s.rank, default=Severity.OK),
        without_reports=listed.without_reports,
        more=listed.more,
        left=len(left),
        oldest=min((x for x in undone if x is not None), default=None),
        seconds=time.monotonic() - begin,
        error=halt.error or halt.denial(),
        stopped=stop.is_set(),
    )


def _outcomes(adapter: Adapter, plan: Plan, listed: Listed, halt: Halt) -> Iterator[Row | Failure]:
    """Read, judge and write, each ahead of the next; the chain pulls, so nothing piles up."""
    due = listed.due
    if not due:
        return
    with open_engine(plan.engine, calls=len(due), workers=plan.workers, scheduler=plan.scheduler) as engine:
        judged = (
            _told(item, outcome)
            for item, outcome in completed(engine, _judge_item, _tasks(adapter, plan, listed, halt))
        )
        if not plan.write:
            yield from (x if isinstance(x, Failure) else _row(x, due[x.id]) for x in judged)
            return

        def write(item: Judgement | Failure) -> Row | Failure:
            if isinstance(item, Failure):
                return item
            row = _row(item, due[item.id])
            if row.kept or (due[item.id].again and not row.news):
                return row
            if halt.ends(item.id) and not halt.is_set():
                raise DeniedError("no permission to write to its experiment")
            diagnosis = Diagnosis(item.tags, item.artifacts, due[item.id].fingerprint, item.note)
            not_stored = adapter.write(item.id, diagnosis)
            if item.artifacts and not not_stored:
                row = replace(row, link=report_page(adapter, row.id, row.experiment, row.link))
            return replace(row, not_stored=not_stored, noted=item.note is not None)

        with threads(WRITERS) as writers:
            for item, outcome in completed(writers, write, judged, WRITE_AHEAD):
                if isinstance(outcome, DeniedError):
                    halt.deny(item.id, one_line(outcome))
                    continue
                if isinstance(outcome, Row):
                    halt.written.add(outcome.experiment)
                if not isinstance(item, Failure):
                    halt.count(one_line(outcome) if isinstance(outcome, Exception) else "")
                yield failure(item.id, outcome) if isinstance(outcome, Exception) else outcome


def _tasks(adapter: Adapter, plan: Plan, listed: Listed, halt: Halt) -> Iterator[Task | Failure]:
    due = listed.due
    own: dict[str, Settings] = {}
    runs = read_ahead(load_each(adapter, list(due)), READ_AHEAD)
    try:
        for run in runs:
            if halt.is_set():
                return
            if isinstance(run, Failure):
                yield run
            elif run.id in due and not halt.ends(run.id):
                entry = due[run.id]
                if entry.experiment not in own:
                    settings = plan.settings.for_experiment(entry.experiment)
                    # A dry run makes no files: nobody would see them.
                    quiet = settings.model_copy(update={"artifacts": "none"})
                    own[entry.experiment] = settings if plan.write else quiet
                siblings = listed.compared.of(run.id, entry.experiment)
                page = report_reference(adapter, entry.id, entry.experiment) if entry.noted else ""
                yield Task(run, own[entry.experiment], entry.before, siblings, entry.noted, page)
    except TrackerError as error:
        # What is in hand is still worth finishing: only the reading ends here.
        halt.error = str(error)


def _judge_item(item: Task | Failure) -> Judgement | Failure:
    return item if isinstance(item, Failure) else judge(item)


def _told(item: Task | Failure, outcome: Judgement | Failure | Exception) -> Judgement | Failure:
    if isinstance(outcome, Exception):
        return defect(item.run.id if isinstance(item, Task) else item.id, outcome)
    return outcome


def _standing(due: Due) -> Row:
    """A run that is not diagnosed now, by its tags."""
    return Row(
        id=due.id,
        name=due.name,
        experiment=due.experiment,
        link=due.link,
        verdict=due.before.verdict,
        severity=due.before.severity,
        cause=due.before.cause,
        summary=due.before.summary,
        news=False,
        codes=due.before.codes,
        before=due.before,
        unnoted=due.unnoted,
    )


def _row(judgement: Judgement, due: Due) -> Row:
    return Row(
        id=due.id,
        name=due.name,
        experiment=due.experiment,
        link=due.link,
        verdict=judgement.verdict,
        severity=judgement.severity,
        cause=judgement.tags.get("cause", ""),
        summary=judgement.tags.get("summary", ""),
        news=not due.keeps and _is_news(judgement, due),
        codes=codes(judgement.tags.get("findings", "")),
        before=due.before,
        wasted=judgement.wasted,
        gpus=judgement.gpus,
        kept=due.keeps,
        unnoted=due.unnoted,
    )


def _is_news(judgement: Judgement, due: Due) -> bool:
    if (judgement.verdict, judgement.severity) != (due.before.verdict, due.before.severity):
        return True
    return due.again and judgement.tags.get("cause", "") != due.before.cause
