"""The work runs on a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tracker_diag.core.version import __version__
from tracker_diag.sweeping.executors import EngineError, Pooled

DASK_TIMEOUT = 10.0
"""Seconds until a scheduler that does not answer is given up."""


@contextmanager
def cluster(workers: int, scheduler: str | None) -> Iterator[Pooled]:
    """A Dask cluster: the one of a scheduler, or one that is started on this machine and ends with the block.

    Raises
    ------
    EngineError
        If Dask is not installed, its scheduler cannot be reached or has no workers, or these have another version.
    """
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
            raise EngineError(
                f"no Dask scheduler answers at {scheduler} ({type(error).__name__}): check --scheduler"
            ) from None
        except ImportError:
            raise EngineError(f"the Dask workers cannot import tracker_diag: install {__version__} there") from None
        others = sorted(set(versions.values()) - {__version__})
        if others:
            raise EngineError(
                f"the Dask workers have tracker_diag {', '.join(others)}, not {__version__}: install that version there"
            )
        if not versions:
            raise EngineError(f"the Dask scheduler at {scheduler} has no workers: start some first")
        width = sum(client.nthreads().values())
        yield Pooled(width, stack.enter_context(client.get_executor()))


def _version() -> str:
    return __version__
