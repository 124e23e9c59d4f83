"""The work runs on this machine: in the thread that asks, or in processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from tracker_diag.sweeping.executors import WorkerLostError

T = TypeVar("T")
R = TypeVar("R")


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
                raise WorkerLostError(
                    "the process that diagnosed it died twice, perhaps for lack of memory: try fewer --workers"
                ) from None


@contextmanager
def processes(workers: int) -> Iterator[Processes]:
    """Start processes of this machine, which end with the block; what is not begun by then is not done."""
    engine = Processes(workers, _pool(workers))
    try:
        yield engine
    finally:
        engine.pool.shutdown(wait=True, cancel_futures=True)


def _pool(workers: int) -> ProcessPoolExecutor:
    # A fork of a process that has threads can deadlock; a fork server has none, and imports what the calls need once.
    if sys.platform == "win32" or "forkserver" not in multiprocessing.get_all_start_methods():
        return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin_worker)
    context = _ForkServer()
    context.set_forkserver_preload(["tracker_diag.sweeping.judge", "tracker_diag.engine", "tracker_diag.report.tags"])
    return ProcessPoolExecutor(workers, context, _begin_worker)


if sys.platform != "win32":

    class _Worker(multiprocessing.context.ForkServerProcess):
        """A process that its pool can end."""

        def terminate(self) -> None:
            # From Python 3.12 on, a pool that breaks waits for the workers that are left, and they ignore SIGTERM.
            self.kill()

    class _ForkServer(multiprocessing.context.ForkServerContext):
        """Makes such processes."""

        Process = _Worker


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
