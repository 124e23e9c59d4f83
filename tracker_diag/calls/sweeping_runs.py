"""``sweep``: the runs of experiments in a tracker, diagnosed and written to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tracker_diag.adapters.base import Failure, Query
from tracker_diag.adapters.locating import Asked, Opening
from tracker_diag.adapters.registry import locate, open_tracker
from tracker_diag.calls.chosen_settings import chosen
from tracker_diag.calls.showing import shown
from tracker_diag.core.outgoing import keep_secret
from tracker_diag.sweeping.plan import Plan
from tracker_diag.sweeping.spans import seconds

if TYPE_CHECKING:
    from tracker_diag.settings.settings import Settings
    from tracker_diag.sweeping.result import Row, Swept


@dataclass(slots=True)
class _Told:
    """Moves a progress bar on."""

    advance: Callable[[int, int | None], None]
    total: int | None = None
    runs: int = field(default=0)

    def listed(self, due: int, unchanged: int) -> None:
        self.total = due
        self.advance(0, due)

    def done(self, row: Row) -> None:
        self._another()

    def failed(self, failure: Failure) -> None:
        self._another()

    def _another(self) -> None:
        self.runs += 1
        self.advance(self.runs, self.total)


def sweep(
    experiment: str | Sequence[str] = (),
    *,
    project: str | Sequence[str] = (),
    everything: bool = False,
    tracker: str | None = None,
    tracking_uri: str | None = None,
    since: timedelta | str | None = None,
    filter: str = "",
    limit: int | None = None,
    force: bool = False,
    dry_run: bool = False,
    note: bool = False,
    settings: Settings | Mapping[str, Any] | None = None,
) -> Swept:
    """Diagnose the runs of experiments that are new or have changed, and write the answers onto them.

    The arguments are the options of the command ``tracker-diag sweep``; its ``--all`` is ``everything=True``. It writes
    unless ``dry_run=True``. The scope is asked for, never assumed. A progress bar appears after two seconds, on a
    terminal or in a notebook.

    Parameters
    ----------
    experiment : str or sequence of str
        Names or patterns (``vision-*``) of MLflow's experiments.
    project : str or sequence of str
        ``entity/project`` on W&B.
    everything : bool
        Every experiment that can be seen, in place of these two.
    tracker : str, optional
        Its name, where the address does not tell.
    tracking_uri : str, optional
        Server, database or folder; by default what the tracker's own environment says.
    since : timedelta or str, optional
        Only runs that changed so long ago at most: ``"24h"``, ``"7d"``.
    filter : str
        In the tracker's own syntax.
    limit : int, optional
        At most so many runs, newest first.
    force : bool
        Diagnose also what has not changed.
    dry_run : bool
        Write nothing.
    note : bool
        Also write a section into each run's description.
    settings : Settings or mapping, optional
        Defaults where absent; a mapping holds what a file of settings does.

    Returns
    -------
    Swept
        What was found; ``to_frame()`` gives the runs as a table. Runs that failed are in ``failures``, and ``error``
        says why a sweep ended early.

    Raises
    ------
    ValueError
        If no scope, or a contradictory one, is given, or the address has no form that is known.
    TrackerError
        If the tracker cannot be reached, refuses, or has no such experiment.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tracker_diag import sweep
    >>> Path("mlruns/0").mkdir(parents=True)
    >>> swept = sweep(everything=True, tracking_uri="mlruns", dry_run=True)
    >>> len(swept.rows), list(swept.to_frame().columns[:5])
    (0, ['id', 'name', 'experiment', 'link', 'verdict'])
    """
    from tracker_diag.rules.verdicts import verdicts
    from tracker_diag.sweeping.sweep import sweep as sweep_once

    named = (*_names(experiment), *_names(project))
    if not named and not everything:
        raise ValueError("no runs selected: give experiment=, project= or everything=True")
    if named and everything:
        raise ValueError("everything=True cannot be combined with experiment= or project=")
    begin = None if since is None else time.time() - _seconds(since)
    own = chosen(settings)
    if note:
        own = own.model_copy(update={"note": True})
    keep_secret(tracking_uri or "")
    where = locate(Asked("", tracking_uri, _names(project)), tracker)
    plan = Plan(Query(named, everything, begin, filter, limit), own, not dry_run, force)
    adapter = open_tracker(where, Opening(own.prefix, verdicts()))
    try:
        with shown("diagnosing") as advance:
            return sweep_once(adapter, plan, _Told(advance))
    finally:
        adapter.close()


def _seconds(since: timedelta | str) -> float:
    if isinstance(since, timedelta):
        return since.total_seconds()
    if not isinstance(since, str):
        raise TypeError(f"since: give a timedelta or a text such as '24h', not {type(since).__name__}")
    try:
        return seconds(since)
    except ValueError as error:
        raise ValueError(f"since: {error}") from None


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
