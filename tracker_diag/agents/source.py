"""The one tracker that a server reads: chosen when it was started, and by no argument of a tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tracker_diag.adapters import named, registry
from tracker_diag.adapters.base import Adapter, Listing, Query, UnknownRunError
from tracker_diag.adapters.locating import Asked, Location, LocationError, Opening
from tracker_diag.adapters.registry import locate, open_tracker
from tracker_diag.agents.arguments import Scope
from tracker_diag.agents.quoting import quote
from tracker_diag.settings.settings import Settings


class RefusedError(Exception):
    """What was asked for cannot be done; one line that says what to ask for instead."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a server reads.

    Attributes
    ----------
    where : Location
        The tracker.
    projects : tuple of str
        The scope of a call that names none.
    settings : callable
        Reads the settings: a file that was mended counts from the next call on.
    verdicts : frozenset of str
        What a diagnosis may have written as a verdict.
    """

    where: Location
    projects: tuple[str, ...]
    settings: Callable[[], Settings]
    verdicts: frozenset[str]

    @contextmanager
    def opened(self, settings: Settings) -> Iterator[Adapter]:
        """Open the tracker, and close it after the block.

        Raises
        ------
        TrackerError
            If it cannot be reached, or refuses.
        """
        adapter = open_tracker(self.where, Opening(settings.prefix, self.verdicts))
        try:
            yield adapter
        finally:
            adapter.close()

    def location(self, text: str) -> Location:
        """Tell where a run is by what names it. Of an address only the id counts: no other host is ever asked.

        Raises
        ------
        LocationError
            If it has no form of this tracker, or is a file.
        """
        if self.where.folder is not None:
            return replace(self.where, run_id=text)
        found: Location | None
        try:
            found = locate(Asked(text, self.where.uri, self.projects), self.where.tracker)
        except LocationError:
            found = None
        if found is None or found.run_id is None or found.folder is not None:
            raise LocationError(
                f"'{quote(text, 200)}' is not the name of a run: give {registry.find(self.where.tracker).forms}"
            )
        return found

    def query(self, scope: Scope, *, since: float | None = None, limit: int | None = None) -> Query:
        """Tell the runs that the arguments of a tool mean.

        Raises
        ------
        RefusedError
            If they give no scope, or two.
        """
        if scope.experiments and scope.everything:
            raise RefusedError("everything cannot be combined with experiments: leave one out")
        names = () if scope.everything else tuple(scope.experiments) or self.projects
        if not names and not scope.everything:
            raise RefusedError("no runs selected: name experiments, or set everything to true")
        return Query(names, scope.everything, since, scope.filter, limit)


def find(adapter: Adapter, where: Location, advance: Callable[[int, int | None], None]) -> Listing:
    """Find a run by its id, its name, or how its id begins.

    Parameters
    ----------
    adapter : Adapter
        The tracker.
    where : Location
        What :meth:`Source.location` gave.
    advance : callable
        Told how many runs have been looked at.

    Raises
    ------
    RefusedError
        If there is no such run.
    SeveralRunsError
        If there are several.
    TrackerError
        If the tracker cannot be read.
    """
    word = where.run_id or ""
    try:
        return named.find(adapter, word, where.project, advance)
    except named.SeveralRunsError:
        raise
    except UnknownRunError:
        # What the adapter advises speaks of options, which an agent cannot change.
        raise RefusedError(
            f"no run has the name or ID '{quote(word, 200)}', or an ID that begins with it (at least "
            f"{named.SHORTEST} characters): list_runs gives the IDs"
        ) from None
