"""A progress bar for calls that would be too slow without one, on a terminal or in a notebook."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_AFTER = 2.0
"""Seconds after which progress is shown."""


@contextmanager
def shown(description: str, console: Console | None = None) -> Iterator[Callable[[int, int | None], None]]:
    """Open a progress bar; gives what is told how much is done, and of how much where that is known.

    Parameters
    ----------
    description : str
        What is going on.
    console : Console, optional
        Where it is drawn, if that is a terminal; by default on stderr, or in the notebook.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = console or Console(stderr=True, highlight=False, markup=False, emoji=False)
    # In a notebook rich draws with ipywidgets, and warns where they are not installed.
    seen = find_spec("ipywidgets") is not None if console.is_jupyter else console.is_terminal
    progress = Progress(console=console, transient=True, disable=not seen)
    task = progress.add_task(description, total=None)
    begin = time.monotonic()

    def advance(done: int, total: int | None) -> None:
        progress.update(task, completed=done, total=total)
        if time.monotonic() - begin > SHOWN_AFTER:
            progress.start()

    try:
        yield advance
    finally:
        # Stopped before it was started, it would leave an empty line.
        if progress.live.is_started:
            progress.stop()
