"""A progress bar for what usually takes no time: it appears once that has taken a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHOWN_AFTER = 2.0
"""Seconds after which progress is shown."""


@contextmanager
def bar(description: str) -> Iterator[Callable[[int, int | None], None]]:
    """Open a progress bar on stderr; gives what is told how much is done, and of how much where that is known."""
    from rich.progress import Progress

    from tracker_diag.cli.console import stderr

    console = stderr()
    shown = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = shown.add_task(description, total=None)
    begin = time.monotonic()

    def advance(done: int, total: int | None) -> None:
        shown.update(task, completed=done, total=total)
        if time.monotonic() - begin > SHOWN_AFTER:
            shown.start()

    try:
        yield advance
    finally:
        # Stopped before it was started, it would leave an empty line.
        if shown.live.is_started:
            shown.stop()
