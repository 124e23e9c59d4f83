"""Which runs are due: those whose tags do not carry the fingerprint of their present state."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tracker_diag.adapters.base import Adapter, Failure, Listing, Query, TrackerError, without_files
from tracker_diag.adapters.guard import guarded, one_line
from tracker_diag.core.finding import Severity
from tracker_diag.core.own import FINGERPRINT
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.fingerprint import fingerprint
from tracker_diag.sweeping.judge import Before, before
from tracker_diag.sweeping.plan import Plan

_log = logging.getLogger(__name__)


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
class Listed:
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


def list_due(adapter: Adapter, plan: Plan, stop: threading.Event) -> Listed:
    """List the runs in the scope of a plan, and tell those that are due from the others.

    Raises
    ------
    UnknownRunError, QueryError, TrackerError
        If the runs cannot be listed.
    """
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
    return Listed(due, unchanged, worst, tuple(failures), without_reports)


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
