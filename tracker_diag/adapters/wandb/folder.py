"""Where runs lie on disk: ``wandb/[offline-]run-<time>-<id>/run-<id>.wandb``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import AwayError, TrackerError, UnknownRunError
from tracker_diag.adapters.wandb.segment import holds_diagnosis
from tracker_diag.core import own
from tracker_diag.core.foreign_json import read_json_mapping
from tracker_diag.core.outgoing import clean

ANNOTATION_MARK = "annotation.json"
"""Marks a segment that ``annotate`` wrote, so that it is not taken for training."""
_LARGEST_MARK = 64 * disk.KIB
_HOMES = ("wandb", ".wandb")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The segments of one run.

    Attributes
    ----------
    id : str
        The run's.
    logs : tuple of Path
        Transaction logs, oldest segment first.
    annotations : tuple of Path
        Folders of segments that hold a diagnosis.
    """

    id: str
    logs: tuple[Path, ...]
    annotations: tuple[Path, ...] = ()

    @property
    def home(self) -> Path:
        """The folder of the first segment: it stays the same when the run is resumed."""
        return self.logs[0].parent

    @property
    def changed(self) -> float:
        """When the run last wrote, seconds since the epoch; 0 where no log can be seen."""
        latest = 0.0
        for log in self.logs:
            with contextlib.suppress(OSError):
                latest = max(latest, log.stat().st_mtime)
        return latest


def is_synced(segment: Path, run_id: str) -> bool:
    """Whether ``wandb sync`` has taken a segment of a run to the server."""
    return (segment / f"run-{run_id}.wandb.synced").exists()


def find_runs(path: Path) -> dict[str, RunFolder]:
    """Find the runs in a folder, by id.

    Parameters
    ----------
    path : Path
        A ``wandb/`` folder, a folder that holds one, a run's folder, or a log. For a run's folder the run's other
        segments, which lie beside it, belong to it.

    Raises
    ------
    UnknownRunError
        If there is none.
    AwayError
        If the folder cannot be read.
    """
    found = {run_id: _sorted_out(run_id, logs) for run_id, logs in _find_logs(path).items()}
    return {run_id: folder for run_id, folder in found.items() if folder is not None}


def find_run(path: Path, run_id: str) -> RunFolder:
    """Find one of the runs in a folder.

    Parameters
    ----------
    path : Path
        The folder.
    run_id : str
        The run's id, or the name of a folder of its.

    Raises
    ------
    UnknownRunError
        If there is none.
    AwayError
        If the folder cannot be read.
    """
    logs = _find_logs(path)
    named = (x for x, found in logs.items() if x == run_id or run_id in {log.parent.name for log in found})
    for found in named:
        folder = _sorted_out(found, logs[found])
        if folder is not None:
            return folder
    raise UnknownRunError(f"{path}: no run {clean(run_id, 200)!r}; runs here: {listed(sorted(logs))}")


def carried_fingerprint(folder: RunFolder) -> str:
    """Give the fingerprint of the diagnosis that a run's segment carries to the server; empty where there is none."""
    for annotation in reversed(folder.annotations):
        # Another process may have taken it away.
        with contextlib.suppress(OSError, disk.NotAFileError):
            mark = read_json_mapping(disk.read_file(annotation / ANNOTATION_MARK, _LARGEST_MARK)) or {}
            return str(mark.get("fingerprint", ""))
    return ""


def annotation_files(run_id: str) -> tuple[str, ...]:
    """Name all that a segment with a diagnosis may hold: what we write, and what ``wandb sync`` makes of it."""
    log = f"run-{run_id}.wandb"
    made = (f"{log}.synced", f"{log}.syncstate", "files/config.yaml", "files/wandb-summary.json")
    return (ANNOTATION_MARK, log, *(f"files/{own.FOLDER}/{name}" for name in own.REPORTS), *made)


def listed(names: Sequence[str]) -> str:
    """Say which names there are, the first of them."""
    return ", ".join(clean(name, 80) for name in names[:5]) + (" …" if len(names) > 5 else "")


def _find_logs(path: Path) -> dict[str, list[Path]]:
    """Logs by run id, oldest first, those of segments with a diagnosis among them."""
    try:
        if not path.exists():
            raise UnknownRunError(f"{path}: no such folder")
        path = (path.parent if path.is_file() else path).resolve()
        own_logs = _logs_in(path)
        if own_logs:
            near = _scan(path.parent)
            return {_run_id(log): near.get(_run_id(log), [log]) for log in own_logs}
        for home in (path, *(path / name for name in _HOMES)):
            if home != path and home.is_symlink():
                raise UnknownRunError(f"{home} is a link: give the folder that it leads to")
            runs = _scan(home) if home.is_dir() else {}
            if runs:
                return runs
    except OSError as error:
        raise AwayError(f"{path}: {error.strerror or error}; check the path and its permissions") from None
    raise UnknownRunError(
        f"{path}: no W&B runs found; give a run's folder, the wandb/ folder, or the folder that holds it"
    )


def _scan(home: Path) -> dict[str, list[Path]]:
    logs: dict[str, list[Path]] = {}
    # latest-run is a link to one of the others.
    entries = [e for e in os.scandir(home) if e.name.startswith(("offline-run-", "run-"))]
    folders = [home / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    for folder in sorted(folders, key=lambda f: f.name.partition("run-")[2]):
        for log in _logs_in(folder):
            logs.setdefault(_run_id(log), []).append(log)
    return logs


def _logs_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except FileNotFoundError:
        # Another process has just taken it away.
        return []
    except OSError:
        # The log that its name promises: reading it says what is wrong, where the run is read.
        run_id = folder.name.partition("run-")[2].partition("-")[2]
        names = [f"run-{run_id}.wandb"] if run_id else []
    return [folder / name for name in names if name.startswith("run-") and name.endswith(".wandb")]


def _run_id(log: Path) -> str:
    return log.name.removeprefix("run-").removesuffix(".wandb")


def _sorted_out(run_id: str, logs: Sequence[Path]) -> RunFolder | None:
    """Tell training from diagnoses; None if there is no training."""
    annotations = [log.parent for log in logs if _is_annotation(log.parent, run_id)]
    # Another process may take a segment away at this moment, or put another in its place, so what has no mark is looked
    # at twice.
    training = tuple(
        log
        for log in logs
        if log.parent not in annotations and not _is_gone(log) and not _is_annotation(log.parent, run_id)
    )
    return RunFolder(run_id, training, tuple(annotations)) if training else None


def _is_gone(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _is_annotation(folder: Path, run_id: str) -> bool:
    """Whether a segment is one that we wrote, and may delete: what is in doubt is training.

    Anybody can make a mark. So nothing may lie beside it but what we write, and nothing may have been logged.
    """
    try:
        mark = read_json_mapping(disk.read_file(folder / ANNOTATION_MARK, _LARGEST_MARK)) or {}
        if mark.get("run") != run_id or not isinstance(mark.get("fingerprint"), str):
            return False
        log = folder / f"run-{run_id}.wandb"
        return _holds_only(folder, annotation_files(run_id)) and holds_diagnosis(log, mark["fingerprint"])
    except (OSError, disk.NotAFileError, TrackerError):
        return False


def _holds_only(folder: Path, files: Sequence[str], below: str = "") -> bool:
    """Whether a folder holds regular files of these names and nothing else, no links among them."""
    with os.scandir(folder / below) as entries:
        for entry in entries:
            name = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if not any(file.startswith(f"{name}/") for file in files) or not _holds_only(folder, files, f"{name}/"):
                    return False
            elif name not in files or not entry.is_file(follow_symlinks=False):
                return False
    return True
