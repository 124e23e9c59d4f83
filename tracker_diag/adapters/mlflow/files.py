"""The files of MLflow's file store (``mlruns``), read without it: it refuses such folders since MLflow 3.7."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tracker_diag.adapters import disk
from tracker_diag.adapters.mlflow.meta import LARGEST_OF_DATASET, META, MalformedError, number, read_meta, text
from tracker_diag.adapters.mlflow.points import SYSTEM, Points
from tracker_diag.adapters.mlflow.record import CONTEXT_TAG, Record, dataset, model_ids

LARGEST_VALUE = disk.MIB
"""Bytes of a tag or a param; MLflow takes a few thousand letters."""
LARGEST_VALUES = 16 * disk.MIB
"""Bytes of all tags, or of all params, of a run; a link to one file a thousand times counts as often."""
LARGEST_METRIC = 256 * disk.MIB
"""Bytes of a metric, and of all metrics of a run: about ten million points."""
_STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_TAIL = 4096  # bytes: more than two lines of a metric take, the name of a dataset included
# The beginning of a line, which is left for the next time: a file that holds anything else is damaged, not unfinished.
_UNFINISHED = re.compile(rb"-?[0-9]{0,20}(?: [^\n]{0,2000})?")
_MOST_OUTPUTS = 1000  # of one run
_BLOCK = disk.MIB  # bytes of a metric whose words are held at once
_NOT_RUNS = ("tags", "datasets", "traces", "models")


def experiment_folders(root: Path) -> list[Path]:
    """List the folders of the store that hold an experiment, deleted ones among them, by name."""
    return _with_meta(root, ())


def experiment_name(folder: Path) -> str | None:
    """Read the name of an experiment; None if it is deleted.

    Raises
    ------
    MalformedError
        Names the file that is not as the file store writes it.
    """
    meta = read_meta(folder)
    if "experiment_id" not in meta:
        raise MalformedError(f"{folder / META} does not describe an experiment")
    return (text(meta, "name", folder) or folder.name) if _is_active(meta, folder) else None


def run_folders(experiment: Path) -> list[Path]:
    """List the folders of an experiment that hold a run, deleted ones among them, by name."""
    return _with_meta(experiment, _NOT_RUNS)


def find(root: Path, run_id: str) -> Path | None:
    """Folder of a run in an experiment that is not deleted, the first by name if there are copies; None if none is.

    Raises
    ------
    MalformedError
        If the experiment in which it lies cannot be read.
    """
    if not run_id or "/" in run_id or "\0" in run_id or run_id.startswith(".") or run_id in _NOT_RUNS:
        return None
    holding = (folder for folder in experiment_folders(root) if os.path.lexists(folder / run_id / META))
    return next((folder / run_id for folder in holding if experiment_name(folder) is not None), None)


def head(run: Path) -> Record | None:
    """Read a run's own file alone, which is enough to sort by; None if the run is deleted.

    Its id is the name of its folder, by which everything is found, whatever the file says.

    Raises
    ------
    MalformedError
        Names the file that is not as the file store writes it.
    """
    meta = read_meta(run)
    if "run_id" not in meta and "run_uuid" not in meta:
        raise MalformedError(f"{run / META} does not describe a run")
    if not _is_active(meta, run):
        return None
    status = meta.get("status", 1)
    return Record(
        id=run.name,
        experiment_id=run.parent.name,
        artifact_uri=text(meta, "artifact_uri", run),
        name=text(meta, "run_name", run) or text(meta, "name", run) or None,
        status=_STATUSES.get(status, str(status)) if isinstance(status, int) else text(meta, "status", run),
        start=number(meta, "start_time", run),
        end=number(meta, "end_time", run),
    )


def record(run: Path, base: Record) -> Record:
    """Complete what :func:`head` read by all but the histories.

    Raises
    ------
    MalformedError
        Names the file that is not as the file store writes it.
    OSError
    """
    return Record(
        id=base.id,
        experiment_id=base.experiment_id,
        artifact_uri=base.artifact_uri,
        name=base.name,
        status=base.status,
        start=base.start,
        end=base.end,
        tags=tags(run),
        params=_texts(run / "params"),
        latest={name: _latest(path) for name, path in _metrics(run)},
        datasets=_datasets(run),
        models=model_ids(_outputs(run)),
    )


def tags(run: Path) -> dict[str, str]:
    """Read the tags of a run; see :func:`record` for what is raised."""
    return _texts(run / "tags")


def histories(run: Path) -> dict[str, Points]:
    """Read all points of all metrics, but for system metrics; see :func:`record` for what is raised."""
    files = list(_metrics(run))
    if sum(path.lstat().st_size for _, path in files) > LARGEST_METRIC:
        raise MalformedError(f"{run / 'metrics'} holds more than the {LARGEST_METRIC:,} bytes that are read of a run")
    return {name: _points(path) for name, path in files}


def _with_meta(folder: Path, but: tuple[str, ...]) -> list[Path]:
    """Folders that hold a ``meta.yaml``, be it one that cannot be read."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.name not in but)
    return [folder / name for name in names if os.path.lexists(folder / name / META)]


def _is_active(meta: dict[str, Any], folder: Path) -> bool:
    stage = text(meta, "lifecycle_stage", folder) or "active"
    if stage not in ("active", "deleted"):
        raise MalformedError(f"{folder / META}: lifecycle_stage is {stage[:40]!r}, neither active nor deleted")
    return stage == "active"


def _metrics(run: Path) -> Iterator[tuple[str, Path]]:
    return ((name, path) for name, path in _walk(run / "metrics") if not name.startswith(SYSTEM))


def _points(path: Path) -> Points:
    content = _read(path, LARGEST_METRIC)
    end = content.rfind(b"\n") + 1
    if not _UNFINISHED.fullmatch(content, end):
        raise _malformed(path)
    try:
        tables = [_table(content[start:stop]) for start, stop in _blocks(content, end)]
    except (ValueError, IndexError):
        raise _malformed(path) from None
    table = np.concatenate(tables) if tables else np.empty((0, 3))
    return Points(table[:, 2], table[:, 1], table[:, 0])


def _blocks(content: bytes, end: int) -> Iterator[tuple[int, int]]:
    """Cut lines into parts of about a mebibyte: as words, they take ten times their length."""
    start = 0
    while start < end:
        stop = content.rfind(b"\n", start, start + _BLOCK) + 1 or content.find(b"\n", start, end) + 1
        yield start, stop
        start = stop


def _table(lines: bytes) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Milliseconds, value and step of each line, shape (n, 3)."""
    words = lines.split()
    if len(words) == 3 * lines.count(b"\n"):
        return np.array(words, dtype=np.float64).reshape(-1, 3)
    # Before MLflow 1.0 there was no step; recent versions may add a dataset's name and digest.
    fields = [line.split(b" ") for line in lines.splitlines()]
    return np.array([[line[0], line[1], line[2] if len(line) > 2 else 0] for line in fields], dtype=np.float64)


def _latest(path: Path) -> tuple[float, float]:
    try:
        with disk.open_regular(path, LARGEST_METRIC) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            tail = file.read(_TAIL)
    except disk.NotAFileError as error:
        raise MalformedError(str(error)) from None
    end = tail.rfind(b"\n") + 1
    if not _UNFINISHED.fullmatch(tail, end):
        raise _malformed(path)
    lines = tail[:end].splitlines()[0 if size <= _TAIL else 1 :]
    if not lines and size <= _TAIL:
        return (0.0, np.nan)
    try:
        words = lines[-1].split(b" ")
        return (float(words[2]) if len(words) > 2 else 0.0, float(words[1]))
    except (ValueError, IndexError):
        raise _malformed(path) from None


def _datasets(run: Path) -> tuple[Mapping[str, Any], ...]:
    found = [item for folder in _folders(run / "inputs") if (item := _dataset(run, folder)) is not None]
    return tuple(sorted(found, key=lambda item: (item["name"], item["digest"], item["context"] or "")))


def _dataset(run: Path, entry: Path) -> Mapping[str, Any] | None:
    meta = read_meta(entry)
    source = text(meta, "source_id", entry)
    if text(meta, "source_type", entry) != "DATASET":
        return None
    if "/" in source or source.startswith("."):
        raise MalformedError(f"{entry / META}: source_id {source[:80]!r} is not a folder's name")
    place = run.parent / "datasets" / source
    if not os.path.lexists(place / META):
        return None
    data = read_meta(place, LARGEST_OF_DATASET)
    given = meta.get("tags") or {}
    if not isinstance(given, dict):
        raise MalformedError(f"{entry / META}: tags must be a mapping, not a {type(given).__name__}")
    return dataset(
        text(data, "name", place),
        text(data, "digest", place),
        text(given, CONTEXT_TAG, entry) or None,
        text(data, "profile", place),
        text(data, "schema", place),
    )


def _outputs(run: Path) -> Iterator[tuple[Any, Any]]:
    """Ids and steps of logged models; a run can be diagnosed without them, so nothing here is refused."""
    with contextlib.suppress(OSError):
        for entry in _folders(run / "outputs")[:_MOST_OUTPUTS]:
            with contextlib.suppress(MalformedError):
                yield entry.name, read_meta(entry).get("step")


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _texts(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    left = LARGEST_VALUES
    for name, path in _walk(folder):
        try:
            value = _read(path, LARGEST_VALUE)
            left -= len(value) + len(name)
            if left < 0:
                raise MalformedError(f"{folder} holds more than the {LARGEST_VALUES:,} bytes that are read of a run")
            found[name] = value.decode("utf-8", "replace")
        except FileNotFoundError:
            # A tag may have been deleted since; a link that leads nowhere is still there.
            if os.path.lexists(path):
                raise
    return found


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files by their path below the folder, which is the key: ``val/loss`` lies in a folder ``val``."""
    if folder.is_symlink():
        raise MalformedError(f"{folder} is a link, and links are not followed")
    for parent, _, names in os.walk(folder, onerror=_raise_unless_missing):
        for name in names:
            path = Path(parent, name)
            yield path.relative_to(folder).as_posix(), path


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _read(path: Path, most: int) -> bytes:
    try:
        return disk.read_file(path, most)
    except disk.NotAFileError as error:
        raise MalformedError(str(error)) from None


def _malformed(path: Path) -> MalformedError:
    return MalformedError(f"{path}: lines of 'milliseconds value step' are expected")
