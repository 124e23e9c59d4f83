"""Which runs: asked for, never assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker_diag.cli.errors import UsageError

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Query


def query_of(
    experiment: list[str] | None,
    project: list[str] | None,
    everything: bool,
    *,
    since: float | None = None,
    filter: str = "",
    limit: int | None = None,
) -> Query:
    """Tell the runs that the options mean.

    Parameters
    ----------
    experiment, project : list of str or None
        What ``--experiment`` and ``--project`` say.
    everything : bool
        Whether ``--all`` is given.
    since : float, optional
        Seconds since the epoch.
    filter : str
        What ``--filter`` says.
    limit : int, optional
        What ``--limit`` says.

    Raises
    ------
    UsageError
        If no scope, or a contradictory one, is given.
    """
    from tracker_diag.adapters.base import Query

    names = (*(experiment or ()), *(project or ()))
    if not names and not everything:
        raise UsageError("which runs? name them with --experiment or --project, or say --all")
    if names and everything:
        raise UsageError("--all goes without --experiment and --project")
    return Query(experiments=names, everything=everything, since=since, filter=filter, limit=limit)
