"""The graph of the network that ``wandb.watch`` leaves as a file of the run: which file, and the model read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tracker_diag.adapters.base import TrackerError
from tracker_diag.core.foreign_files import MIB, NotAFileError, read_file
from tracker_diag.core.model import InvalidModelError, Model
from tracker_diag.core.outgoing import clean
from tracker_diag.models.watched import read_graph

FOLDER = "media/graph"
"""Where the client puts graphs, among the files of a run."""
LARGEST = 16 * MIB
_TYPE = "graph-file"


def watched_model(summary: Mapping[str, Any], read: Callable[[str], bytes | None]) -> Model | None:
    """Read the network that a run's summary names a graph of.

    Parameters
    ----------
    summary : mapping
        The run's.
    read : callable
        Gives the content of a file of the run by its path, None where there is no such file; called at most once. It
        may raise what reading a file raises.

    Returns
    -------
    Model or None
        None where the summary names no graph. What cannot be read is a note, so that the rest of the run is diagnosed.
    """
    paths = [
        entry.get("path") for entry in summary.values() if isinstance(entry, Mapping) and entry.get("_type") == _TYPE
    ]
    if not paths:
        return None
    if len(paths) > 1:
        # A generator and its critic, or one network watched twice: nothing says which of them the losses are of.
        return _unread(f"the run has {len(paths)} graphs")
    try:
        content = read(_checked(paths[0]))
        if content is None:
            raise NotAFileError(f"{paths[0]} is not among the files of the run")
        return read_graph(content)
    except (InvalidModelError, NotAFileError, OSError, TrackerError) as error:
        return _unread(error)


def read_below(root: Path, name: str) -> bytes | None:
    """Read a file below a folder, on a path that leads through no link; None where there is no file.

    Raises
    ------
    NotAFileError
        If a link is on the way, it is not a regular file, or it is larger than any graph.
    OSError
        If it cannot be opened.
    """
    place = root.resolve() / name
    try:
        if place.resolve() != place:
            raise NotAFileError(f"a link is on the way to {name}")
        return read_file(place, LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _unread(why: object) -> Model:
    return Model(notes=(f"the graph of the network was not read: {clean(why, 300)}",))


def _checked(path: Any) -> str:
    parts = PurePosixPath(path).parts if isinstance(path, str) else ()
    if not parts or parts[0] == "/" or ".." in parts or "\0" in path or "\\" in path:
        raise NotAFileError(f"{clean(path, 80)!r} names no file of the run")
    return "/".join(parts)
