"""Runs in a ``wandb/`` folder, read from their transaction logs; what is found out is written beside them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from tracker_diag.adapters import beside, disk
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
from tracker_diag.adapters.closing import Done
from tracker_diag.adapters.guard import guarded
from tracker_diag.adapters.wandb import control_runs
from tracker_diag.adapters.wandb.annotate import annotate, remove_annotations
from tracker_diag.adapters.wandb.config_file import read_config
from tracker_diag.adapters.wandb.folder import RunFolder, carried_fingerprint, find_run, find_runs, listed
from tracker_diag.adapters.wandb.graphs import read_below, watched_model
from tracker_diag.adapters.wandb.history import as_number
from tracker_diag.adapters.wandb.log import LogError
from tracker_diag.adapters.wandb.names import Names, latest_values
from tracker_diag.adapters.wandb.segment import Segment, join_segments, nest, read_run, read_segment
from tracker_diag.adapters.wandb.used import datasets
from tracker_diag.adapters.wandb.whereabouts import report_lines, syncing_lines
from tracker_diag.core import own
from tracker_diag.core.foreign_json import read_json_mapping
from tracker_diag.core.model import described_in
from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import ACTIVE, Run
from tracker_diag.models.merged import merged

# A run whose log has not grown for so long has ended: W&B's server calls a run crashed after five minutes' silence.
STALE_SECONDS = 300.0
_LARGEST_PROFILE, _LARGEST_SUMMARY, _LARGEST_CONFIG = 16 * disk.MIB, 4 * disk.MIB, 256 * disk.KIB
_MODEL, _LARGEST_MODEL = f"{own.FOLDER}/{own.MODEL}", 4 * disk.MIB
_LAST_MOMENT = 253_402_300_800.0  # the end of the year 9999, after which no calendar of Python's goes
_ADVICE = "check the folder's permissions"
_NOT_ANNOTATED = "a W&B folder also needs --annotate, which puts it into the run's notes"
_NOT_ENDED = "the run is still going, and gets one after its end"
_HOW_TO_SYNC = "to see this in W&B: add --annotate, then run the `wandb sync` command that it prints"

_log = logging.getLogger(__name__)


class OfflineAdapter:
    """Runs in a folder.

    A diagnosis lies in ``diagnosis/`` in the folder of the run's first segment: the reports, and ``tags.json`` with the
    tags, whose fingerprint is written last. The run's log and files are never changed.

    Where a further segment is asked for, a run that has ended shows its fingerprint only once its segment carries it,
    so that one that was diagnosed without gets its segment too; and its description is the notes that the segment
    carries. One that still goes gets none: its log is synced after it, and would take the diagnosis away again.

    Parameters
    ----------
    path : Path
        A ``wandb/`` folder, a folder that holds one, a run's folder, or a log.
    annotate : bool
        Whether to write also a further segment, which ``wandb sync`` carries to the server.
    prefix : str
        Of the tags.
    verdicts : frozenset of str
        What a diagnosis may have written as a verdict.

    Raises
    ------
    UnknownRunError
        If there is no run.
    AwayError
        If the folder cannot be read.
    """

    def __init__(
        self, path: Path, *, annotate: bool = False, prefix: str = "diag.", verdicts: frozenset[str] = frozenset()
    ) -> None:
        self._path = path
        self._annotate = annotate
        self._names = Names(prefix, verdicts)
        find_runs(path)

    def describe(self) -> str:
        """Name the folder."""
        return f"W&B folder {clean(self._path)}"

    def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
        """List the runs in the scope, the log written last first.

        A log that cannot be read does not say its project: it is a failure in every scope.
        """
        if query.filter:
            raise QueryError("runs in a folder cannot be filtered: name the project, or the run's folder")
        if not query.experiments and not query.everything:
            raise QueryError("no runs selected: name a project (patterns allowed), or ask for all")
        return islice(self._list(query, self._in_scope(query)), query.limit)

    def _list(self, query: Query, found: Sequence[RunFolder | Failure]) -> Iterator[Listing | Failure]:
        for folder in found:
            listing = folder if isinstance(folder, Failure) else guarded(folder.id, partial(self._listing, folder))
            if isinstance(listing, Failure):
                yield listing
                continue
            times = [t for t in (listing.start_time, listing.end_time) if t is not None]
            if query.since is None or listing.status == "RUNNING" or any(t > query.since for t in times):
                yield listing

    def _in_scope(self, query: Query) -> list[RunFolder | Failure]:
        folders = sorted(find_runs(self._path).values(), key=lambda folder: folder.changed, reverse=True)
        found = [(folder, guarded(folder.id, partial(_project, folder))) for folder in folders]
        begun = {project for _, project in found if isinstance(project, str)}
        for name in query.experiments:
            if not any(c in name for c in "*?[") and name not in begun:
                raise UnknownRunError(
                    f"{self._path}: no runs of project {name!r}; projects here: {listed(sorted(begun))}"
                )
        return [
            project if isinstance(project, Failure) else folder
            for folder, project in found
            if isinstance(project, Failure) or (project is not None and _is_asked_for(project, query))
        ]

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs."""
        return (guarded(run_id, partial(self._load, run_id)) for run_id in ids)

    def find_run(self, run_id: str) -> Listing:
        """One run by its id, or by its folder's name."""
        return self._listing(find_run(self._path, run_id))

    def delete_control(self, run_id: str) -> bool:
        """Delete the folder of a run that a control logged."""
        return control_runs.remove_folder(self._path, run_id, self.find_run(run_id).tags)

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        """Write ``diagnosis/``, and the further segment if one is asked for."""
        folder = find_run(self._path, run_id)
        if self._annotate:
            beside.drop_fingerprint(folder.home, own.FOLDER)
            try:
                remove_annotations(folder)
                segment = _read(folder, history=False)
                if _status(folder, segment) not in ACTIVE:
                    annotate(folder, segment, diagnosis, self._names)
            except OSError as error:
                raise disk.refusal(error, _ADVICE) from None
        beside.write(folder.home, own.FOLDER, diagnosis)
        return ""

    def remove(self, run_id: str) -> Removal:
        """Take away ``diagnosis/`` and the segments that carry a diagnosis."""
        folder = find_run(self._path, run_id)
        disk.remove_drafts(folder.home.parent)
        try:
            segments, synced = remove_annotations(folder)
        except OSError as error:
            raise disk.refusal(error, _ADVICE) from None
        removal = beside.remove(folder.home, own.FOLDER)
        left = (f"{run_id}: its diagnosis was synced to the server; remove it there with --tracker wandb",) * synced
        return Removal(removal.tags, removal.artifacts, (*left, *removal.left), segments=segments)

    def link(self, listing: Listing) -> str | None:
        """None: a folder has no UI."""
        return None

    def closing(self, done: Done) -> tuple[str, ...]:
        """Say where the reports lie, and what takes the diagnoses to W&B."""
        runs = find_runs(self._path)
        written, standing = ([runs[run_id] for run_id in ids if run_id in runs] for ids in (done.ids, done.standing))
        if self._annotate:
            return (*report_lines(written), *syncing_lines([*written, *standing]))
        return (*report_lines(written), _HOW_TO_SYNC) if written else ()

    def close(self) -> None:
        """Nothing is kept open."""

    def _listing(self, folder: RunFolder) -> Listing:
        segment = _read(folder, history=False)
        facts = self._facts(folder, segment)
        summary = nest(segment.summary)
        tags, description = facts["tags"], None
        ended = facts["status"] not in ACTIVE
        if self._annotate and ended:
            description = _carried_notes(folder, segment)
            key = self._names.prefix + own.FINGERPRINT
            if tags.get(key) != carried_fingerprint(folder):
                tags = {name: value for name, value in tags.items() if name != key}
        return Listing(
            id=folder.id,
            experiment=segment.run.project,
            tags=tags,
            latest=latest_values(summary, self._names, {".".join(key): step for key, step in segment.steps.items()}),
            description=description,
            undescribed=_NOT_ENDED if self._annotate and not ended else _NOT_ANNOTATED,
            **{key: facts[key] for key in ("name", "status", "start_time", "end_time", "params")},
        )

    def _load(self, run_id: str) -> Run:
        folder = find_run(self._path, run_id)
        segment = _read(folder)
        return Run(
            id=folder.id,
            metrics=segment.history.series(),
            profile=read_json_mapping(_left(folder, f"{own.FOLDER}/{own.PROFILE}", _LARGEST_PROFILE)),
            model_summary=_left(folder, own.MODEL_SUMMARY, _LARGEST_SUMMARY),
            model=merged(
                [
                    watched_model(nest(segment.summary), partial(_file, folder)),
                    described_in(read_json_mapping(_left(folder, _MODEL, _LARGEST_MODEL)), _MODEL),
                ]
            ),
            datasets=datasets(segment.used),
            **self._facts(folder, segment),
        )

    def _facts(self, folder: RunFolder, segment: Segment) -> dict[str, Any]:
        run, config, summary = segment.run, _config(folder, segment), nest(segment.summary)
        tags = self._names.read(
            run.tags, config, summary, group=run.run_group, job_type=run.job_type, sweep=run.sweep_id
        )
        kept = {self._names.prefix + name: x for name, x in beside.read(folder.home, own.FOLDER).items()}
        started = run.start_time.seconds + run.start_time.nanos / 1e9 if run.HasField("start_time") else None
        start = _moment(started)
        status = _status(folder, segment)
        return {
            "name": run.display_name or None,
            "status": status,
            "tags": tags | kept,
            "params": self._names.without_own(config),
            "parent": run.sweep_id or run.run_group or None,
            "start_time": start,
            "end_time": None if status == "RUNNING" else _end(segment, summary, start),
        }


def _is_asked_for(project: str, query: Query) -> bool:
    return query.everything or any(fnmatchcase(project, pattern) for pattern in query.experiments)


def _read(folder: RunFolder, *, history: bool = True) -> Segment:
    segment = join_segments([read_segment(log, history=history) for log in folder.logs])
    if not segment.run.run_id:
        raise UnknownRunError(f"{folder.id}: its log is still empty; wait until it has logged something")
    for run_id in (folder.id, segment.run.run_id):
        if "/" in run_id or run_id in ("", ".", ".."):
            raise TrackerError(f"{folder.home}: {run_id!r} is not a valid W&B run ID")
    return segment


def _carried_notes(folder: RunFolder, segment: Segment) -> str:
    """The notes that the server will have: those of the segment with the diagnosis, else the run's own."""
    logs = [annotation / f"run-{folder.id}.wandb" for annotation in folder.annotations[-1:]]
    carried = next((read_run(log) for log in logs if log.exists()), None)
    return str((segment.run if carried is None else carried).notes)


def _project(folder: RunFolder) -> str | None:
    """Project of a run; None if its log has not come so far.

    Raises
    ------
    LogError
        If the log cannot be read, or will come no further.
    """
    for log in folder.logs:
        run = read_run(log)
        if run is not None:
            return str(run.project)
    if _is_silent(folder):
        raise LogError(
            f"{folder.logs[0]}: the log ends before it names its run; delete the folder if the process has died"
        )
    return None


def _is_silent(folder: RunFolder) -> bool:
    return time.time() - folder.changed >= STALE_SECONDS


def _left(folder: RunFolder, name: str, most: int) -> str | None:
    """What training code left for us, as a file of the run or beside it."""
    for log in reversed(folder.logs):
        for place in (log.parent / "files" / name, log.parent / name):
            if place.is_file():
                try:
                    return disk.read_file(place, most).decode("utf-8", "replace")
                except disk.NotAFileError as error:
                    _log.warning("run %s: diagnosed without this file: %s", folder.id, error)
    return None


def _file(folder: RunFolder, name: str) -> bytes | None:
    """Content of a file of the run, of the last segment that has it."""
    found = (read_below(log.parent / "files", name) for log in reversed(folder.logs))
    return next((content for content in found if content is not None), None)


def _config(folder: RunFolder, segment: Segment) -> dict[str, Any]:
    """Configuration as the log holds it; where it holds none, as the file beside it does."""
    config = {key: value for key, value in nest(segment.config).items() if key != "_wandb"}
    text = None if config else _left(folder, "config.yaml", _LARGEST_CONFIG)
    try:
        return config if text is None else read_config(text)
    except ValueError as error:
        _log.warning("run %s: diagnosed without its config.yaml: %s", folder.id, clean(error, 300))
        return config


def _status(folder: RunFolder, segment: Segment) -> str:
    if segment.exit is not None:
        return "FAILED" if segment.exit.exit_code else "FINISHED"
    return "FAILED" if _is_silent(folder) else "RUNNING"


def _end(segment: Segment, summary: Mapping[str, Any], start: float | None) -> float | None:
    last = _moment(as_number(summary.get("_timestamp")))
    if last is not None or start is None or segment.exit is None:
        return last
    return start + float(segment.exit.runtime)


def _moment(seconds: float | None) -> float | None:
    """Seconds since the epoch; None for what no clock shows."""
    return seconds if seconds is not None and 0 <= seconds < _LAST_MOMENT else None
