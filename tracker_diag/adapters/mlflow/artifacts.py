"""The artifacts of one run: what every store of them does, and those in a folder of this machine."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, TypeVar

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import TrackerError, UnusableStoreError
from tracker_diag.core import own

T = TypeVar("T")
Take = Callable[[Iterator[bytes]], T]
"""What reads the beginning of a file, part by part, and stops when it has enough."""

LARGEST = {own.MODEL_SUMMARY: 4 * disk.MIB, own.PROFILE: 16 * disk.MIB, own.MODEL: 4 * disk.MIB}
"""Bytes that are read of what training code left for us, by name; a larger file is not read."""
ANY_RUN = "<run id>"
_MODELS = "models"  # the folder of logged models beside those of the runs of an experiment
_OF_RUN = re.compile(r"(?P<location>(?:.*/)?)[^/]+/artifacts")
_PART = 2**16  # bytes

_log = logging.getLogger(__name__)


class NotHereError(UnusableStoreError):
    """The folder of an address does not exist on this machine, and may exist on another."""


class GuardedError(UnusableStoreError):
    """The store's endpoint is refused by something in front of the server, which may let it through one day."""


class Artifacts(Protocol):
    """The artifact root of one run, or of one logged model.

    Every method raises TrackerError where the store refuses, UnusableStoreError where it never can do otherwise.

    Attributes
    ----------
    is_here : bool
        Whether a file costs no more than opening it.
    """

    is_here: bool

    def names(self, folder: str) -> set[str]:
        """List the files and folders directly in ``folder`` ("" is the root); none where there is no such folder."""

    def read(self, path: str) -> bytes | None:
        """Read a file, or None where there is none."""

    def head(self, path: str, most: int, take: Take[T]) -> T | None:
        """Give at most ``most`` bytes of a file to ``take``, whose errors are passed on; None where there is none."""

    def of_model(self, model: str) -> Artifacts:
        """Open the artifacts of a logged model of the run, which MLflow puts beside those of the runs."""

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files, replacing earlier ones."""

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete files in ``folder``, drafts of ours in it, and the folder itself if nothing is left in it."""


class LocalArtifacts:
    """Artifacts in a folder of this machine, which need not exist yet.

    Parameters
    ----------
    path : Path
        ``…/<run id>/artifacts``.
    root : Path, optional
        A folder above it, below which nothing is written through a link; that of the run's experiment by default.
    """

    is_here = True

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self._path = path
        self._root = path.parents[1] if root is None else root
        self._below = path.relative_to(self._root).as_posix()

    def names(self, folder: str) -> set[str]:
        """List a folder."""
        try:
            return {entry.name for entry in (self._path / folder).iterdir()}
        except (FileNotFoundError, NotADirectoryError):
            return set()
        except OSError as error:
            raise _refusal(error) from error

    def read(self, path: str) -> bytes | None:
        """Read a file."""
        try:
            return disk.read_file(self._path / path, LARGEST[PurePosixPath(path).name])
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except disk.NotAFileError as error:
            raise TrackerError(str(error)) from None
        except OSError as error:
            raise _refusal(error) from error

    def head(self, path: str, most: int, take: Take[T]) -> T | None:
        """Read the beginning of a file that lies there itself, not behind a link."""
        place = self._path / path
        if any(above.is_symlink() for above in place.parents if above.is_relative_to(self._root)):
            raise TrackerError("it is behind a link, which may lead to somebody else's files")
        try:
            with disk.open_regular(place, sys.maxsize) as file:
                return take(parts(file, most))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except disk.NotAFileError:
            raise TrackerError("it is not a regular file") from None
        except OSError as error:
            raise _refusal(error) from error

    def of_model(self, model: str) -> LocalArtifacts:
        """Open the folder of a logged model, whose experiment is that of the run."""
        experiment = self._path.parents[1]
        return LocalArtifacts(experiment / _MODELS / model / "artifacts", experiment)

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write all files aside, then put each in place by renaming: a full disk leaves nothing half-written."""
        below = {f"{self._below}/{path}": content for path, content in files.items()}
        try:
            try:
                self._write(below)
            except FileNotFoundError:
                # Another sweep may just have found the folder empty, and removed it.
                self._write(below)
        except (FileNotFoundError, NotADirectoryError) as error:
            where = str(error.filename).replace(self._path.parent.name, ANY_RUN)
            raise UnusableStoreError(f"{where}: this folder cannot be created") from error
        except OSError as error:
            raise _refusal(error) from error

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete files, and the folder if it is empty then."""
        disk.remove_drafts(self._root, f"{self._below}/{folder}")
        try:
            disk.delete_files(self._root, [f"{self._below}/{path}" for path in paths], keep=self._below)
        except OSError as error:
            raise _refusal(error) from error
        # delete_files left the folder if only drafts were in it.
        disk.remove_if_empty(self._root, f"{self._below}/{folder}")

    def _write(self, files: Mapping[str, bytes]) -> None:
        self._root.mkdir(exist_ok=True)
        disk.write_files(self._root, files)


class UnreachableArtifacts:
    """Artifacts at an address that leads nowhere from here: none can be read, and none can be written.

    Parameters
    ----------
    reason : str
        Why, and what to do.
    """

    is_here = False

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def names(self, folder: str) -> set[str]:
        """Refuse."""
        del folder
        raise UnusableStoreError(self._reason)

    def read(self, path: str) -> None:
        """Refuse."""
        del path
        raise UnusableStoreError(self._reason)

    def head(self, path: str, most: int, take: Take[T]) -> T | None:
        """Refuse."""
        del path, most, take
        raise UnusableStoreError(self._reason)

    def of_model(self, model: str) -> UnreachableArtifacts:
        """Those of a model would be there too."""
        del model
        return self

    def put(self, files: Mapping[str, bytes]) -> None:
        """Refuse."""
        del files
        raise UnusableStoreError(self._reason)

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Refuse."""
        del paths, folder
        raise UnusableStoreError(self._reason)


@lru_cache(maxsize=64)
def warn_once(text: str) -> None:
    """Warn of what would be the same for each of thousands of runs."""
    _log.warning("%s", text)


def parts(file: BinaryIO, most: int) -> Iterator[bytes]:
    """Read a file part by part, at most so many bytes."""
    while most > 0 and (part := file.read(min(_PART, most))):
        yield part
        most -= len(part)


def model_place(place: str, model: str) -> str:
    """Say where a logged model lies, by the address or path of the artifacts of a run of its experiment.

    Raises
    ------
    UnusableStoreError
        If that does not end as MLflow's do.
    """
    found = _OF_RUN.fullmatch(place.rstrip("/"))
    if found is None:
        raise UnusableStoreError(f"the run's artifact address does not end in {ANY_RUN}/artifacts, as MLflow's do")
    return f"{found['location']}{_MODELS}/{model}/artifacts"


def begins_another(name: str, names: Collection[str]) -> bool:
    """Whether a store that deletes by the beginning of a name would take others along."""
    return any(other != name and other.startswith(name) for other in names)


def _refusal(error: OSError) -> TrackerError:
    return disk.refusal(error, "give access to that folder")
