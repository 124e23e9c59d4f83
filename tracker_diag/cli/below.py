"""The lines below an answer that say where it is to be seen."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter
    from tracker_diag.adapters.closing import Done

_log = logging.getLogger("tracker_diag")


def closing_lines(adapter: Adapter, done: Done) -> tuple[str, ...]:
    """Ask the tracker what a user should know at the end of what was written; the answers themselves are written."""
    from tracker_diag.adapters.base import TrackerError
    from tracker_diag.adapters.closing import Closing

    if not (done.ids or done.standing) or not isinstance(adapter, Closing):
        return ()
    try:
        return adapter.closing(done)
    except TrackerError as error:
        _log.warning("%s", error)
        return ()
