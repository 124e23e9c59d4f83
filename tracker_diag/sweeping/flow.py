"""Calls a function for many items at once, with a limit on how many are begun before their results are taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from tracker_diag.sweeping.executors import Engine

T = TypeVar("T")
R = TypeVar("R")

_END: Any = object()


def completed(
    engine: Engine, function: Callable[[T], R], items: Iterable[T], ahead: int | None = None
) -> Iterator[tuple[T, R | Exception]]:
    """Call a function for each item, and yield the item with what came of it.

    Parameters
    ----------
    engine : Engine
        Where the calls are made.
    function : callable
        Found by its name in another process, so one that a module defines.
    items : iterable
        What it is called with, one at a time.
    ahead : int, optional
        At most so many calls are under way; items are taken no faster than results are. Four a worker by default.

    Yields
    ------
    (item, result or exception)
        Each item once, in no particular order.
    """
    ahead = ahead or 4 * engine.width
    pending: dict[Future[R], T] = {}
    for item in items:
        pending[engine.submit(function, item)] = item
        if len(pending) >= ahead:
            wait(pending, return_when=FIRST_COMPLETED)
        for future in [f for f in pending if f.done()]:
            pair = _outcome(engine, function, pending.pop(future), future)
            yield pair
    while pending:
        for future in wait(pending, return_when=FIRST_COMPLETED).done:
            last = _outcome(engine, function, pending.pop(future), future)
            yield last


def read_ahead(items: Iterable[T], ahead: int) -> Iterator[T]:
    """Take items in a thread of their own, at most so many before they are asked for."""
    iterator = iter(items)
    thread = ThreadPoolExecutor(1, thread_name_prefix="tracker-diag-read")
    try:
        pending = deque(thread.submit(next, iterator, _END) for _ in range(ahead))
        while (item := pending.popleft().result()) is not _END:
            pending.append(thread.submit(next, iterator, _END))
            yield item
    finally:
        thread.shutdown(wait=True, cancel_futures=True)


def _outcome(engine: Engine, function: Callable[[T], R], item: T, future: Future[R]) -> tuple[T, R | Exception]:
    try:
        try:
            return item, future.result()
        except Exception as error:
            # Dask's own class goes by its name: importing it would bring Dask where it is not used.
            if isinstance(error, BrokenExecutor | CancelledError) or type(error).__name__ == "KilledWorker":
                return item, engine.recover(function, item)
            raise
    except Exception as error:  # noqa: BLE001 - the caller decides what an error of one item means
        return item, error
