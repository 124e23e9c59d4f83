"""Ctrl-C and SIGTERM end a sweep in order; a second Ctrl-C ends it at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from tracker_diag.cli.errors import INTERRUPTED


def _leave_now() -> NoReturn:
    # Whatever is under way may be cut off: a run without its fingerprint is done again by the next sweep. An orderly
    # end would wait for requests that a server does not answer.
    show_cursor = "\x1b[?25h" if sys.stderr.isatty() else ""
    os.write(sys.stderr.fileno(), f"{show_cursor}interrupted\n".encode())
    os._exit(INTERRUPTED)


@contextmanager
def stopping(*, quiet: bool) -> Iterator[tuple[threading.Event, list[int]]]:
    """Let Ctrl-C and SIGTERM end the block after the runs in hand; a second Ctrl-C ends it at once."""
    stop = threading.Event()
    signals: list[int] = []

    def end(number: int, _: object) -> None:
        signals.append(number)
        stop.set()
        if signals.count(signal.SIGINT) > 1:
            _leave_now()
        if not quiet and len(signals) == 1:
            again = "; press Ctrl-C again to stop at once" if number == signal.SIGINT else ""
            # Not print: a handler may find the buffer of stderr in use.
            os.write(sys.stderr.fileno(), f"finishing the runs in progress{again}\n".encode())

    old = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop, signals
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
