"""What a sweep is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracker_diag.adapters.base import Query
from tracker_diag.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep is asked to do.

    Attributes
    ----------
    query : Query
        Which runs.
    settings : Settings
        What is judged how, in every experiment.
    write : bool
        False for a dry run.
    force : bool
        Diagnose again what has not changed.
    narrowed : bool
        Whether rules were chosen for this sweep alone: then a diagnosis by all rules is not overwritten.
    engine : str
        ``local`` or ``dask``.
    workers : int or None
        Processes; the processors by default.
    scheduler : str or None
        Address of a Dask scheduler.
    """

    query: Query
    settings: Settings = field(default_factory=Settings)
    write: bool = True
    force: bool = False
    narrowed: bool = False
    engine: str = "local"
    workers: int | None = None
    scheduler: str | None = None
