"""From what the user typed to an adapter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tracker_diag.cli.console import hush
from tracker_diag.cli.errors import UsageError

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter
    from tracker_diag.adapters.locate import Location

TRACKERS = ("mlflow", "wandb")
_LOGS = ("*.wandb", "*run-*/*.wandb", "wandb/*run-*/*.wandb")


def place(tracker: str | None, uri: str | None, projects: tuple[str, ...] = (), run_id: str = "") -> Location:
    """Tell which tracker is meant, and where; nothing is looked up.

    Parameters
    ----------
    tracker : {"mlflow", "wandb"}, optional
        What ``--tracker`` says. Where it is silent, a project, the form of the run's name or a folder of W&B's logs
        mean W&B, anything else MLflow.
    uri : str, optional
        What ``--tracking-uri`` says.
    projects : tuple of str
        What ``--project`` says.
    run_id : str
        What ``--run-id`` says: an id, or an address copied from a browser.

    Raises
    ------
    UsageError, LocationError
        If there is no such tracker, or the run's name has no form that is known.
    """
    from tracker_diag.adapters.locate import Location, locate
    from tracker_diag.core.outgoing import keep_secret

    for typed in (uri or "", run_id):
        keep_secret(typed)
    if tracker is not None and tracker not in TRACKERS:
        raise UsageError(f"--tracker {tracker}: choose one of {', '.join(TRACKERS)}")
    folder = None if uri is None else uri.removeprefix("file://")
    if folder is not None and tracker != "mlflow" and _holds_logs(Path(folder)):
        return Location("wandb-offline", run_id or None, folder=folder)
    if "/" in run_id or ":" in run_id:
        found = locate(run_id, tracker)
        return Location(found.tracker, found.run_id, uri or found.uri, found.project, found.folder)
    wandb = tracker == "wandb" or (tracker is None and bool(projects))
    project = projects[0] if wandb and len(projects) == 1 else None
    return Location("wandb" if wandb else "mlflow", run_id or None, uri, project)


@contextmanager
def connected(where: Location, prefix: str, *, annotate: bool = False) -> Iterator[Adapter]:
    """Open the tracker of a location, and close it after the block.

    Raises
    ------
    UsageError
        If log segments are asked for where there are no W&B logs.
    TrackerError
        If it cannot be reached, or refuses.
    """
    hush()
    if annotate and where.folder is None:
        raise UsageError("--annotate is for folders of W&B logs: give one with --tracking-uri or --run-id")
    adapter = _open(where, prefix, annotate)
    try:
        yield adapter
    finally:
        adapter.close()


def _open(where: Location, prefix: str, annotate: bool) -> Adapter:
    if where.folder is not None:
        from tracker_diag.adapters.wandb import open_folder

        return open_folder(where.folder, annotate=annotate, prefix=prefix)
    if where.tracker == "wandb":
        from tracker_diag.adapters.wandb import connect as connect_wandb

        if where.uri is not None:
            os.environ["WANDB_BASE_URL"] = where.uri
        return connect_wandb(where.project, prefix)
    from tracker_diag.adapters.mlflow import connect as connect_mlflow

    return connect_mlflow(where.uri, prefix)


def _holds_logs(path: Path) -> bool:
    try:
        if path.suffix == ".wandb":
            return path.is_file()
        return path.is_dir() and any(next(path.glob(pattern), None) is not None for pattern in _LOGS)
    except OSError:  # an address of a server may be too long for a path
        return False
