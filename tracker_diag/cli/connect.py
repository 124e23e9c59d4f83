"""From what the user typed to an adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tracker_diag.cli.console import hush

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter
    from tracker_diag.adapters.locating import Location


def place(tracker: str | None, uri: str | None, projects: tuple[str, ...] = (), run_id: str = "") -> Location:
    """Tell which tracker is meant, and where; nothing is looked up.

    Parameters
    ----------
    tracker, uri : str or None
        What ``--tracker`` and ``--tracking-uri`` say.
    projects : tuple of str
        What ``--project`` says.
    run_id : str
        What ``--run-id`` says.

    Raises
    ------
    LocationError
        If there is no such tracker, or the run's name has no form that is known.
    """
    from tracker_diag.adapters.locating import Asked
    from tracker_diag.adapters.registry import locate
    from tracker_diag.core.outgoing import keep_secret

    for typed in (uri or "", run_id):
        keep_secret(typed)
    return locate(Asked(run_id, uri, projects), tracker)


@contextmanager
def connected(where: Location, prefix: str, *, annotate: bool = False) -> Iterator[Adapter]:
    """Open the tracker of a location, and close it after the block.

    Raises
    ------
    LocationError
        If log segments are asked for where there are no W&B logs.
    TrackerError
        If it cannot be reached, or refuses.
    """
    from tracker_diag.adapters.locating import Opening
    from tracker_diag.adapters.registry import open_tracker
    from tracker_diag.rules.verdicts import verdicts

    hush()
    adapter = open_tracker(where, Opening(prefix, verdicts(), annotate))
    try:
        yield adapter
    finally:
        adapter.close()
