"""An ``mlruns`` folder, as MLflow's file store left it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import (
    AwayError,
    Diagnosis,
    Failure,
    Listing,
    Query,
    Removal,
    TrackerError,
    UnknownRunError,
    UnusableStoreError,
)
from tracker_diag.adapters.guard import guarded
from tracker_diag.adapters.mlflow import control_runs, files, overview_run, page_address, view, writing
from tracker_diag.adapters.mlflow.artifact_address import at_address, local_root
from tracker_diag.adapters.mlflow.artifacts import Artifacts, LocalArtifacts
from tracker_diag.adapters.mlflow.extras import read_extras
from tracker_diag.adapters.mlflow.matching import Filter, Searchable, name_filter, read_filter
from tracker_diag.adapters.mlflow.meta import META, read_meta, text
from tracker_diag.adapters.mlflow.points import curves
from tracker_diag.adapters.mlflow.record import NAME_TAG, Record
from tracker_diag.adapters.overviews import Publication, listed
from tracker_diag.adapters.scope import chosen
from tracker_diag.adapters.views import SavedView
from tracker_diag.core.outgoing import redacted, well_formed
from tracker_diag.core.own import DESCRIPTION, VIEW
from tracker_diag.core.run import Run

_VIEW_FILE = f"tags/{VIEW}"


class FolderAdapter:
    """Runs of an ``mlruns`` folder: the files are read directly, tags are written as the file store would.

    Parameters
    ----------
    root : path
        The folder that holds the experiments' folders.
    prefix : str
        Of the tags that are ours.

    Raises
    ------
    TrackerError
        If there is no such folder.
    """

    def __init__(self, root: Path, prefix: str = "diag.") -> None:
        if not root.is_dir():
            raise TrackerError(f"no folder {redacted(str(root))}: check the tracking URI (MLFLOW_TRACKING_URI)")
        self._root = root
        self._prefix = prefix
        self._experiment_ids: dict[str, str] = {}

    def describe(self) -> str:
        """Name the folder."""
        return redacted(f"MLflow folder {self._root}")

    def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
        """List runs: those that still go first, then by the time they ended, newest first.

        A filter is tried run by run. Of an experiment that cannot be read not even the name is known: it is one
        failure, where the scope may mean it.
        """
        experiments, unreadable = self._experiments()
        wanted = chosen({folder.name: name for folder, name in experiments.items()}, query)
        condition = read_filter(query.filter)
        failures = unreadable if query.everything or any(set(x) & set("*?[") for x in query.experiments) else []
        found: dict[str, _Found] = {}
        for folder, name in experiments.items():
            if folder.name not in wanted:
                continue
            runs = guarded(folder.name, partial(files.run_folders, folder))
            if isinstance(runs, Failure):
                failures.append(runs)
                continue
            for run in runs:
                if run.name in found:
                    first = found[run.name].run.parent.name
                    reason = f"there is a run with that ID in {first} too, and that one is read"
                    failures.append(Failure(f"{folder.name}/{run.name}", reason))
                else:
                    found[run.name] = _Found(run, name, guarded(run.name, partial(_recency, run, query.since)))
        listed = sorted((entry for entry in found.values() if entry.recency is not None), key=_Found.key)
        return chain(failures, _listings(listed, condition, query.limit))

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs, one after the other."""
        return (guarded(run_id, partial(self._load, run_id)) for run_id in ids)

    def find_run(self, run_id: str) -> Listing:
        """Find one run by its id."""
        run, head = self._find(run_id)
        experiment = files.experiment_name(run.parent) or run.parent.name
        self._experiment_ids[experiment] = run.parent.name
        return files.record(run, head).listing(experiment)

    def name_filter(self, name: str) -> str:
        """Write the filter for runs of exactly this name."""
        return name_filter(name)

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        """Write a diagnosis."""
        return writing.write(_Target(*self._find(run_id)), diagnosis, self._prefix)

    def remove(self, run_id: str) -> Removal:
        """Take away what was written."""
        run, head = self._find(run_id)
        disk.remove_drafts(run)
        return writing.remove(_Target(run, head), self._prefix)

    def delete_control(self, run_id: str) -> bool:
        """Delete a run that a control made."""
        return control_runs.remove(run_id, str(self._root))

    def publish(self, publication: Publication) -> str:
        """Store the overview of an experiment."""
        return overview_run.publish(str(self._root), publication, self._prefix, self._place)

    def overviews(self, experiments: Collection[str] | None) -> tuple[str, ...]:
        """List the runs that hold overviews."""
        return listed(self, self._prefix, experiments)

    def withdraw(self, experiments: Collection[str] | None) -> int:
        """Delete the runs that hold overviews."""
        return overview_run.withdraw(str(self._root), experiments, self._prefix)

    def link(self, listing: Listing) -> None:
        """Without a server there is no address."""
        del listing

    def report_reference(self, run_id: str, experiment: str) -> str:
        """Give the address of a run's report, relative to the page that a server shows of the run."""
        return page_address.of_report(self._experiment_ids.get(experiment), run_id)

    def save_view(self, experiment: str) -> SavedView:
        """Save our view of an experiment."""
        return view.save(_ViewTag(self._root / self._experiment_ids[experiment]), experiment, self._prefix)

    def views(self, query: Query) -> tuple[str, ...]:
        """List the experiments that hold a view of ours."""
        experiments, _ = self._experiments()
        wanted = chosen({folder.name: name for folder, name in experiments.items()}, query)
        return tuple(name for key, name in wanted.items() if os.path.lexists(self._root / key / _VIEW_FILE))

    def delete_view(self, experiment: str) -> bool:
        """Delete our view of an experiment."""
        return view.delete(_ViewTag(self._root / self._experiment_ids[experiment]))

    def close(self) -> None:
        """Nothing is kept open."""

    def _place(self, address: str, run_id: str) -> Artifacts:
        """Where files of a run go, whatever its address says; MLflow makes new runs, and their files, in the folder."""
        del address
        run = files.find(self._root, run_id)
        return LocalArtifacts(self._root / run_id / "artifacts") if run is None else _artifacts(*self._find(run_id))

    def _experiments(self) -> tuple[dict[Path, str], list[Failure]]:
        """Experiments that are not deleted, by folder, with their names; and those that cannot be read."""
        try:
            folders = files.experiment_folders(self._root)
        except OSError as error:
            raise AwayError(f"{self._root} cannot be read: {error.strerror}; check its permissions") from None
        named = [(folder, guarded(folder.name, partial(files.experiment_name, folder))) for folder in folders]
        names = {folder: name for folder, name in named if isinstance(name, str)}
        self._experiment_ids = {name: folder.name for folder, name in names.items()}
        return names, [failure for _, failure in named if isinstance(failure, Failure)]

    def _load(self, run_id: str) -> Run | Failure:
        run = files.find(self._root, run_id)
        head = None if run is None else files.head(run)
        if run is None or head is None:
            return Failure(run_id, "no such run, or it was deleted")
        record = files.record(run, head)
        return record.run(curves(files.histories(run)), read_extras(_artifacts(run, head), record))

    def _find(self, run_id: str) -> tuple[Path, Record]:
        try:
            run = files.find(self._root, run_id)
        except OSError as error:
            raise AwayError(f"{self._root} cannot be read: {error.strerror}; check its permissions") from None
        if run is None:
            raise UnknownRunError(f"no run {run_id!r} in {self._root}: check the ID and the tracking URI")
        head = files.head(run)
        if head is None:
            raise UnknownRunError(f"run {run_id} is deleted: restore it with `mlflow runs restore --run-id {run_id}`")
        return run, head


class _Target:
    """One run of a folder, to be written to."""

    def __init__(self, run: Path, head: Record) -> None:
        self._run = run
        self._head = head

    def tags(self) -> Mapping[str, str]:
        return files.tags(self._run)

    def description(self) -> str:
        return files.tags(self._run).get(DESCRIPTION, "")

    def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
        for key in (*delete, *put):
            if key.startswith("/") or ".." in key.split("/"):
                raise TrackerError(f"{key!r} cannot be the name of a tag: use another prefix")
        with _refusals():
            disk.delete_files(self._run, [f"tags/{key}" for key in delete], keep="tags")
            # A draft among the tags would be a tag to whoever reads now.
            new = {f"tags/{key}": well_formed(value).encode() for key, value in put.items()}
            disk.write_files(self._run, new, drafts_in_root=True)

    def artifacts(self) -> Artifacts:
        return _artifacts(self._run, self._head)

    def store(self) -> str:
        return self._head.artifact_uri


class _ViewTag:
    """The tag of an experiment that holds our view."""

    def __init__(self, experiment: Path) -> None:
        self._experiment = experiment

    def read(self) -> str:
        with _refusals():
            return files.tags(self._experiment).get(VIEW, "")

    def write(self, value: str) -> None:
        with _refusals():
            disk.write_files(self._experiment, {_VIEW_FILE: value.encode()}, drafts_in_root=True)

    def delete(self) -> None:
        with _refusals():
            disk.delete_files(self._experiment, [_VIEW_FILE])


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk.refusal(error, "give access to the mlruns folder") from error


@dataclass(frozen=True, slots=True)
class _Found:
    """A folder of a run, as it is sorted.

    Attributes
    ----------
    experiment : str
        Name of its experiment.
    recency : tuple, None or Failure
        Of a run in the scope; None for any other.
    """

    run: Path
    experiment: str
    recency: tuple[bool, float, str] | Failure | None

    def key(self) -> tuple[bool, float, str]:
        return self.recency if isinstance(self.recency, tuple) else (True, 0.0, self.run.name)


def _recency(run: Path, since: float | None) -> tuple[bool, float, str] | None:
    head = files.head(run)
    return head.recency if head is not None and (since is None or head.changed_since(since)) else None


def _listings(runs: Iterable[_Found], condition: Filter, limit: int | None) -> Iterator[Listing | Failure]:
    given = (entry for run in runs if (entry := _listing(run, condition)) is not None)
    return islice(given, limit)


def _listing(found: _Found, condition: Filter) -> Listing | Failure | None:
    def read() -> Listing | None:
        head = files.head(found.run)
        if head is None:  # deleted since
            return None
        record = files.record(found.run, head)
        matches = not condition or condition.matches(_searchable(found.run, record, condition))
        return record.listing(found.experiment) if matches else None

    return found.recency if isinstance(found.recency, Failure) else guarded(found.run.name, read)


def _searchable(run: Path, record: Record, condition: Filter) -> Searchable:
    asks_who = "user_id" in condition.keys("attribute")
    return Searchable(
        attributes={
            "run_id": record.id,
            "run_name": record.tags.get(NAME_TAG, record.name),
            "user_id": text(read_meta(run), "user_id", run) if asks_who else None,
            "status": record.status,
            "start_time": record.start,
            "end_time": record.end,
            "artifact_uri": record.artifact_uri,
        },
        tags=record.tags,
        params=record.params,
        metrics={name: value for name, (_, value) in record.latest.items()},
        datasets=record.datasets,
    )


def _artifacts(run: Path, head: Record) -> Artifacts:
    """Open the artifacts of a run: where its address says, or in its own folder.

    A store that was moved or copied since took the artifacts along, and its addresses tell of the old place. So a local
    address counts only where it leads to a folder, and not to one of another store's run: beside that lies the file
    that describes the run.
    """
    own_place = run / "artifacts"
    try:
        path = local_root(head.artifact_uri, run.name)
    except UnusableStoreError:
        path = own_place
    if path is None:
        return at_address(head.artifact_uri, run.name)
    elsewhere = path.is_dir() and not os.path.lexists(path.parent / META)
    return LocalArtifacts(path) if elsewhere else LocalArtifacts(own_place, run)
