"""A progress bar for what usually takes no time: it appears once that has taken a while."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from tracker_diag.calls.showing import shown
from tracker_diag.cli.console import stderr


def bar(description: str) -> AbstractContextManager[Callable[[int, int | None], None]]:
    """Open a progress bar on stderr; gives what is told how much is done, and of how much where that is known."""
    return shown(description, stderr())
