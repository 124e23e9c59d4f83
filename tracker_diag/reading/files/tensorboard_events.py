"""Event files of TensorBoard, read by its own package (the extra ``tensorboard``): scalars, and hyperparameters.

All event files of a folder are one run. Keras writes two folders beside each other, ``train`` and ``validation``: they
are one run too, and so are the folders that PyTorch's ``add_scalars`` and ``add_hparams`` add below that of a run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tracker_diag.core.foreign_files import MIB, NotAFileError, open_regular
from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import Run, Series
from tracker_diag.reading.cells import as_number
from tracker_diag.reading.file_format import FileFormat, Found, ReadingError

LARGEST = 1024 * MIB
"""Bytes of the event files of a run, which may hold pictures too."""
MOST_TAGS, MOST_POINTS = 10_000, 20_000_000
_PARTS = ("train", "validation", "val", "test", "eval")
_HPARAMS = "_hparams_/session_start_info"


@dataclass(slots=True)
class _Points:
    steps: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def read(found: Found) -> tuple[Run, ...]:
    """Read the run of a folder."""
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    except ImportError:
        raise ReadingError("reading event files needs TensorBoard: pip install 'tracker-diag[tensorboard]'") from None
    curves: dict[str, _Points] = defaultdict(_Points)
    params: dict[str, Any] = {}
    left = LARGEST
    for path in found.files:
        left -= _size(path, left, typed=found.typed)
        part = _part(found, path)
        for step, seconds, name, value in _scalars(EventFileLoader(str(path.absolute())), path, params):
            points = curves[f"{part}/{name}" if part else name]
            points.steps.append(step)
            points.values.append(value)
            points.seconds.append(seconds)
            if len(curves) > MOST_TAGS or len(points.steps) > MOST_POINTS:
                raise ReadingError(
                    f"{clean(path)}: too large, with more than {MOST_TAGS:,} tags or {MOST_POINTS:,} points per tag"
                )
    if not curves:
        raise ReadingError(
            f"{clean(found.home)}: no scalars in its event files: log some with writer.add_scalar('loss', …)"
        )
    metrics = {name: Series.from_points(name, p.steps, p.values, p.seconds) for name, p in curves.items()}
    ends = [max(p.seconds) for p in curves.values()]
    return (Run.from_dict({"id": found.id, "metrics": metrics, "params": params, "end_time": max(ends)}),)


def _size(path: Path, left: int, *, typed: bool) -> int:
    try:
        with open_regular(path, left, typed=typed) as file:
            return file.seek(0, 2)
    except NotAFileError as error:
        raise ReadingError(clean(error)) from None
    except OSError as error:
        raise ReadingError(f"{clean(path)}: {error.strerror}") from None


def _part(found: Found, path: Path) -> str:
    """The folder below the run's, which says of which data the scalars are; that of ``add_hparams`` is a time."""
    if path.parent == found.home or as_number(path.parent.name) is not None:
        return ""
    return {"validation": "val"}.get(path.parent.name, path.parent.name)


def _scalars(loader: Any, path: Path, params: dict[str, Any]) -> Iterator[tuple[float, float, str, float]]:
    """Step, wall time, tag and value of each scalar; hyperparameters are put into ``params``."""
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.util import tensor_util

    kinds: dict[str, int] = {}
    try:
        for event in loader.Load():
            for value in event.summary.value:
                if value.HasField("metadata"):
                    kinds.setdefault(value.tag, value.metadata.data_class)
                    if value.tag == _HPARAMS and value.metadata.plugin_data.plugin_name == "hparams":
                        params |= _hparams(value.metadata.plugin_data.content)
                if kinds.get(value.tag) != summary_pb2.DATA_CLASS_SCALAR or not value.HasField("tensor"):
                    continue
                array = np.asarray(tensor_util.make_ndarray(value.tensor))
                if array.size == 1 and array.dtype.kind in "iuf":
                    yield float(event.step), float(event.wall_time), value.tag, float(array.ravel()[0])
    except Exception as error:  # noqa: BLE001  what a damaged file makes TensorBoard raise is its own to choose
        raise ReadingError(f"{clean(path)}: TensorBoard cannot read it ({type(error).__name__})") from None


def _hparams(content: bytes) -> dict[str, Any]:
    from tensorboard.plugins.hparams import plugin_data_pb2

    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    found = {}
    for name, value in data.session_start_info.hparams.items():
        kind = value.WhichOneof("kind")
        found[name] = getattr(value, kind) if kind in ("number_value", "string_value", "bool_value") else None
    return found


def _home(path: Path) -> Path:
    """The folder of the run: the one above, where it is one part of several, or a folder that a writer added."""
    folder = path.parent
    beside = [other for other in folder.parent.glob("*tfevents*") if other.is_file()]
    several = folder.name in _PARTS and any((folder.parent / name).is_dir() for name in _PARTS if name != folder.name)
    return folder.parent if beside or several else folder


FORMAT = FileFormat("TensorBoard's event files", ("*tfevents*",), read, _home)
