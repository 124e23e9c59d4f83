"""Diagnoses many runs: lists them, decides who is due, reads in bulk, diagnoses in parallel, writes back.

Level-triggered: what has been done is read from the tracker itself, so a sweep may be repeated, killed, or run twice at
once, and brings every run to the same state.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tracker_diag.adapters.base import Adapter, Diagnosis, Failure, Listing, Query, TrackerError
from tracker_diag.core.finding import Severity
from tracker_diag.core.settings import Settings
from tracker_diag.executors import completed, open_engine, read_ahead, threads
from tracker_diag.fingerprint import fingerprint
from tracker_diag.judge import Before, Judgement, Task, before, judge

WRITERS = 8
"""Threads that write: they keep a server of the usual four workers busy, and share the commits of a database."""
WRITE_AHEAD = 2 * WRITERS
"""Runs in hand between diagnosis and the end of writing: what a sweep that is told to end still finishes."""
READ_AHEAD = 32
"""Runs that are held ready for diagnosis."""
GIVE_UP_AFTER = 25
"""Writes refused in a row, after which the store itself is taken to refuse, and the sweep ends."""


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
    due, unchanged, worst = _list(adapter, plan, stop)
    watcher.listed(len(due), unchanged.total())
    waiting = dict(due)
    rows: list[Row] = []
    failures: list[Failure] = []
    halt = _Halt(stop)
    for outcome in _outcomes(adapter, plan, due, halt):
        if waiting.pop(outcome.id, None) is None:
            continue
        if isinstance(outcome, Failure):
            failures.append(outcome)
            watcher.failed(outcome)
        else:
            rows.append(outcome)
            watcher.done(outcome)
    if not halt.is_set():
        for run_id in waiting:
            failures.append(Failure(run_id, "the tracker listed the run but did not return it"))
            watcher.failed(failures[-1])
    undone = [due[x].changed for x in (*waiting, *(f.id for f in failures))]
    return Swept(
        rows=tuple(sorted(rows, key=lambda r: (-r.severity.rank, r.verdict, r.name, r.id))),
        failures=tuple(sorted(failures, key=lambda f: f.id)),
        unchanged=unchanged.total(),
        verdicts=dict(sorted((unchanged + Counter(r.verdict for r in rows)).items())),
        worst=max([worst, *(r.severity for r in rows)], key=lambda s: s.rank),
        left=len(waiting) if halt.is_set() else 0,
        oldest=min((x for x in undone if x is not None), default=None),
        seconds=time.monotonic() - begin,
        error=halt.error,
        stopped=stop.is_set(),
    )


class _Silent:
    def listed(self, due: int, unchanged: int) -> None: ...

    def done(self, row: Row) -> None: ...

    def failed(self, failure: Failure) -> None: ...


@dataclass
class _Halt:
    """Why no further run is begun: someone asked, or the tracker failed."""

    stop: threading.Event
    error: str = ""
    refused: int = 0

    def is_set(self) -> bool:
        return self.stop.is_set() or bool(self.error)

    def count(self, refusal: str) -> None:
        """Count writes refused in a row; an empty text is one that was taken."""
        self.refused = self.refused + 1 if refusal else 0
        if self.refused >= GIVE_UP_AFTER:
            self.error = f"{self.refused} writes in a row were refused, the last because: {refusal}"


def _list(adapter: Adapter, plan: Plan, stop: threading.Event) -> tuple[dict[str, Due], Counter[str], Severity]:
    """Who is due, by id, newest change first; verdicts and the worst severity of those who are not."""
    due: dict[str, Due] = {}
    unchanged: Counter[str] = Counter()
    worst = Severity.OK
    own: dict[str, Settings] = {}
    prefix = plan.settings.prefix
    for listing in adapter.list_runs(plan.query):
        if stop.is_set():
            break
        if listing.experiment not in own:
            own[listing.experiment] = plan.settings.for_experiment(listing.experiment)
        candidate = _due(listing, own[listing.experiment], adapter.link(listing))
        if not plan.force and listing.tags.get(f"{prefix}fingerprint") == candidate.fingerprint:
            unchanged[candidate.before.verdict] += 1
            worst = max(worst, candidate.before.severity, key=lambda s: s.rank)
        else:
            due[listing.id] = candidate
    return due, unchanged, worst


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
            adapter.write(item.id, Diagnosis(item.tags, item.artifacts, due[item.id].fingerprint))
            return _row(item, due[item.id])

        with threads(WRITERS) as writers:
            for item, outcome in completed(writers, write, judged, WRITE_AHEAD):
                if not isinstance(item, Failure):
                    halt.count(one_line(outcome) if isinstance(outcome, Exception) else "")
                yield Failure(item.id, one_line(outcome)) if isinstance(outcome, Exception) else outcome


def _tasks(adapter: Adapter, plan: Plan, due: Mapping[str, Due], halt: _Halt) -> Iterator[Task | Failure]:
    own: dict[str, Settings] = {}
    runs = read_ahead(adapter.load_runs(list(due)), READ_AHEAD)
    try:
        for run in runs:
            if halt.is_set():
                return
            if isinstance(run, Failure):
                yield run
            elif run.id in due:
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
        return Failure(item.run.id if isinstance(item, Task) else item.id, one_line(outcome))
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


def one_line(error: Exception) -> str:
    """Say what went wrong in one line; an error that is not the tracker's keeps its class, the one thing to go by."""
    text = " ".join(str(error).split())
    return text if isinstance(error, TrackerError) and text else f"{type(error).__name__}: {text}".rstrip(": ")
