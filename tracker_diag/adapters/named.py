"""One run by whatever a person has of it: its id, how that begins, or its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, runtime_checkable

from tracker_diag.adapters.base import Adapter, Failure, Listing, Query, QueryError, UnknownRunError
from tracker_diag.adapters.guard import find_one
from tracker_diag.core.outgoing import clean

SHORTEST = 4
"""Letters of the beginning of an id; of fewer there are too many."""
SEARCHED = 20_000
"""Runs whose ids are looked at, those that changed last: listing more is too slow."""
SHOWN = 5
"""Runs that an error names."""
_NAME = 60


class SeveralRunsError(UnknownRunError):
    """A name, or the beginning of an id, that several runs have; up to five of them are named."""


@runtime_checkable
class FindsNames(Protocol):
    """A tracker whose search finds runs of a name; not every adapter is one."""

    def name_filter(self, name: str) -> str:
        """Write the filter of a query for runs of exactly this name.

        Parameters
        ----------
        name : str
            Of the run, whatever somebody called it.

        Returns
        -------
        str
            In the tracker's own syntax; empty where that cannot hold the name.
        """


def find(
    adapter: Adapter, word: str, project: str | None, advance: Callable[[int, int | None], None] = lambda *_: None
) -> Listing:
    """Find one run: by its id; else by its name; else by how its id begins.

    Parameters
    ----------
    adapter : Adapter
        The tracker.
    word : str
        What was typed; on W&B with the project before it, as far as it was given.
    project : str or None
        Where to look for a name; None: everywhere.
    advance : callable
        Told how many runs have been looked at.

    Raises
    ------
    UnknownRunError
        If there is none.
    SeveralRunsError
        If there is more than one.
    TrackerError
        If it cannot be read, or the tracker cannot be reached.
    """
    try:
        return find_one(adapter, word)
    except UnknownRunError as error:
        if not word:
            raise
        unknown = error
    short = word.rpartition("/")[2] if project else word
    scope = Query((project,)) if project else Query(everything=True)
    found, what = _of_name(adapter, short, scope, advance), "has the name"
    if not found and len(short) >= SHORTEST:
        found, what = _of_beginning(adapter, short, scope, advance), "has an ID that begins with"
    if not found:
        hint = f"; the start of an ID needs at least {SHORTEST} characters" if len(short) < SHORTEST else ""
        said, sep, advice = str(unknown).partition(": check")
        neither = f"{said}, and no run {what} {clean(short, _NAME)!r}"
        raise UnknownRunError(f"{neither}{sep}{advice}{hint}") from unknown
    if len(found) > 1:
        more = f", … ({len(found):,} in all)" if len(found) > SHOWN else ""
        raise SeveralRunsError(
            f"{clean(short, _NAME)!r} fits several runs: give the ID of one, "
            f"{', '.join(map(shown, found[:SHOWN]))}{more}"
        ) from unknown
    return found[0]


def _of_name(adapter: Adapter, name: str, scope: Query, advance: Callable[[int, int | None], None]) -> list[Listing]:
    everyone = Query(scope.experiments, scope.everything, limit=SEARCHED)
    wanted = adapter.name_filter(name) if isinstance(adapter, FindsNames) else ""
    try:
        runs = list(_readable(adapter.list_runs(replace(everyone, filter=wanted)), advance))
    except QueryError:
        # Nobody knows what an older server makes of a name that holds half of its syntax.
        runs = list(_readable(adapter.list_runs(everyone), advance))
    return [run for run in runs if run.name == name]


def _of_beginning(
    adapter: Adapter, begin: str, scope: Query, advance: Callable[[int, int | None], None]
) -> list[Listing]:
    query = Query(scope.experiments, scope.everything, limit=SEARCHED)
    return [x for x in _readable(adapter.list_runs(query), advance) if x.id.rpartition("/")[2].startswith(begin)]


def _readable(runs: Iterable[Listing | Failure], advance: Callable[[int, int | None], None]) -> Iterable[Listing]:
    for number, run in enumerate(runs, 1):
        advance(number, None)
        if isinstance(run, Listing):
            yield run


def shown(run: Listing) -> str:
    """Write the id of a run, with its name and experiment as far as it has them."""
    about = ", ".join(clean(text, _NAME) for text in (run.name, run.experiment) if text)
    return f"{clean(run.id)} ({about})" if about else clean(run.id)
