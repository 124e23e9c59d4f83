"""The files of MLflow's file store (``mlruns``), read without it: it refuses such folders since MLflow 3.7."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tracker_diag.adapters.mlflow.artifacts import local_path
from tracker_diag.adapters.mlflow.curves import SYSTEM, Points
from tracker_diag.adapters.mlflow.record import CONTEXT_TAG, Record, dataset

_META = "meta.yaml"
_STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_TAIL = 512  # bytes: more than a line of a metric takes
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class MalformedError(ValueError):
    """A file that is not as the file store writes it."""


def experiments(root: Path) -> dict[str, tuple[Path, str]]:
    """Experiments of the store that are not deleted: id to folder and name."""
    found = {}
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if not entry.name.startswith(".") and (Path(entry.path) / _META).is_file():
            meta = _meta(Path(entry.path))
            if "experiment_id" in meta and meta.get("lifecycle_stage", "active") == "active":
                found[str(meta["experiment_id"])] = (Path(entry.path), str(meta.get("name", entry.name)))
    return found


def run_folders(experiment: Path) -> Iterator[Path]:
    """Folders of an experiment that hold a run, deleted ones among them."""
    for entry in os.scandir(experiment):
        if entry.is_dir() and (Path(entry.path) / _META).is_file() and entry.name not in ("datasets", "traces"):
            yield Path(entry.path)


def is_deleted(run: Path) -> bool:
    """Whether a run is deleted; see :func:`record` for what is raised."""
    return bool(_meta(run).get("lifecycle_stage", "active") != "active")


def times(run: Path) -> Record:
    """Read a run's own file alone, which is enough to sort by and to know whether it is deleted."""
    meta = _meta(run)
    status = meta.get("status", 1)
    return Record(
        id=str(meta.get("run_id") or meta.get("run_uuid") or run.name),
        experiment_id=str(meta.get("experiment_id", run.parent.name)),
        artifact_uri=str(meta.get("artifact_uri") or ""),
        name=meta.get("run_name") or meta.get("name") or None,
        status=_STATUSES.get(status, "RUNNING") if isinstance(status, int) else str(status),
        start=meta.get("start_time"),
        end=meta.get("end_time"),
    )


def record(run: Path) -> Record:
    """Read a run without its histories.

    Raises
    ------
    MalformedError
        Names the file that is not as the file store writes it.
    """
    base = times(run)
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
    )


def tags(run: Path) -> dict[str, str]:
    """Read the tags of a run."""
    return _texts(run / "tags")


def histories(run: Path) -> dict[str, Points]:
    """Read all points of all metrics, but for system metrics; see :func:`record` for what is raised."""
    return {name: _points(path) for name, path in _metrics(run)}


def artifact_folder(run: Path, uri: str) -> Path | None:
    """Folder of a run's artifacts, or None where they lie in a remote store.

    The file store writes absolute addresses; where the store was moved since, the artifacts moved with the run.
    """
    path = local_path(uri)
    if path is None:
        return None
    return path if path.is_absolute() and path.is_dir() else run / "artifacts"


def _metrics(run: Path) -> Iterator[tuple[str, Path]]:
    return ((name, path) for name, path in _walk(run / "metrics") if not name.startswith(SYSTEM))


def _points(path: Path) -> Points:
    text = path.read_text("utf-8")
    # A line that is still being written is left for the next time.
    text = text[: text.rfind("\n") + 1]
    words = text.split()
    try:
        if len(words) == 3 * text.count("\n"):
            table = np.array(words, dtype=np.float64).reshape(-1, 3)
            return Points(table[:, 2], table[:, 1], table[:, 0])
        # Before MLflow 1.0 there was no step; since 2.? a dataset's name and digest may follow.
        fields = [line.split(" ") for line in text.splitlines()]
        return Points(
            np.array([line[2] if len(line) > 2 else 0 for line in fields], dtype=np.float64),
            np.array([line[1] for line in fields], dtype=np.float64),
            np.array([line[0] for line in fields], dtype=np.float64),
        )
    except (ValueError, IndexError):
        raise MalformedError(f"{path}: lines of 'milliseconds value step' are expected") from None


def _latest(path: Path) -> tuple[float, float]:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    lines = tail[: tail.rfind(b"\n") + 1].splitlines()
    if not lines:
        return (0.0, np.nan)
    words = lines[-1].split(b" ")
    try:
        return (float(words[2]) if len(words) > 2 else 0.0, float(words[1]))
    except (ValueError, IndexError):
        raise MalformedError(f"{path}: lines of 'milliseconds value step' are expected") from None


def _datasets(run: Path) -> tuple[Mapping[str, Any], ...]:
    found = []
    inputs = run / "inputs"
    for folder in sorted(inputs.iterdir()) if inputs.is_dir() else ():
        meta = _meta(folder)
        described = run.parent / "datasets" / str(meta.get("source_id"))
        if meta.get("source_type") == "DATASET" and (described / _META).is_file():
            data = _meta(described)
            context = (meta.get("tags") or {}).get(CONTEXT_TAG)
            found.append(
                dataset(data.get("name", ""), data.get("digest", ""), context, data.get("profile"), data.get("schema"))
            )
    return tuple(sorted(found, key=lambda item: (item["name"], item["digest"], item["context"] or "")))


def _texts(folder: Path) -> dict[str, str]:
    return {name: path.read_text("utf-8", "replace") for name, path in _walk(folder)}


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files by their path below the folder, which is the key: ``val/loss`` lies in a folder ``val``."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            yield path.relative_to(folder).as_posix(), path


def _meta(folder: Path) -> dict[str, Any]:
    path = folder / _META
    try:
        with path.open("rb") as file:
            content = yaml.load(file, Loader=_Loader)
    except (OSError, yaml.YAMLError) as error:
        raise MalformedError(f"{path} cannot be read: {type(error).__name__}") from None
    if not isinstance(content, dict):
        raise MalformedError(f"{path} is not a file of MLflow")
    return content
