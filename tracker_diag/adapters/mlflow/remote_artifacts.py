"""Artifacts in a remote store, through MLflow's own repositories."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import TrackerError, UnusableStoreError
from tracker_diag.adapters.mlflow.answer import within
from tracker_diag.adapters.mlflow.artifacts import LARGEST, Take, begins_another, model_place, parts

T = TypeVar("T")

LARGEST_COPY = 64 * disk.MIB
"""Bytes of a file that is copied for its beginning."""
_SECONDS = 60.0  # for one request to a store, and until one that gave no answer is asked again
_away_until: dict[tuple[str, str], float] = {}


class RepositoryArtifacts:
    """Artifacts in a store that MLflow's own repositories reach: S3, GCS, Azure, HDFS and others."""

    is_here = False

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def names(self, folder: str) -> set[str]:
        """List a folder."""
        return {PurePosixPath(entry.path).name for entry in self._do("list_artifacts", folder or None)}

    def read(self, path: str) -> bytes | None:
        """Read a file, or None where there is none."""
        return self._copied(path, LARGEST[PurePosixPath(path).name], lambda file: file.read())

    def head(self, path: str, most: int, take: Take[T]) -> T | None:
        """Read the beginning of a file, of which the repositories copy all: so of no large one."""
        return self._copied(path, LARGEST_COPY, lambda file: take(parts(file, most)))

    def of_model(self, model: str) -> RepositoryArtifacts:
        """Open the artifacts of a logged model."""
        return RepositoryArtifacts(model_place(self._uri, model))

    def put(self, files: Mapping[str, bytes]) -> None:
        """Upload files one by one."""
        with tempfile.TemporaryDirectory() as local:
            for path, content in files.items():
                source = Path(local) / PurePosixPath(path).name
                source.write_bytes(content)
                self._do("log_artifact", str(source), str(PurePosixPath(path).parent))

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete files, where the repository can; object stores have no folders to remove.

        Before MLflow 3.17, clients that delete an object take all whose names begin like it: then ours is left.
        """
        names = self.names(folder)
        for path in paths:
            if begins_another(PurePosixPath(path).name, names):
                raise TrackerError(
                    f"{path} was not deleted: the store might also delete other files whose names begin with the same "
                    "letters"
                )
            self._do("delete_artifacts", path)

    def _copied(self, path: str, largest: int, read: Callable[[BinaryIO], T]) -> T | None:
        name, above = PurePosixPath(path).name, PurePosixPath(path).parent
        listed = self._do("list_artifacts", None if above == PurePosixPath() else str(above))
        entry = next((entry for entry in listed if PurePosixPath(entry.path).name == name), None)
        if entry is None or entry.is_dir:
            return None
        if (entry.file_size or 0) > largest:
            raise TrackerError(f"{path}: has {entry.file_size:,} bytes, more than the limit of {largest:,}")
        with tempfile.TemporaryDirectory() as local:
            copy = Path(self._do("download_artifacts", path, local))
            if not copy.is_file():
                return None
            with copy.open("rb") as file:
                return read(file)

    def _do(self, method: str, *arguments: Any) -> Any:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        parts = urlsplit(self._uri)
        store, place = parts.scheme or "the store", (parts.scheme, parts.netloc)
        if time.monotonic() < _away_until.get(place, 0.0):
            raise TrackerError(f"artifact store ({store}) did not answer a moment ago; try again later")
        try:
            return within(_SECONDS, lambda: getattr(get_artifact_repository(self._uri), method)(*arguments))
        except TimeoutError:
            _away_until[place] = time.monotonic() + _SECONDS
            raise TrackerError(f"artifact store ({store}) did not answer within {_SECONDS:g} s") from None
        # Each cloud's SDK raises its own kind, from missing credentials to a missing package.
        except Exception as error:
            if _can_never_work(error):
                raise UnusableStoreError(
                    f"artifact store ({store}) cannot be used from here: {type(error).__name__}; "
                    "check its address, and install the packages it needs"
                ) from error
            raise TrackerError(
                f"artifact store ({store}) refused {method}: {type(error).__name__}; check its credentials and packages"
            ) from error


def _can_never_work(error: BaseException | None) -> bool:
    """Whether no later try can succeed from here: no such scheme, no package for it, no such host."""
    if error is None:
        return False
    return (
        isinstance(error, ImportError)
        or (isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME)
        or "Could not find a registered artifact repository" in str(error)
        or _can_never_work(error.__cause__ or error.__context__)
    )
