"""Runs in a ``wandb/`` folder, read from their transaction logs; what is found out is written beside them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

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
from tracker_diag.adapters.wandb.annotate import annotate
from tracker_diag.adapters.wandb.folder import RunFolder, find_runs
from tracker_diag.adapters.wandb.history import as_number
from tracker_diag.adapters.wandb.log import LogError
from tracker_diag.adapters.wandb.names import FINGERPRINT, MODEL_SUMMARY, PROFILE, USERS, Names, latest_values, shorten
from tracker_diag.adapters.wandb.segment import Segment, join_segments, nest, read_run, read_segment
from tracker_diag.core.run import Run

# A run whose log has not grown for so long has ended: W&B's server calls a run crashed after five minutes' silence.
STALE_SECONDS = 300.0
_TAGS = "tags.json"


class OfflineAdapter:
    """Runs in a folder.

    A diagnosis lies in ``diagnosis/`` in the folder of the run's first segment: the reports, and ``tags.json`` with the
    tags, whose fingerprint is written last. The run's log and files are never changed.

    Parameters
    ----------
    path : Path
        A ``wandb/`` folder, a folder that holds one, a run's folder, or a log.
    annotate : bool
        Whether to write also a further segment, which ``wandb sync`` carries to the server.
    prefix : str
        Of the tags.

    Raises
    ------
    UnknownRunError
        If there is no run.
    """

    def __init__(self, path: Path, *, annotate: bool = False, prefix: str = "diag.") -> None:
        self._path = path
        self._annotate = annotate
        self._names = Names(prefix)
        find_runs(path)

    def describe(self) -> str:
        """Name the folder."""
        return f"W&B folder {self._path}"

    def list_runs(self, query: Query) -> Iterator[Listing]:
        """List the runs in the scope, the log written last first."""
        if query.filter:
            raise QueryError("runs in a folder take no filter; name the project, or the run's folder")
        if not query.experiments and not query.everything:
            raise QueryError("no scope: name a project (patterns allowed), or ask for all")
        return islice(self._list(query, self._in_scope(query)), query.limit)

    def _list(self, query: Query, found: Sequence[RunFolder]) -> Iterator[Listing]:
        for folder in found:
            listing = self._listing(folder)
            times = [t for t in (listing.start_time, listing.end_time) if t is not None]
            if query.since is None or listing.status == "RUNNING" or any(t > query.since for t in times):
                yield listing

    def _in_scope(self, query: Query) -> list[RunFolder]:
        projects = {folder: _project(folder) for folder in find_runs(self._path).values()}
        begun = {folder: project for folder, project in projects.items() if project is not None}
        for name in query.experiments:
            if not any(c in name for c in "*?[") and name not in begun.values():
                raise UnknownRunError(
                    f"{self._path}: no run of project {name!r}; there {_are(sorted(set(begun.values())))}"
                )
        chosen = [
            folder
            for folder, project in begun.items()
            if query.everything or any(fnmatchcase(project, pattern) for pattern in query.experiments)
        ]
        return sorted(chosen, key=lambda folder: folder.changed, reverse=True)

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs."""
        for run_id in ids:
            try:
                yield self._load(run_id)
            except TrackerError as error:
                yield Failure(run_id, str(error))

    def find_run(self, run_id: str) -> Listing:
        """One run by its id, or by its folder's name."""
        return self._listing(self._folder(run_id))

    def write(self, run_id: str, diagnosis: Diagnosis) -> None:
        """Write ``diagnosis/``, and the further segment if one is asked for."""
        folder = self._folder(run_id)
        try:
            state = _read_state(folder)
            if FINGERPRINT in state["tags"]:
                del state["tags"][FINGERPRINT]
                _write_state(folder, state)
            for stale in set(state["files"]) - set(diagnosis.artifacts):
                (folder.diagnosis / stale).unlink(missing_ok=True)
            for name, content in diagnosis.artifacts.items():
                _replace(folder.diagnosis / name, content)
            tags = {name: shorten(value) for name, value in diagnosis.tags.items() if name not in USERS}
            _write_state(folder, {"tags": tags, "files": sorted(diagnosis.artifacts)})
            if self._annotate:
                for earlier in folder.annotations:
                    shutil.rmtree(earlier)
                annotate(folder, _read(folder), diagnosis, self._names)
            tags[FINGERPRINT] = diagnosis.fingerprint
            _write_state(folder, {"tags": tags, "files": sorted(diagnosis.artifacts)})
        except OSError as error:
            raise TrackerError(
                f"{folder.diagnosis}: cannot be written ({error.strerror or error}); check the folder's rights"
            ) from None

    def remove(self, run_id: str) -> Removal:
        """Take away ``diagnosis/`` and the segments that carry a diagnosis."""
        folder = self._folder(run_id)
        left: list[str] = []
        try:
            state = _read_state(folder)
            for segment in folder.annotations:
                if any(segment.glob("*.synced")):
                    left.append(
                        f"{run_id}: its diagnosis was synced to the server; clean it there with --tracker wandb"
                    )
                shutil.rmtree(segment)
            for name in [*state["files"], _TAGS]:
                (folder.diagnosis / name).unlink(missing_ok=True)
            if folder.diagnosis.is_dir():
                others = sorted(path.name for path in folder.diagnosis.iterdir())
                left += [f"{folder.diagnosis / name} not written here" for name in others if name != PROFILE]
                if not others:
                    folder.diagnosis.rmdir()
        except OSError as error:
            raise TrackerError(
                f"{folder.diagnosis}: cannot be removed ({error.strerror or error}); check the folder's rights"
            ) from None
        return Removal(len(state["tags"]), len(state["files"]), tuple(left))

    def link(self, listing: Listing) -> str | None:
        """None: a folder has no UI."""
        return None

    def close(self) -> None:
        """Nothing is kept open."""

    def _folder(self, run_id: str) -> RunFolder:
        runs = find_runs(self._path)
        for folder in runs.values():
            if run_id == folder.id or run_id in {log.parent.name for log in folder.logs}:
                return folder
        raise UnknownRunError(f"{self._path}: no run {run_id!r}; there {_are(sorted(runs))}")

    def _listing(self, folder: RunFolder) -> Listing:
        segment = _read(folder, history=False)
        facts = self._facts(folder, segment)
        summary = nest(segment.summary)
        return Listing(
            id=folder.id,
            experiment=segment.run.project,
            latest=latest_values(summary, self._names, {".".join(key): step for key, step in segment.steps.items()}),
            **{key: facts[key] for key in ("name", "status", "start_time", "end_time", "tags", "params")},
        )

    def _load(self, run_id: str) -> Run:
        folder = self._folder(run_id)
        segment = _read(folder)
        profile, model_summary = (_left(folder, name) for name in (f"diagnosis/{PROFILE}", MODEL_SUMMARY))
        return Run(
            id=folder.id,
            metrics=segment.history.series(),
            profile=_mapping(profile),
            model_summary=model_summary,
            **self._facts(folder, segment),
        )

    def _facts(self, folder: RunFolder, segment: Segment) -> dict[str, Any]:
        run, config, summary = segment.run, nest(segment.config), nest(segment.summary)
        tags = self._names.read(
            run.tags, config, summary, group=run.run_group, job_type=run.job_type, sweep=run.sweep_id
        )
        own = {self._names.prefix + name: value for name, value in _read_state(folder)["tags"].items()}
        start = run.start_time.seconds + run.start_time.nanos / 1e9 if run.HasField("start_time") else None
        status = _status(folder, segment)
        return {
            "name": run.display_name or None,
            "status": status,
            "tags": tags | own,
            "params": {key: v for key, v in self._names.without_own(config).items() if key != "_wandb"},
            "parent": run.sweep_id or run.run_group or None,
            "start_time": start,
            "end_time": None if status == "RUNNING" else _end(segment, summary, start),
        }


def _read(folder: RunFolder, *, history: bool = True) -> Segment:
    segment = join_segments([read_segment(log, history=history) for log in folder.logs])
    if not segment.run.run_id:
        raise UnknownRunError(f"{folder.id}: its log holds no run yet; wait until it has logged something")
    return segment


def _project(folder: RunFolder) -> str | None:
    """Project of a run; None if its log has not come so far, or cannot be read, which loading it will tell."""
    try:
        run = read_run(folder.logs[0])
    except LogError:
        return None
    return None if run is None else str(run.project)


def _left(folder: RunFolder, name: str) -> str | None:
    """What training code left for us, as a file of the run or beside it."""
    for log in reversed(folder.logs):
        for place in (log.parent / "files" / name, log.parent / name):
            if place.is_file():
                return place.read_text(encoding="utf-8", errors="replace")
    return None


def _mapping(text: str | None) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text or "null")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _status(folder: RunFolder, segment: Segment) -> str:
    if segment.exit is not None:
        return "FAILED" if segment.exit.exit_code else "FINISHED"
    return "RUNNING" if time.time() - folder.changed < STALE_SECONDS else "FAILED"


def _end(segment: Segment, summary: Mapping[str, Any], start: float | None) -> float | None:
    last = as_number(summary.get("_timestamp"))
    if last is not None or start is None or segment.exit is None:
        return last
    return start + float(segment.exit.runtime)


def _read_state(folder: RunFolder) -> dict[str, Any]:
    try:
        state = json.loads((folder.diagnosis / _TAGS).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {"tags": {}, "files": []}
    return {"tags": dict(state.get("tags", {})), "files": list(state.get("files", []))}


def _write_state(folder: RunFolder, state: Mapping[str, Any]) -> None:
    _replace(folder.diagnosis / _TAGS, json.dumps(state, indent=1, ensure_ascii=False).encode())


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(content)
    draft.replace(path)


def _are(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:5]) + (" …" if len(ids) > 5 else "")
    return f"is {shown}" if len(ids) == 1 else f"are {shown}"
