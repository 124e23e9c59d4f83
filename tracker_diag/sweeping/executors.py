"""The protocol of all engines, and the engine of threads. Queues and scheduling are left to the libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WRITERS = 8
"""Threads that write: they keep a server of the usual four workers busy, and share the commits of a database."""


class EngineError(Exception):
    """An engine that cannot be used; one line that says what to do."""


class WorkerLostError(Exception):
    """The worker of this call died, and the one that tried it again."""


class Engine(Protocol):
    """Runs calls elsewhere. The results do not depend on where."""

    width: int
    """How many calls run at a time."""

    def submit(self, function: Callable[[T], R], item: T) -> Future[R]:
        """Start one call."""

    def recover(self, function: Callable[[T], R], item: T) -> R:
        """Do a call again whose worker died.

        Raises
        ------
        WorkerLostError
            If its worker dies again.
        """


@dataclass
class Pooled:
    """Threads, or a Dask cluster, whose scheduler gives the work of a dead worker to others by itself."""

    width: int
    pool: Executor

    def submit(self, function: Callable[[T], R], item: T) -> Future[R]:
        """Start one call."""
        return self.pool.submit(function, item)

    def recover(self, function: Callable[[T], R], item: T) -> R:
        """Give up: the scheduler has tried several workers already."""
        raise WorkerLostError("the Dask workers that diagnosed it died, or their scheduler did")


@contextmanager
def threads(width: int) -> Iterator[Engine]:
    """Threads, for calls that wait for a tracker."""
    with ThreadPoolExecutor(width, thread_name_prefix="tracker-diag-write") as pool:
        yield Pooled(width, pool)
