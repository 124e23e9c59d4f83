"""Where the work runs, as a sweep is asked: this process, others of this machine, or Dask."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tracker_diag.sweeping.dask import cluster
from tracker_diag.sweeping.executors import Engine, EngineError
from tracker_diag.sweeping.local import Here, processes

ENGINES = ("local", "dask")
POOL_PAYS_FROM = 100
"""Calls; fewer take less time here than two processes take to start. See docs/how-it-works/performance.md."""


def check_engine(name: str, scheduler: str | None) -> None:
    """Refuse an engine that does not exist, or a scheduler that the engine does not take."""
    if name not in ENGINES:
        raise EngineError(f"--engine {name}: choose {' or '.join(ENGINES)}")
    if scheduler is not None and name != "dask":
        raise EngineError("--scheduler needs --engine dask")


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
        with cluster(workers, scheduler) as engine:
            yield engine
    elif workers < 2 or calls < POOL_PAYS_FROM:
        yield Here()
    else:
        with processes(workers) as engine:
            yield engine


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
