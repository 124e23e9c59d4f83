"""What the answers of the controls share: their words, and the logged run that one may be compared with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracker_diag.controls.trial import resolved
from tracker_diag.core.numbers import figure
from tracker_diag.core.run import Run
from tracker_diag.roles.resolve import Roles


class Answer:
    """Prints what it says."""

    __slots__ = ()
    says: str

    def __str__(self) -> str:
        return self.says


def number(value: float) -> str:
    """Write a number with four digits."""
    return figure(value, 4)


def several(values: tuple[float, ...]) -> str:
    """Write numbers as their range."""
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"


def named(role: str, name: str) -> str:
    """Say which metric is meant: what it is, and its name where that says something else."""
    words = role.replace("train_", "training ").replace("val_", "validation ").replace("test_", "test ")
    return words if name.replace("_", " ") in (words, role.replace("_", " ")) else f"{words} ({name})"


def logged_roles(address: str) -> Roles:
    """Read the metrics of a logged run.

    Parameters
    ----------
    address : str
        As ``tracker-diag diagnose --run-id`` takes it.

    Raises
    ------
    LocationError
        If it names no run.
    TrackerError
        If the tracker has no such run, or cannot be reached.
    """
    from tracker_diag.adapters.base import Failure, Listing, Query, TrackerError, UnknownRunError
    from tracker_diag.adapters.locating import Asked, Opening
    from tracker_diag.adapters.mlflow.control_runs import tracking_uri
    from tracker_diag.adapters.registry import locate, open_tracker

    where = locate(Asked(address))
    if where.tracker == "mlflow" and where.uri is None:
        where = replace(where, uri=tracking_uri())
    adapter: Any = open_tracker(where, Opening())
    try:
        ids = [where.run_id]
        if where.run_id is None:
            ids = [each.id for each in adapter.list_runs(Query(everything=True)) if isinstance(each, Listing)]
        if len(ids) != 1:
            raise UnknownRunError(f"{address} holds {len(ids):,} runs: name one of them")
        (run,) = adapter.load_runs([adapter.find_run(ids[0]).id])
    finally:
        adapter.close()
    if isinstance(run, Failure):
        raise TrackerError(run.reason)
    assert isinstance(run, Run)
    return resolved(run)
