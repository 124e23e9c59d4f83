"""How far a call has come, and whether it still goes on: told by the thread that does it, read by the server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from tracker_diag.adapters.base import Failure
from tracker_diag.sweeping.result import Row


class CalledOffError(BaseException):
    """Nobody waits for the answer any more. No ``Exception``: what goes wrong with a run is caught and noted there."""


@dataclass
class Course:
    """The course of one call; also the watcher of its sweep.

    Attributes
    ----------
    stop : threading.Event
        Set once the call is called off.
    reached, of : int, int or None
        Runs that are done, and of how many; None where nobody knows.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    reached: int = 0
    of: int | None = None

    def advance(self, reached: int, of: int | None) -> None:
        """Take note of how far it has come.

        Raises
        ------
        CalledOffError
            If it is called off.
        """
        if self.stop.is_set():
            raise CalledOffError
        self.reached, self.of = reached, of

    def listed(self, due: int, unchanged: int) -> None:
        """Take note that all runs are listed."""
        self.of = due

    def done(self, row: Row) -> None:
        """Take note of a run that is diagnosed."""
        self.reached += 1

    def failed(self, failure: Failure) -> None:
        """Take note of a run that failed."""
        self.reached += 1
