"""A tracker in memory: for tests and notebooks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
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
from tracker_diag.adapters.overviews import EXPERIMENT, Publication, is_overview, listed, marks
from tracker_diag.adapters.scope import chosen
from tracker_diag.core import own, section
from tracker_diag.core.controlled import is_ours
from tracker_diag.core.run import Run, Series

_OURS = tuple(f"{own.FOLDER}/{name}" for name in own.REPORTS)
_POLICY = own.TagPolicy(longest=5000)


class MemoryAdapter:
    """Runs held in a dictionary.

    Parameters
    ----------
    runs : iterable of Run
        Those to begin with.
    experiment : str
        The one they lie in; :meth:`add` puts runs into others.
    prefix : str
        Of the tags that are ours.

    Attributes
    ----------
    runs : dict of str to Run
        By id, with their tags as they are now.
    artifacts : dict of str to (dict of str to bytes)
        Run id to path to content.
    descriptions : dict of str to str
        Run id to what people wrote about the run.
    """

    def __init__(self, runs: Iterable[Run] = (), experiment: str = "memory", prefix: str = "diag.") -> None:
        self.runs: dict[str, Run] = {}
        self.artifacts: dict[str, dict[str, bytes]] = {}
        self.descriptions: dict[str, str] = {}
        self._experiments: dict[str, str] = {}
        self._prefix = prefix
        for run in runs:
            self.add(run, experiment)

    def add(self, run: Run, experiment: str = "memory") -> None:
        """Put a run into an experiment, in place of an earlier one with that id."""
        self.runs[run.id] = run
        self._experiments[run.id] = experiment

    def describe(self) -> str:
        """Name it."""
        return f"{len(self.runs)} runs in memory"

    def list_runs(self, query: Query) -> Iterator[Listing]:
        """List runs; a filter is not understood."""
        if query.filter.strip():
            raise QueryError("runs in memory cannot be filtered: leave the filter out")
        experiments = {name: name for name in self._experiments.values()}
        wanted = chosen(experiments, query)
        runs = [run for run in self.runs.values() if self._experiments[run.id] in wanted and _changed(run, query.since)]
        return iter([self._listing(run) for run in sorted(runs, key=_recency)][: query.limit])

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs."""
        return (self.runs.get(run_id) or Failure(run_id, "no such run, or it was deleted") for run_id in ids)

    def find_run(self, run_id: str) -> Listing:
        """Find one run by its id."""
        return self._listing(self._get(run_id))

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        """Write a diagnosis."""
        run = self._get(run_id)
        ours = own.owned(run.tags, self._prefix)
        new = _POLICY.as_written(diagnosis.tags) | {own.FINGERPRINT: diagnosis.fingerprint}
        tags = {key: value for key, value in run.tags.items() if key not in ours}
        tags |= {self._prefix + name: value for name, value in new.items()}
        self._clear(run_id)
        files = {f"{own.FOLDER}/{name}": content for name, content in diagnosis.artifacts.items()}
        self.artifacts[run_id] = {**self.artifacts.get(run_id, {}), **files}
        if diagnosis.note is not None:
            self._describe(run_id, section.with_section(self.descriptions.get(run_id, ""), diagnosis.note))
        self.runs[run_id] = replace(run, tags=tags)
        return ""

    def remove(self, run_id: str) -> Removal:
        """Take away what was written."""
        run = self._get(run_id)
        ours = own.owned(run.tags, self._prefix)
        self.runs[run_id] = replace(run, tags={key: value for key, value in run.tags.items() if key not in ours})
        before = self.descriptions.get(run_id, "")
        after = section.without_section(before)
        self._describe(run_id, after)
        edited = section.state(before) is section.State.EDITED
        left = ("the section in the description, because somebody has edited it",) if edited else ()
        return Removal(len(ours), self._clear(run_id), left, notes=int(after != before))

    def delete_control(self, run_id: str) -> bool:
        """Delete a run that a control made."""
        if not is_ours(self._get(run_id).tags):
            return False
        del self.runs[run_id], self._experiments[run_id]
        self.artifacts.pop(run_id, None)
        return True

    def publish(self, publication: Publication) -> str:
        """Store the overview of an experiment."""
        tags = marks(publication.experiment, self._prefix)
        run = next(
            iter(self._overviews({publication.experiment})), Run(f"overview of {publication.experiment}", tags=tags)
        )
        before = {name: [*zip(series.steps, series.values, strict=True)] for name, series in run.metrics.items()}
        step = max((series.steps[-1] + 1 for series in run.metrics.values()), default=0.0)
        figures = dict.fromkeys(before, 0.0) | dict(publication.figures)
        points = {name: [*before.get(name, ()), (step, value)] for name, value in figures.items()}
        metrics = {name: Series.from_points(name, *zip(*rows, strict=True)) for name, rows in points.items()}
        self.add(replace(run, metrics=metrics), EXPERIMENT)
        self.artifacts[run.id] = {f"{own.FOLDER}/{name}": content for name, content in publication.files.items()}
        return run.id

    def overviews(self, experiments: Collection[str] | None) -> tuple[str, ...]:
        """List the runs that hold overviews."""
        return listed(self, self._prefix, experiments)

    def withdraw(self, experiments: Collection[str] | None) -> int:
        """Delete the runs that hold overviews."""
        found = self._overviews(experiments)
        for run in found:
            del self.runs[run.id], self._experiments[run.id]
            self.artifacts.pop(run.id, None)
        return len(found)

    def link(self, listing: Listing) -> None:
        """There is no address."""
        del listing

    def close(self) -> None:
        """Nothing is kept open."""

    def _overviews(self, experiments: Collection[str] | None) -> list[Run]:
        lying = [run for run in self.runs.values() if self._experiments[run.id] == EXPERIMENT]
        return [run for run in lying if is_overview(run.tags, self._prefix, experiments)]

    def _get(self, run_id: str) -> Run:
        try:
            return self.runs[run_id]
        except KeyError:
            raise UnknownRunError(f"no run {run_id!r} in memory: check the ID") from None

    def _describe(self, run_id: str, text: str) -> None:
        self.descriptions[run_id] = text
        if not text:
            del self.descriptions[run_id]

    def _clear(self, run_id: str) -> int:
        found = self.artifacts.get(run_id, {})
        kept = {path: content for path, content in found.items() if path not in _OURS}
        self.artifacts[run_id] = kept
        return len(found) - len(kept)

    def _listing(self, run: Run) -> Listing:
        return Listing(
            id=run.id,
            experiment=self._experiments[run.id],
            name=run.name,
            status=run.status,
            start_time=run.start_time,
            end_time=run.end_time,
            tags=run.tags,
            params=run.params,
            latest={name: _last(series) for name, series in run.metrics.items() if len(series)},
            digests=tuple(sorted(str(item.get("digest")) for item in run.datasets)),
            description=self.descriptions.get(run.id, ""),
        )


def _last(series: Series) -> tuple[float, float]:
    return float(series.steps[-1]), float(series.values[-1])


def _changed(run: Run, since: float | None) -> bool:
    return since is None or run.active or max(run.start_time or 0.0, run.end_time or 0.0) > since


def _recency(run: Run) -> tuple[bool, float, str]:
    time = run.start_time if run.active or run.end_time is None else run.end_time
    return (not run.active, -(time or 0.0), run.id)
