"""Diagnoses many runs: lists them, decides who is due, reads in bulk, diagnoses in parallel, writes back.

Level-triggered: what has been done is read from the tracker itself, so a sweep may be repeated, killed, or run twice at
once, and brings every run to the same state.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from tracker_diag.adapters.base import (
    Adapter,
    DeniedError,
    Diagnosis,
    Failure,
    Listing,
    Query,
    TrackerError,
    without_files,
)
from tracker_diag.adapters.guard import defect, failure, guarded, load_each, one_line
from tracker_diag.core.finding import Severity
from tracker_diag.core.own import FINGERPRINT
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.executors import completed, open_engine, read_ahead, threads
from tracker_diag.sweeping.fingerprint import fingerprint
from tracker_diag.sweeping.judge import Before, Judgement, Task, before, judge

WRITERS = 8
"""Threads that write: they keep a server of the usual four workers busy, and share the commits of a database."""
WRITE_AHEAD = 2 * WRITERS
"""Runs in hand between diagnosis and the end of writing: what a sweep that is told to end still finishes."""
READ_AHEAD = 32
"""Runs that are held ready for diagnosis."""
GIVE_UP_AFTER = 25
"""Writes refused in a row, after which the store itself is taken to refuse, and the sweep ends."""

DENIED_AFTER = 3
"""Runs of an experiment that may not be written to, after which, none having been taken, none of it is tried again."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep is asked to do.

    Attributes
    ----------
    query : Query
    settings : Settings
    write : bool
        False for a dry run.
    force : bool
        Diagnose again what has not changed.
    engine : str
        ``local`` or ``dask``.
    workers : int or None
        Processes; the processors by default.
    scheduler : str or None
        Address of a Dask scheduler.
    """

    query: Query
    settings: Settings = field(default_factory=Settings)
    write: bool = True
    force: bool = False
    engine: str = "local"
    workers: int | None = None
    scheduler: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A run to diagnose, with what the listing said about it; small, since there may be a million."""

    id: str
    name: str
    experiment: str
    link: str | None
    changed: float | None
    fingerprint: str
    before: Before


@dataclass(frozen=True, slots=True)
class Row:
    """A run that was diagnosed in this sweep.

    Attributes
    ----------
    news : bool
        Its tags said something else, or nothing, before.
    note : str
        Why its report could not be stored; empty if it could, or there is none.
    """

    id: str
    name: str
    experiment: str
    link: str | None
    verdict: str
    severity: Severity
    cause: str
    summary: str
    news: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did.

    Attributes
    ----------
    rows : tuple of Row
        Diagnosed now, worst first.
    failures : tuple of Failure
        Runs that could not be read, diagnosed or written; they are tried again at the next sweep.
    unchanged : int
        Runs that carried the diagnosis of their present state.
    verdicts : mapping of str to int
        Runs by verdict, the unchanged ones included.
    worst : Severity
        Of all runs in the scope, the unchanged ones included.
    without_reports : int
        Unchanged runs whose reports could not be stored when they were diagnosed.
    left : int
        Runs that were due and not reached, because the sweep was stopped or the tracker failed.
    oldest : float or None
        When the oldest run that is still not diagnosed last changed, seconds since the epoch.
    seconds : float
        Duration.
    error : str
        Why the tracker as a whole failed in the middle; empty if it did not.
    stopped : bool
        Someone asked the sweep to end early.
    """

    rows: tuple[Row, ...] = ()
    failures: tuple[Failure, ...] = ()
    unchanged: int = 0
    verdicts: Mapping[str, int] = field(default_factory=dict)
    worst: Severity = Severity.OK
    without_reports: int = 0
    left: int = 0
    oldest: float | None = None
    seconds: float = 0.0
    error: str = ""
    stopped: bool = False


class Watcher(Protocol):
    """Who is told what happens, as it happens: a progress bar, a log."""

    def listed(self, due: int, unchanged: int) -> None:
        """Take note that all runs are listed."""

    def done(self, row: Row) -> None:
        """Take note of a run that is diagnosed and, unless this is a dry run, written."""

    def failed(self, failure: Failure) -> None:
        """Take note of a run that could not be read, diagnosed or written."""


def sweep(adapter: Adapter, plan: Plan, watcher: Watcher | None = None, stop: threading.Event | None = None) -> Swept:
    """Bring every run in the scope to the diagnosis of its present state.

    Parameters
    ----------
    adapter : Adapter
    plan : Plan
    watcher : Watcher, optional
    stop : threading.Event, optional
        Once it is set, the runs in hand are finished and no further ones begun.

    Raises
    ------
    UnknownRunError, QueryError, TrackerError
        If the runs cannot be listed; once they are, a tracker that fails is told in the result.
    EngineError
        If the engine cannot be started.
    """
    watcher = watcher or _Silent()
    stop = stop or threading.Event()
    begin = time.monotonic()
    listed = _list(adapter, plan, stop)
    due = listed.due
    watcher.listed(len(due), listed.unchanged.total())
    waiting = dict(due)
    rows: list[Row] = []
    failures = list(listed.failures)
    for unreadable in failures:
        watcher.failed(unreadable)
    halt = _Halt(stop, due=due)
    for outcome in _outcomes(adapter, plan, due, halt):
        if waiting.pop(outcome.id, None) is None:
            continue
        if isinstance(outcome, Failure):
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
        rows=tuple(sorted(rows, key=lambda r: (-r.severity.rank, r.verdict, r.name, r.id))),
        failures=tuple(sorted(failures, key=lambda f: f.id)),
        unchanged=listed.unchanged.total(),
        verdicts=dict(sorted((listed.unchanged + Counter(r.verdict for r in rows)).items())),
        worst=max([listed.worst, *(r.severity for r in rows)], key=lambda s: s.rank),
        without_reports=listed.without_reports,
        left=len(left),
        oldest=min((x for x in undone if x is not None), default=None),
        seconds=time.monotonic() - begin,
        error=halt.error or halt.denial(),
        stopped=stop.is_set(),
    )


class _Silent:
    def listed(self, due: int, unchanged: int) -> None: ...

    def done(self, row: Row) -> None: ...

    def failed(self, failure: Failure) -> None: ...


@dataclass
class _Halt:
    """Why no further run is begun: someone asked, the tracker failed, or an experiment may not be written to."""

    stop: threading.Event
    error: str = ""
    refused: int = 0
    due: Mapping[str, Due] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    denials: Counter[str] = field(default_factory=Counter)
    written: set[str] = field(default_factory=set)

    def is_set(self) -> bool:
        return self.stop.is_set() or bool(self.error)

    def ends(self, run_id: str) -> bool:
        """Whether a run is left as it is: all are, or its experiment has taken nothing and refused several."""
        experiment = self.due[run_id].experiment
        return self.is_set() or (experiment in self.closed and self.denials[experiment] >= DENIED_AFTER)

    def count(self, refusal: str) -> None:
        """Count writes refused in a row; an empty text is one that was taken."""
        self.refused = self.refused + 1 if refusal else 0
        if self.refused >= GIVE_UP_AFTER:
            self.error = f"{self.refused} writes in a row were refused, the last because: {refusal}"

    def deny(self, run_id: str, reason: str) -> None:
        """Take note of a run that may not be written to."""
        self.denied[run_id] = reason
        self.denials[self.due[run_id].experiment] += 1

    @property
    def closed(self) -> set[str]:
        """Experiments whose runs may not be written to: one run alone may lie in a folder with rights of its own."""
        return set(self.denials) - self.written

    def denial(self) -> str:
        """Say of all runs that may not be written to, in one line, that they may not, and what to do."""
        closed = self.closed
        if not closed:
            return ""
        reason = next(why for run_id, why in self.denied.items() if self.due[run_id].experiment in closed)
        where = "" if len(closed) == 1 else f" of {len(closed)} experiments"
        return f"the runs{where} may not be written to: {reason}; --report-dir DIR keeps the answers here"


@dataclass(frozen=True, slots=True)
class _Listed:
    """What the tracker listed.

    Attributes
    ----------
    due : mapping of str to Due
        By id, newest change first.
    unchanged : Counter of str
        Verdicts of those that are not due.
    worst : Severity
        Theirs.
    failures : tuple of Failure
        Runs that cannot even be listed.
    without_reports : int
        Those that are not due, and whose reports could not be stored.
    """

    due: Mapping[str, Due]
    unchanged: Counter[str]
    worst: Severity
    failures: tuple[Failure, ...]
    without_reports: int


def _list(adapter: Adapter, plan: Plan, stop: threading.Event) -> _Listed:
    due: dict[str, Due] = {}
    unchanged: Counter[str] = Counter()
    failures: list[Failure] = []
    worst = Severity.OK
    without_reports = 0
    own: dict[str, Settings] = {}
    for listing in _listings(adapter, plan.query):
        if stop.is_set():
            break
        if isinstance(listing, Failure):
            failures.append(listing)
            continue
        if listing.experiment not in own:
            own[listing.experiment] = plan.settings.for_experiment(listing.experiment)
        candidate = guarded(listing.id, lambda x=listing: _due(x, own[x.experiment], adapter.link(x)))  # type: ignore[misc]
        if isinstance(candidate, Failure):
            failures.append(candidate)
            continue
        marked = without_files(candidate.fingerprint, listing.store)
        carried = None if plan.force else listing.tags.get(f"{plan.settings.prefix}{FINGERPRINT}")
        if carried in (candidate.fingerprint, marked):
            unchanged[candidate.before.verdict] += 1
            worst = max(worst, candidate.before.severity, key=lambda s: s.rank)
            without_reports += carried == marked
        else:
            due[listing.id] = candidate
    return _Listed(due, unchanged, worst, tuple(failures), without_reports)


def _listings(adapter: Adapter, query: Query) -> Iterator[Listing | Failure]:
    """List the runs; an adapter that breaks off in the middle is a tracker that cannot be read."""
    try:
        yield from adapter.list_runs(query)
    except TrackerError:
        raise
    except Exception as error:
        _log.exception("the listing broke off")
        raise TrackerError(f"{adapter.describe()} cannot be listed: {one_line(error)}") from error


def _due(listing: Listing, settings: Settings, link: str | None) -> Due:
    return Due(
        id=listing.id,
        name=listing.name or "",
        experiment=listing.experiment,
        link=link,
        changed=listing.end_time or listing.start_time,
        fingerprint=fingerprint(listing, settings),
        before=before(listing.tags, settings.prefix),
    )


def _outcomes(adapter: Adapter, plan: Plan, due: Mapping[str, Due], halt: _Halt) -> Iterator[Row | Failure]:
    """Read, judge and write, each ahead of the next; the chain pulls, so nothing piles up."""
    if not due:
        return
    with open_engine(plan.engine, calls=len(due), workers=plan.workers, scheduler=plan.scheduler) as engine:
        judged = (
            _told(item, outcome) for item, outcome in completed(engine, _judge_item, _tasks(adapter, plan, due, halt))
        )
        if not plan.write:
            yield from (x if isinstance(x, Failure) else _row(x, due[x.id]) for x in judged)
            return

        def write(item: Judgement | Failure) -> Row | Failure:
            if isinstance(item, Failure):
                return item
            if halt.ends(item.id) and not halt.is_set():
                raise DeniedError("its experiment may not be written to")
            note = adapter.write(item.id, Diagnosis(item.tags, item.artifacts, due[item.id].fingerprint))
            return replace(_row(item, due[item.id]), note=note)

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


def _tasks(adapter: Adapter, plan: Plan, due: Mapping[str, Due], halt: _Halt) -> Iterator[Task | Failure]:
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
                yield Task(run, own[entry.experiment], entry.before)
    except TrackerError as error:
        # What is in hand is still worth finishing: only the reading ends here.
        halt.error = str(error)


def _judge_item(item: Task | Failure) -> Judgement | Failure:
    return item if isinstance(item, Failure) else judge(item)


def _told(item: Task | Failure, outcome: Judgement | Failure | Exception) -> Judgement | Failure:
    if isinstance(outcome, Exception):
        return defect(item.run.id if isinstance(item, Task) else item.id, outcome)
    return outcome


def _row(judgement: Judgement, due: Due) -> Row:
    return Row(
        id=due.id,
        name=due.name,
        experiment=due.experiment,
        link=due.link,
        verdict=judgement.verdict,
        severity=judgement.severity,
        cause=judgement.cause,
        summary=judgement.summary,
        news=(judgement.verdict, judgement.severity) != (due.before.verdict, due.before.severity),
    )
