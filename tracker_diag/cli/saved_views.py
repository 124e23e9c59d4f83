"""Saved views: made by ``sweep --view``, taken away by ``clean``."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tracker_diag.cli.errors import UsageError, complain

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter
    from tracker_diag.adapters.closing import Done
    from tracker_diag.adapters.views import Viewer

_log = logging.getLogger("tracker_diag")


def viewer_of(adapter: Adapter) -> Viewer:
    """Take an adapter as what saves views.

    Raises
    ------
    UsageError
        If its tracker has none.
    """
    from tracker_diag.adapters.views import Viewer

    if not isinstance(adapter, Viewer):
        raise UsageError(f"--view: {adapter.describe()} has no saved views; leave --view out")
    return adapter


def save_views(viewer: Viewer | None, experiments: Iterable[str]) -> tuple[str, ...]:
    """Save the view of each experiment; without a viewer nobody asked for one.

    The runs have their diagnoses by now, so what goes wrong here is told and ends nothing.

    Returns
    -------
    tuple of str
        Where each is, in one line.
    """
    from tracker_diag.adapters.base import TrackerError
    from tracker_diag.cli import watch

    if viewer is None:
        return ()
    lines = []
    for name in sorted(experiments):
        try:
            saved = viewer.save_view(name)
        except TrackerError as error:
            _log.warning("view of %s: %s", name, error)
            continue
        watch.event("view saved", of=name, link=saved.address or None, edited=saved.edited)
        left = "not updated, because somebody has changed it: " if saved.edited else ""
        lines.append(f"saved view of experiment '{name}': {left}{saved.address or saved.place}")
    return tuple(lines)


def first_look(adapter: Adapter, done: Done, prefix: str) -> tuple[str, ...]:
    """Say how to see the answer, where it is the first in this scope; a line, or none."""
    from tracker_diag.adapters.views import COLUMNS, Viewer

    if not (done.first and done.ids and isinstance(adapter, Viewer)):
        return ()
    columns = ", ".join(f"{prefix}{name}" for name in COLUMNS)
    return (
        f"To see the diagnoses in the tracker's list of runs, tick these columns: {columns}. "
        "Or add `--view` to save a view with these columns, or `--note` to write the diagnosis into each "
        "run's description.",
    )


def delete_views(viewer: Viewer, experiments: Iterable[str]) -> tuple[int, int]:
    """Delete the views of experiments; gives how many are gone, and how many could not be deleted."""
    from tracker_diag.adapters.base import TrackerError

    deleted = failed = 0
    for name in experiments:
        try:
            gone = viewer.delete_view(name)
        except TrackerError as error:
            complain(f"view of {name}: {error}")
            failed += 1
            continue
        deleted += gone
        if not gone:
            complain(f"kept the view of {name}, because somebody has changed it", label="")
    return deleted, failed
