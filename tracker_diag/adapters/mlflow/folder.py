"""An ``mlruns`` folder, as MLflow's file store left it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

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
from tracker_diag.adapters.mlflow import artifacts, files, writing
from tracker_diag.adapters.mlflow.artifacts import Artifacts, LocalArtifacts, RepositoryArtifacts
from tracker_diag.adapters.mlflow.curves import curves
from tracker_diag.adapters.mlflow.files import MalformedError
from tracker_diag.adapters.mlflow.record import CONTEXT_TAG, Record
from tracker_diag.adapters.scope import chosen
from tracker_diag.core.run import InvalidRunError, Run


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
            raise TrackerError(f"no folder {root}: check the tracking URI (MLFLOW_TRACKING_URI)")
        self._root = root
        self._prefix = prefix

    def describe(self) -> str:
        """Name the folder."""
        return f"MLflow folder {self._root}"

    def list_runs(self, query: Query) -> Iterator[Listing]:
        """List runs: those that still go first, then by the time they ended, newest first.

        A filter is judged by MLflow's own search, run by run. A run whose files are damaged is listed with its id
        alone: loading it says what is wrong.
        """
        experiments = self._experiments()
        wanted = chosen({key: name for key, (_, name) in experiments.items()}, query)
        matches = _matcher(query.filter)
        found: list[tuple[tuple[bool, float, str], Path, str]] = []
        for key, name in wanted.items():
            for run in files.run_folders(experiments[key][0]):
                try:
                    base = files.times(run)
                    if not files.is_deleted(run) and (query.since is None or base.changed_since(query.since)):
                        found.append((base.recency, run, name))
                except MalformedError:
                    found.append(((True, 0.0, run.name), run, name))
        found.sort(key=lambda item: item[0])
        return _listings([(run, name) for _, run, name in found], matches, query.limit)

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs, one after the other."""
        experiments = [folder for folder, _ in self._experiments().values()]
        for run_id in ids:
            run = _folder_of(run_id, experiments)
            try:
                if run is None or files.is_deleted(run):
                    yield Failure(run_id, "no such run, or it is deleted")
                    continue
                record = files.record(run)
                yield record.run(curves(files.histories(run)), *artifacts.extras(_artifacts(run, record)))
            except (MalformedError, InvalidRunError) as error:
                yield Failure(run_id, str(error))
            except OSError as error:
                yield Failure(run_id, f"{error.filename}: {error.strerror}")

    def find_run(self, run_id: str) -> Listing:
        """Find one run by its id."""
        run, experiment = self._find(run_id)
        return _record(run).listing(experiment)

    def write(self, run_id: str, diagnosis: Diagnosis) -> None:
        """Write a diagnosis."""
        run, _ = self._find(run_id)
        writing.write(_Target(run, _record(run)), diagnosis, self._prefix)

    def remove(self, run_id: str) -> Removal:
        """Take away what was written."""
        run, _ = self._find(run_id)
        return writing.remove(_Target(run, _record(run)), self._prefix)

    def link(self, listing: Listing) -> None:
        """Without a server there is no address."""
        del listing

    def close(self) -> None:
        """Nothing is kept open."""

    def _experiments(self) -> dict[str, tuple[Path, str]]:
        try:
            return files.experiments(self._root)
        except MalformedError as error:
            raise TrackerError(str(error)) from None
        except OSError as error:
            raise TrackerError(f"{self._root} cannot be read: {error.strerror}; check its permissions") from None

    def _find(self, run_id: str) -> tuple[Path, str]:
        experiments = dict(self._experiments().values())
        run = _folder_of(run_id, experiments)
        if run is None:
            raise UnknownRunError(f"no run {run_id!r} in {self._root}: check the id and the tracking URI")
        if _is_deleted(run):
            raise UnknownRunError(
                f"run {run_id} is deleted: bring it back with `mlflow runs restore --run-id {run_id}`"
            )
        return run, experiments[run.parent]


class _Target:
    """One run of a folder, to be written to."""

    def __init__(self, run: Path, record: Record) -> None:
        self._run = run
        self._record = record

    def tags(self) -> Mapping[str, str]:
        return self._record.tags

    def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
        folder = self._run / "tags"
        try:
            for key in delete:
                _inside(folder, key).unlink(missing_ok=True)
            for key, value in put.items():
                target = _inside(folder, key)
                target.parent.mkdir(parents=True, exist_ok=True)
                # Aside means beside the folder of tags: a file in it would be a tag to whoever reads now.
                aside = self._run / f".{uuid.uuid4().hex}"
                try:
                    aside.write_text(value, "utf-8")
                    aside.replace(target)
                finally:
                    aside.unlink(missing_ok=True)
        except OSError as error:
            raise TrackerError(f"{error.filename}: {error.strerror}; give write access to the mlruns folder") from error

    def artifacts(self) -> Artifacts:
        return _artifacts(self._run, self._record)


def _inside(folder: Path, key: str) -> Path:
    if key.startswith("/") or ".." in key.split("/"):
        raise TrackerError(f"{key!r} cannot be the name of a tag: choose another prefix")
    return folder / key


def _listings(runs: Iterable[tuple[Path, str]], matches: _Matcher, limit: int | None) -> Iterator[Listing]:
    given = 0
    for run, experiment in runs:
        if limit is not None and given >= limit:
            return
        try:
            record = files.record(run)
        except MalformedError:
            yield Listing(run.name, experiment)
            given += 1
            continue
        if matches(record):
            yield record.listing(experiment)
            given += 1


class _Matcher:
    """MLflow's own search on one record."""

    def __init__(self, condition: str) -> None:
        self._condition = condition

    def __call__(self, record: Record) -> bool:
        if not self._condition.strip():
            return True
        from mlflow import entities
        from mlflow.exceptions import MlflowException
        from mlflow.utils.search_utils import SearchUtils

        run = entities.Run(
            entities.RunInfo(
                run_id=record.id,
                run_name=record.name,
                experiment_id=record.experiment_id,
                user_id="",
                status=record.status,
                start_time=record.start,
                end_time=record.end,
                lifecycle_stage="active",
                artifact_uri=record.artifact_uri,
            ),
            entities.RunData(
                metrics=[entities.Metric(name, value, 0, int(step)) for name, (step, value) in record.latest.items()],
                params=[entities.Param(key, value) for key, value in record.params.items()],
                tags=[entities.RunTag(key, value) for key, value in record.tags.items()],
            ),
            entities.RunInputs(
                [
                    entities.DatasetInput(
                        entities.Dataset(item["name"], item["digest"], "", ""),
                        [entities.InputTag(CONTEXT_TAG, item["context"])] if item["context"] else [],
                    )
                    for item in record.datasets
                ]
            ),
        )
        try:
            return bool(SearchUtils.filter([run], self._condition))
        except MlflowException as error:
            raise QueryError(f"the filter was refused: {str(error).partition(chr(10))[0]}") from None


def _matcher(condition: str) -> _Matcher:
    matcher = _Matcher(condition)
    # A filter that cannot be read is said even where there is no run to try it on.
    matcher(Record("", "0", "", None, "FINISHED", 0, 0))
    return matcher


def _record(run: Path) -> Record:
    try:
        return files.record(run)
    except MalformedError as error:
        raise TrackerError(str(error)) from None


def _is_deleted(run: Path) -> bool:
    try:
        return files.is_deleted(run)
    except MalformedError as error:
        raise TrackerError(str(error)) from None


def _folder_of(run_id: str, experiments: Iterable[Path]) -> Path | None:
    if not run_id or "/" in run_id or run_id.startswith("."):
        return None
    return next((folder / run_id for folder in experiments if (folder / run_id / "meta.yaml").is_file()), None)


def _artifacts(run: Path, record: Record) -> Artifacts:
    folder = files.artifact_folder(run, record.artifact_uri)
    return RepositoryArtifacts(record.artifact_uri) if folder is None else LocalArtifacts(folder)
