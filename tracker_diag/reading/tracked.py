"""Runs of a tracker, named or held as an object of its own client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tracker_diag.adapters.locating import Asked, Location, Opening
from tracker_diag.adapters.registry import locate, open_tracker
from tracker_diag.core.outgoing import clean, keep_secret
from tracker_diag.core.run import Run
from tracker_diag.reading.file_format import ReadingError

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter

MOST_RUNS = 10_000


def located(text: str, tracking_uri: str | None) -> Location:
    """Tell where a run is that is named by its id or its address; nothing is looked up.

    Raises
    ------
    LocationError
        If the name has no form that is known.
    """
    for typed in (text, tracking_uri or ""):
        keep_secret(typed)
    return locate(Asked(text, tracking_uri))


@contextmanager
def opened(where: Location, prefix: str = Opening().prefix) -> Iterator[Adapter]:
    """Open a tracker, and close it after the block."""
    adapter = open_tracker(where, Opening(prefix))
    try:
        yield adapter
    finally:
        adapter.close()


def read_tracked(where: Location) -> tuple[Run, ...]:
    """Read the run of a location, or all its runs where it names none.

    Raises
    ------
    UnknownRunError
        If there is no such run.
    TrackerError
        If the tracker cannot be reached, refuses, or a run cannot be read.
    ReadingError
        If there is none, or there are too many.
    """
    from tracker_diag.adapters.base import Failure, Listing, Query, TrackerError
    from tracker_diag.adapters.guard import find_one, load_each

    with opened(where) as adapter:
        found: Iterable[Listing | Failure]
        if where.run_id:
            found = [find_one(adapter, where.run_id)]
        else:
            found = adapter.list_runs(Query(everything=True, limit=MOST_RUNS + 1))
        experiments = {one.id: one.experiment if isinstance(one, Listing) else "" for one in found}
        ids = list(experiments)
        if not ids:
            # A client writes a log block by block: that of a run that has just begun may not name it yet.
            raise ReadingError(f"{clean(adapter.describe())} holds no runs, or none that has logged anything yet")
        if len(ids) > MOST_RUNS:
            raise ReadingError(
                f"{clean(adapter.describe())} holds more than {MOST_RUNS:,} runs: use tracker_diag.sweep"
            )
        runs = {}
        for run in load_each(adapter, ids):
            if isinstance(run, Failure):
                raise TrackerError(f"run {clean(run.id)}: {run.reason}")
            runs[run.id] = replace(run, experiment=experiments.get(run.id) or run.experiment)
    missing = next((x for x in ids if x not in runs), None)
    if missing is not None:
        raise TrackerError(f"run {clean(missing)}: the tracker lists it but does not return it; try again")
    return tuple(runs[x] for x in ids)
