"""Where the work runs: this process, others of this machine, or Dask. Queues and scheduling are the libraries'."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from tracker_diag.core.version import __version__

T = TypeVar("T")
R = TypeVar("R")

ENGINES = ("local", "dask")
POOL_PAYS_FROM = 100
"""Calls; fewer take less time here than two processes take to start. See docs/performance.md."""
DASK_TIMEOUT = 10.0
"""Seconds until a scheduler that does not answer is given up."""
_END: Any = object()


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


class Here:
    """The thread that asks: what a few runs need."""

    width = 1

    def submit(self, function: Callable[[T], R], item: T) -> Future[R]:
        """Do the call now."""
        future: Future[R] = Future()
        try:
            future.set_result(function(item))
        except Exception as error:  # noqa: BLE001 - a future hands the error to whoever asks for its result
            future.set_exception(error)
        return future

    def recover(self, function: Callable[[T], R], item: T) -> R:
        """Do the call again."""
        return function(item)


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
        raise WorkerLostError("the workers that diagnosed it died, or their scheduler did")


@dataclass
class Processes:
    """Processes of this machine. One that dies breaks their pool: each call that was lost is done again, alone."""

    width: int
    pool: ProcessPoolExecutor

    def submit(self, function: Callable[[T], R], item: T) -> Future[R]:
        """Start one call, in a new pool where the last one broke."""
        try:
            return self.pool.submit(function, item)
        except BrokenExecutor:
            self.pool.shutdown(wait=False)
            self.pool = _pool(self.width)
            return self.pool.submit(function, item)

    def recover(self, function: Callable[[T], R], item: T) -> R:
        """Do the call alone in a new process, so that none fails but the one that kills its process."""
        with _pool(1) as alone:
            try:
                return alone.submit(function, item).result()
            except BrokenExecutor:
                raise WorkerLostError("the process that diagnosed it died twice; is there too little memory?") from None


def check_engine(name: str, scheduler: str | None) -> None:
    """Refuse an engine that does not exist, or a scheduler that the engine does not take."""
    if name not in ENGINES:
        raise EngineError(f"no engine {name!r}: there are {' and '.join(ENGINES)}")
    if scheduler is not None and name != "dask":
        raise EngineError("a scheduler's address goes with --engine dask")


@contextmanager
def open_engine(name: str, *, calls: int, workers: int | None = None, scheduler: str | None = None) -> Iterator[Engine]:
    """Start an engine, and end it with the block.

    Parameters
    ----------
    name : {"local", "dask"}
    calls : int
        How many there will be. Too few to pay for the start of processes are done here.
    workers : int, optional
        Processes at a time; by default the processors that this process may use.
    scheduler : str, optional
        Address of a Dask scheduler; without one, a cluster is started on this machine.

    Raises
    ------
    EngineError
        If there is no such engine, it is not installed, or its scheduler cannot be reached.
    """
    check_engine(name, scheduler)
    workers = workers or _processors()
    if name == "dask":
        with _dask(workers, scheduler) as engine:
            yield engine
    elif workers < 2 or calls < POOL_PAYS_FROM:
        yield Here()
    else:
        processes = Processes(workers, _pool(workers))
        try:
            yield processes
        finally:
            processes.pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def threads(width: int) -> Iterator[Engine]:
    """Threads, for calls that wait for a tracker."""
    with ThreadPoolExecutor(width, thread_name_prefix="tracker-diag-write") as pool:
        yield Pooled(width, pool)


def completed(
    engine: Engine, function: Callable[[T], R], items: Iterable[T], ahead: int | None = None
) -> Iterator[tuple[T, R | Exception]]:
    """Call a function for each item, and yield the item with what came of it.

    Parameters
    ----------
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


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pool(workers: int) -> ProcessPoolExecutor:
    # A fork of a process that has threads can deadlock; a fork server has none, and imports what the calls need once.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(
            ["tracker_diag.sweeping.judge", "tracker_diag.engine", "tracker_diag.report.tags"]
        )
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)


def _begin_worker() -> None:
    # Ctrl-C and a service manager's SIGTERM reach the whole group: the sweep itself decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    # A worker holds both ends of its queue: it would wait for ever for a parent that was killed.
    parent.join()
    os._exit(1)


@contextmanager
def _dask(workers: int, scheduler: str | None) -> Iterator[Engine]:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise EngineError("Dask is not installed: pip install 'tracker-diag[dask]'") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        address = scheduler
        if scheduler is None:
            address = stack.enter_context(LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None))
        try:
            client = stack.enter_context(Client(address, timeout=DASK_TIMEOUT, set_as_default=False))
            versions = client.run(_version)
        except (OSError, ValueError) as error:
            raise EngineError(f"no Dask scheduler answers at {scheduler}: {type(error).__name__}") from None
        except ImportError:
            raise EngineError(f"the Dask workers cannot import tracker_diag: install {__version__} there") from None
        others = sorted(set(versions.values()) - {__version__})
        if others:
            raise EngineError(
                f"the Dask workers have tracker_diag {', '.join(others)}, not {__version__}: install the same"
            )
        if not versions:
            raise EngineError(f"the Dask scheduler at {scheduler} has no workers")
        width = sum(client.nthreads().values())
        yield Pooled(width, stack.enter_context(client.get_executor()))


def _version() -> str:
    return __version__
