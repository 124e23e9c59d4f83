"""Which runs: asked for, never assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker_diag.cli.errors import UsageError

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Query

NAMED = 5
"""Experiments that a sentence names; more are counted."""


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
        raise UsageError("no runs selected: add --experiment NAME, --project NAME or --all")
    if names and everything:
        raise UsageError("--all cannot be combined with --experiment or --project")
    return Query(experiments=names, everything=everything, since=since, filter=filter, limit=limit)


def where(experiment: list[str] | None, project: list[str] | None) -> str:
    """Say where runs were looked for: ``in experiment vision``, ``in experiments a, b``, ``in any experiment``.

    Parameters
    ----------
    experiment, project : list of str or None
        What ``--experiment`` and ``--project`` say; neither: ``--all``.
    """
    from tracker_diag.core.outgoing import clean

    parts = []
    for kind, names in (("experiment", experiment or ()), ("project", project or ())):
        if names:
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            listed = ", ".join(clean(name, 80) for name in names[:NAMED])
            patterns = any(set(name) & set("*?[") for name in names)
            nouns = f"{kind}s matching" if patterns else f"{kind}s" if len(names) > 1 else kind
            parts.append(f"in {nouns} {listed}{more}")
    return " and ".join(parts) or "in any experiment"
