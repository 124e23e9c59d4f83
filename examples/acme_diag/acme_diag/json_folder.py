"""A tracker: ``<folder>/<experiment>/<run>.json``, each the mapping that ``tracker_diag.Run.from_dict`` takes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tracker_diag.adapters import beside
from tracker_diag.adapters.base import (
    Diagnosis,
    Failure,
    Listing,
    Query,
    QueryError,
    Removal,
    TrackerError,
    UnknownRunError,
)
from tracker_diag.adapters.guard import guarded
from tracker_diag.adapters.locating import Asked, Location, Opening, Tracker
from tracker_diag.adapters.scope import chosen
from tracker_diag.core.foreign_files import MIB, read_file
from tracker_diag.core.run import ACTIVE, Run

LARGEST = 64 * MIB
"""Bytes of a run's file."""


class JsonFolder:
    """Runs in a folder; what is written about a run lies beside it, in ``<run>.diagnosis/``."""

    def __init__(self, root: Path, prefix: str) -> None:
        if not root.is_dir():
            raise TrackerError(f"{root} is no folder: give --tracking-uri a folder of experiments")
        self._root = root
        self._prefix = prefix

    def describe(self) -> str:
        """Name the folder."""
        return f"JSON files in {self._root}"

    def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
        """Runs in the scope, newest change first."""
        if query.filter:
            raise QueryError("runs in a folder take no filter: name the experiment")
        names = {name: name for name in self._experiments()}
        found: list[Listing | Failure] = [
            guarded(run_id, partial(self.find_run, run_id))
            for experiment in chosen(names, query)
            for run_id in self._ids(experiment)
        ]
        recent = [x for x in found if isinstance(x, Failure) or _is_recent(x, query.since)]
        yield from sorted(recent, key=_newest_first)[: query.limit]

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs; one that cannot be read comes as a Failure."""
        for run_id in ids:
            yield guarded(run_id, partial(self._run, run_id))

    def find_run(self, run_id: str) -> Listing:
        """One run, with the tags of its diagnosis."""
        run = self._run(run_id)
        return Listing(
            id=run_id,
            experiment=run_id.partition("/")[0],
            name=run.name,
            status=run.status,
            start_time=run.start_time,
            end_time=run.end_time,
            tags=run.tags,
            params=run.params,
            latest={n: (float(s.steps[-1]), float(s.values[-1])) for n, s in run.metrics.items() if len(s)},
        )

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        """Write a diagnosis beside the run, in place of an earlier one."""
        self._run(run_id)
        beside.write(self._root, f"{run_id}.diagnosis", diagnosis)
        return ""

    def remove(self, run_id: str) -> Removal:
        """Take away what was written."""
        self._run(run_id)
        return beside.remove(self._root, f"{run_id}.diagnosis")

    def link(self, listing: Listing) -> None:
        """Files have no page."""

    def close(self) -> None:
        """Nothing is held open."""

    def _experiments(self) -> set[str]:
        return {path.name for path in self._root.iterdir() if path.is_dir()}

    def _ids(self, experiment: str) -> list[str]:
        return sorted(f"{experiment}/{path.stem}" for path in (self._root / experiment).glob("*.json"))

    def _run(self, run_id: str) -> Run:
        experiment = run_id.partition("/")[0]
        # A run's id is data: it is looked for among what is there, and never made a path of.
        if experiment not in self._experiments() or run_id not in self._ids(experiment):
            raise UnknownRunError(f"no run {run_id!r}: a run is named experiment/run")
        run = Run.from_dict({**json.loads(read_file(self._root / f"{run_id}.json", LARGEST)), "id": run_id})
        written = beside.read(self._root, f"{run_id}.diagnosis")
        return replace(run, tags={**run.tags, **{self._prefix + name: value for name, value in written.items()}})


def _newest_first(found: Listing | Failure) -> tuple[bool, float]:
    if isinstance(found, Failure):
        return False, -math.inf
    return found.status not in ACTIVE, -(found.end_time or found.start_time or 0.0)


def _is_recent(listing: Listing, since: float | None) -> bool:
    last = max(listing.start_time or 0.0, listing.end_time or 0.0)
    return since is None or listing.status in ACTIVE or last > since


def locate(asked: Asked) -> Location | None:
    """Runs are ours where the user says so: a folder alone may be anybody's."""
    return Location("json-folder", asked.run or None, asked.uri or ".") if asked.certain else None


def open_location(where: Location, opening: Opening) -> JsonFolder:
    """Open the folder that ``--tracking-uri`` names."""
    return JsonFolder(Path(where.uri or "."), opening.prefix)


TRACKER = Tracker(
    title="JSON files",
    forms="experiment/run, with --tracker json-folder --tracking-uri FOLDER",
    locate=locate,
    open=open_location,
    policy=beside.POLICY,
)
