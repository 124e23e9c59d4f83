"""A tracker in memory: for tests and notebooks."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tracker_diag.adapters.base import (
    Diagnosis,
    Failure,
    Listing,
    Query,
    QueryError,
    Removal,
    UnknownRunError,
)
from tracker_diag.core.run import Run, Series

_FINGERPRINT = "fingerprint"
_USERS = ("ignore", "control")


class MemoryAdapter:
    """Runs held in a dictionary.

    Parameters
    ----------
    runs : iterable of Run
    experiment : str
        The one they lie in.
    prefix : str
        Of the tags that are ours.

    Attributes
    ----------
    runs : dict of str to Run
        By id, with their tags as they are now.
    artifacts : dict of str to (dict of str to bytes)
        Run id to file name to content.
    """

    def __init__(self, runs: Iterable[Run] = (), experiment: str = "memory", prefix: str = "diag.") -> None:
        self.runs = {run.id: run for run in runs}
        self.artifacts: dict[str, dict[str, bytes]] = {}
        self._experiment = experiment
        self._prefix = prefix

    def describe(self) -> str:
        """Name it."""
        return f"{len(self.runs)} runs in memory"

    def list_runs(self, query: Query) -> Iterator[Listing]:
        """List runs; a filter is not understood."""
        if query.filter.strip():
            raise QueryError("runs in memory know no filter: leave it out")
        if not query.everything and not query.experiments:
            raise QueryError("no scope: name an experiment, or ask for all of them")
        for pattern in query.experiments:
            if not any(letter in pattern for letter in "*?[") and pattern != self._experiment:
                raise UnknownRunError(f"no experiment named {pattern!r}: the one in memory is {self._experiment!r}")
        chosen = query.everything or any(fnmatch.fnmatchcase(self._experiment, name) for name in query.experiments)
        runs = sorted((run for run in self.runs.values() if chosen and _changed(run, query.since)), key=_recency)
        return iter([self._listing(run) for run in runs][: query.limit])

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs."""
        return (self.runs.get(run_id) or Failure(run_id, "no such run, or it is deleted") for run_id in ids)

    def find_run(self, run_id: str) -> Listing:
        """Find one run by its id."""
        return self._listing(self._get(run_id))

    def write(self, run_id: str, diagnosis: Diagnosis) -> None:
        """Write a diagnosis."""
        run = self._get(run_id)
        new = {key: value for key, value in diagnosis.tags.items() if key not in _USERS}
        tags = {key: value for key, value in run.tags.items() if not self._ours(key)}
        tags |= {self._prefix + key: value for key, value in {**new, _FINGERPRINT: diagnosis.fingerprint}.items()}
        self.artifacts[run_id] = dict(diagnosis.artifacts)
        self.runs[run_id] = replace(run, tags=tags)

    def remove(self, run_id: str) -> Removal:
        """Take away what was written."""
        run = self._get(run_id)
        ours = [key for key in run.tags if self._ours(key)]
        self.runs[run_id] = replace(run, tags={key: value for key, value in run.tags.items() if key not in ours})
        return Removal(tags=len(ours), artifacts=len(self.artifacts.pop(run_id, {})))

    def link(self, listing: Listing) -> None:
        """There is no address."""
        del listing

    def close(self) -> None:
        """Nothing is kept open."""

    def _get(self, run_id: str) -> Run:
        try:
            return self.runs[run_id]
        except KeyError:
            raise UnknownRunError(f"no run {run_id!r} in memory: check the id") from None

    def _ours(self, key: str) -> bool:
        return key.startswith(self._prefix) and key.removeprefix(self._prefix) not in _USERS

    def _listing(self, run: Run) -> Listing:
        return Listing(
            id=run.id,
            experiment=self._experiment,
            name=run.name,
            status=run.status,
            start_time=run.start_time,
            end_time=run.end_time,
            tags=run.tags,
            params=run.params,
            latest={name: _last(series) for name, series in run.metrics.items() if len(series)},
            digests=tuple(sorted(str(item.get("digest")) for item in run.datasets)),
        )


def _last(series: Series) -> tuple[float, float]:
    return float(series.steps[-1]), float(series.values[-1])


def _changed(run: Run, since: float | None) -> bool:
    return since is None or run.active or max(run.start_time or 0.0, run.end_time or 0.0) > since


def _recency(run: Run) -> tuple[bool, float, str]:
    time = run.start_time if run.active or run.end_time is None else run.end_time
    return (not run.active, -(time or 0.0), run.id)
