"""Which runs are due: those whose tags do not carry the fingerprint of their present state."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tracker_diag.adapters.base import Adapter, Failure, Listing, Query, TrackerError, without_files
from tracker_diag.adapters.guard import guarded, one_line
from tracker_diag.adapters.pages import report_page
from tracker_diag.core import section
from tracker_diag.core.own import FINGERPRINT
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.fingerprint import NARROWED, fingerprint, is_by_all_rules
from tracker_diag.sweeping.judge import Before, before
from tracker_diag.sweeping.plan import Plan
from tracker_diag.sweeping.siblings import MOST, Compared, compare, is_made_by_us

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """A run to diagnose, with what the listing said about it; small, since there may be a million.

    One that is judged ``again`` has not changed itself: its siblings have, and what they say of it may be the same; it
    may lie ``beyond`` the scope, and is then told only if its answer is another. One that ``keeps`` its diagnosis
    carries one by all rules, which a narrower one must not overwrite. A ``noted`` one gets a section in its
    description, or a new one in place of that which it has; ``unnoted`` says why it gets none where one was asked for.
    """

    id: str
    name: str
    experiment: str
    link: str | None
    changed: float | None
    fingerprint: str
    before: Before
    again: bool = False
    beyond: bool = False
    keeps: bool = False
    noted: bool = False
    unnoted: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the tracker listed.

    Attributes
    ----------
    due : mapping of str to Due
        By id, newest change first.
    standing : mapping of str to Due
        Those that carry the diagnosis of their present state, and are not judged again.
    failures : tuple of Failure
        Runs that cannot even be listed.
    without_reports : int
        Those that are not due, and whose reports could not be stored.
    compared : Compared
        What the siblings of the runs say.
    more : bool
        Whether there are runs beyond the limit of the scope, which were not looked at.
    """

    due: Mapping[str, Due]
    standing: Mapping[str, Due]
    failures: tuple[Failure, ...]
    without_reports: int
    compared: Compared
    more: bool = False


def list_due(adapter: Adapter, plan: Plan, stop: threading.Event) -> Listed:
    """List the runs in the scope of a plan, and tell those that are due from the others.

    Raises
    ------
    UnknownRunError, QueryError, TrackerError
        If the runs cannot be listed.
    """
    due: dict[str, Due] = {}
    standing: dict[str, Due] = {}
    failures: list[Failure] = []
    without_reports = 0
    own: dict[str, Settings] = {}
    seen: dict[str, list[Listing]] = {}
    kept = 0
    limit, more = plan.query.limit, False
    # One more than is looked at tells whether there are others.
    asked = plan.query if limit is None else replace(plan.query, limit=limit + 1)
    for number, listing in enumerate(_listings(adapter, asked)):
        more = limit is not None and number >= limit
        if more or stop.is_set():
            break
        if isinstance(listing, Failure):
            failures.append(listing)
            continue
        if is_made_by_us(listing.tags, plan.settings.prefix):
            # Others are held against a control, which is never diagnosed itself.
            seen.setdefault(listing.experiment, []).append(listing)
            continue
        if listing.experiment not in own:
            own[listing.experiment] = plan.settings.for_experiment(listing.experiment)
        candidate = guarded(listing.id, lambda x=listing: _due(x, plan, own[x.experiment], adapter.link(x)))  # type: ignore[misc]
        if isinstance(candidate, Failure):
            failures.append(candidate)
            continue
        if kept < MOST:
            kept += 1
            seen.setdefault(listing.experiment, []).append(listing)
        carried = None if plan.force else _carried(listing, plan)
        complete = _complete(candidate, listing)
        if carried in complete and not _lacks_note(listing, own[listing.experiment]):
            stored = carried == complete[0] and _has_report(candidate.before, own[listing.experiment])
            link = report_page(adapter, listing.id, listing.experiment, candidate.link) if stored else candidate.link
            standing[listing.id] = replace(candidate, link=link)
            without_reports += carried == complete[1]
        else:
            due[listing.id] = candidate
    compared = compare(adapter, plan, seen, due.keys(), stop)
    # First those whose siblings have changed: a sweep that is cut short finds the runs that changed them due again.
    again = {
        x.id: _due(x, plan, own[x.experiment], adapter.link(x), again=True)
        for listings in seen.values()
        for x in listings
        if x.id in compared.again
    }
    for run_id in again:
        standing.pop(run_id, None)
    for listing in compared.beyond:
        candidate = guarded(listing.id, lambda x=listing: _due(x, plan, own[x.experiment], adapter.link(x), again=True))  # type: ignore[misc]
        # One whose own state has changed is for the sweep that has it in its scope.
        if isinstance(candidate, Due) and _carried(listing, plan) in _complete(candidate, listing):
            again[listing.id] = replace(candidate, beyond=True)
    return Listed(again | due, standing, tuple(failures), without_reports, compared, more)


def noted(listing: Listing, settings: Settings) -> bool:
    """Whether a diagnosis of this run writes into its description: where that was asked for, now or before.

    A section that was once asked for is renewed with every diagnosis, since it would otherwise say what is no longer
    so; one that somebody has edited is theirs.
    """
    if listing.description is None:
        return False
    found = section.state(listing.description)
    return found is section.State.OURS or (settings.note and found is section.State.ABSENT)


def why_not_noted(listing: Listing, settings: Settings) -> str:
    """Say why a run gets no section in its description; empty where it gets one, or nobody asked for one."""
    if not settings.note:
        return ""
    if listing.description is None:
        return listing.undescribed
    found = section.state(listing.description)
    if found is section.State.EDITED:
        return "somebody has edited the section there"
    return (
        ""
        if found is section.State.OURS or section.lacks(listing.description)
        else "the description is too long to add one"
    )


def _has_report(earlier: Before, settings: Settings) -> bool:
    """Whether a run that was diagnosed with these settings has a report."""
    return settings.artifacts == "all" or (settings.artifacts == "findings" and not earlier.green)


def _lacks_note(listing: Listing, settings: Settings) -> bool:
    return settings.note and listing.description is not None and section.lacks(listing.description)


def _carried(listing: Listing, plan: Plan) -> str | None:
    return listing.tags.get(f"{plan.settings.prefix}{FINGERPRINT}")


def _complete(candidate: Due, listing: Listing) -> tuple[str, str]:
    """The fingerprints of a run that is diagnosed: with its files, and without those that could not be stored."""
    return candidate.fingerprint, without_files(candidate.fingerprint, listing.store)


def _listings(adapter: Adapter, query: Query) -> Iterator[Listing | Failure]:
    """List the runs; an adapter that breaks off in the middle is a tracker that cannot be read."""
    try:
        yield from adapter.list_runs(query)
    except TrackerError:
        raise
    except Exception as error:
        _log.exception("the listing broke off")
        raise TrackerError(f"{adapter.describe()} cannot be listed: {one_line(error)}") from error


def _due(listing: Listing, plan: Plan, settings: Settings, link: str | None, *, again: bool = False) -> Due:
    return Due(
        id=listing.id,
        name=(listing.name or "").strip(),
        experiment=listing.experiment,
        link=link,
        changed=listing.end_time or listing.start_time,
        fingerprint=(NARROWED if plan.narrowed else "") + fingerprint(listing, settings),
        before=before(listing.tags, settings.prefix),
        again=again,
        keeps=plan.narrowed and is_by_all_rules(_carried(listing, plan)),
        noted=noted(listing, settings),
        unnoted=why_not_noted(listing, settings),
    )
