"""Who is told what happens during a sweep."""

from __future__ import annotations

from typing import Protocol

from tracker_diag.adapters.base import Failure
from tracker_diag.sweeping.result import Row


class Watcher(Protocol):
    """Who is told what happens, as it happens: a progress bar, a log."""

    def listed(self, due: int, unchanged: int) -> None:
        """Take note that all runs are listed."""

    def done(self, row: Row) -> None:
        """Take note of a run that is diagnosed and, unless this is a dry run, written."""

    def failed(self, failure: Failure) -> None:
        """Take note of a run that could not be read, diagnosed or written."""


class Silent:
    """A watcher that tells nobody."""

    def listed(self, due: int, unchanged: int) -> None:
        """Tell nobody."""

    def done(self, row: Row) -> None:
        """Tell nobody."""

    def failed(self, failure: Failure) -> None:
        """Tell nobody."""
