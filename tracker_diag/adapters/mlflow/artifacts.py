"""The artifacts of one run: on this machine, behind the server's proxy, or in a remote store."""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
import uuid
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tracker_diag.adapters.base import TrackerError

FOLDER = "diagnosis"
# The only files that are ever deleted; whatever else lies in the folder (profile.json) is the user's.
OURS = ("report.json", "report.html", "suggested_config.yaml")
_PROFILE = f"{FOLDER}/profile.json"
_SUMMARY = "model_summary.txt"

_log = logging.getLogger(__name__)


class Artifacts(Protocol):
    """The artifact root of one run. Every method raises TrackerError where the store refuses."""

    def names(self, folder: str) -> set[str]:
        """List the files and folders directly in ``folder`` ("" is the root); none where there is no such folder."""

    def read(self, path: str) -> bytes | None:
        """Read a file, or None where there is none."""

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files, replacing earlier ones."""

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete files in ``folder``, and the folder itself if nothing is left in it."""


class LocalArtifacts:
    """Artifacts in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> set[str]:
        """List a folder."""
        try:
            return {entry.name for entry in (self._root / folder).iterdir()}
        except (FileNotFoundError, NotADirectoryError):
            return set()
        except OSError as error:
            raise _refusal(error) from error

    def read(self, path: str) -> bytes | None:
        """Read a file."""
        try:
            return (self._root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise _refusal(error) from error

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write all files aside, then put each in place by renaming: a full disk leaves nothing half-written."""
        aside: list[tuple[Path, Path]] = []
        try:
            for path, content in files.items():
                target = self._root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
                aside.append((temporary, target))
                with temporary.open("xb") as file:
                    file.write(content)
            for temporary, target in aside:
                temporary.replace(target)
        except OSError as error:
            for temporary, _ in aside:
                temporary.unlink(missing_ok=True)
            raise _refusal(error) from error

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete files, and the folder if it is empty then."""
        try:
            for path in paths:
                (self._root / path).unlink(missing_ok=True)
        except OSError as error:
            raise _refusal(error) from error
        with contextlib.suppress(OSError):
            (self._root / folder).rmdir()


class RepositoryArtifacts:
    """Artifacts in a store that MLflow's own repositories reach: S3, GCS, Azure, HDFS and others."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def names(self, folder: str) -> set[str]:
        """List a folder."""
        return {PurePosixPath(entry.path).name for entry in self._do("list_artifacts", folder or None)}

    def read(self, path: str) -> bytes | None:
        """Read a file, or None where there is none."""
        above = PurePosixPath(path)
        if above.name not in self.names("" if above.parent == PurePosixPath() else str(above.parent)):
            return None
        with tempfile.TemporaryDirectory() as local:
            return Path(self._do("download_artifacts", path, local)).read_bytes()

    def put(self, files: Mapping[str, bytes]) -> None:
        """Upload files one by one."""
        with tempfile.TemporaryDirectory() as local:
            for path, content in files.items():
                source = Path(local) / PurePosixPath(path).name
                source.write_bytes(content)
                self._do("log_artifact", str(source), str(PurePosixPath(path).parent))

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete files, where the repository can; object stores have no folders to remove."""
        del folder
        for path in paths:
            self._do("delete_artifacts", path)

    def _do(self, method: str, *arguments: Any) -> Any:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        try:
            return getattr(get_artifact_repository(self._uri), method)(*arguments)
        # Each cloud's SDK raises its own kind, from missing credentials to a missing package.
        except Exception as error:
            store = urlsplit(self._uri).scheme or "the store"
            raise TrackerError(
                f"artifact store ({store}) refused {method}: {type(error).__name__}; "
                "check its credentials and packages, or write tags alone with --artifacts none"
            ) from error


class UnreachableArtifacts:
    """Artifacts that nobody but the tracking server can reach: there are none to read, and none can be written.

    Parameters
    ----------
    reason : str
        Why, and what to do.
    """

    def __init__(self, reason: str) -> None:
        self._error = TrackerError(f"{reason}, or write tags alone with --artifacts none")

    def names(self, folder: str) -> set[str]:
        """List nothing."""
        del folder
        return set()

    def read(self, path: str) -> None:
        """Read nothing."""
        del path

    def put(self, files: Mapping[str, bytes]) -> None:
        """Refuse."""
        del files
        raise self._error

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Refuse."""
        del paths, folder
        raise self._error


def local_path(uri: str) -> Path | None:
    """Path of an artifact URI that lies on a file system, or None."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    if not parts.scheme:
        return Path(uri)
    return None


def replace(artifacts: Artifacts, files: Mapping[str, bytes]) -> None:
    """Make ``diagnosis/`` hold these files of ours and no others.

    Raises
    ------
    TrackerError
        If the store refuses; what was there before is then still there, and nothing new.
    """
    try:
        before = artifacts.names(FOLDER)
    except TrackerError as error:
        if files:
            raise
        _warn_once(f"artifacts of an earlier diagnosis may remain: {error}")
        return
    try:
        if files:
            artifacts.put({f"{FOLDER}/{name}": content for name, content in files.items()})
    except TrackerError:
        new = files.keys() - before
        with contextlib.suppress(TrackerError):
            artifacts.delete([f"{FOLDER}/{name}" for name in sorted(new & artifacts.names(FOLDER))], FOLDER)
        raise
    stale = before & set(OURS) - files.keys()
    if stale:
        try:
            artifacts.delete([f"{FOLDER}/{name}" for name in sorted(stale)], FOLDER)
        except TrackerError as error:
            _warn_once(f"artifacts of an earlier diagnosis remain: {error}")


def clear(artifacts: Artifacts) -> tuple[int, tuple[str, ...]]:
    """Delete our files: how many went, and which are left, in words."""
    try:
        ours = sorted(artifacts.names(FOLDER) & set(OURS))
    except TrackerError as error:
        return 0, (f"artifacts under {FOLDER}/, if there are any: {error}",)
    if not ours:
        return 0, ()
    try:
        artifacts.delete([f"{FOLDER}/{name}" for name in ours], FOLDER)
    except TrackerError as error:
        remaining = _remaining(artifacts, ours)
        return len(ours) - len(remaining), tuple(f"{FOLDER}/{name}: {error}" for name in remaining)
    return len(ours), ()


def extras(artifacts: Artifacts) -> tuple[Mapping[str, Any] | None, str | None]:
    """Dataset profile and model summary that the training code left, where there are any.

    A store that refuses gives neither, with a warning in the log: the curves can be diagnosed without them.
    """
    try:
        top = artifacts.names("")
        summary = artifacts.read(_SUMMARY) if _SUMMARY in top else None
        profile = artifacts.read(_PROFILE) if FOLDER in top else None
    except TrackerError as error:
        _warn_once(f"artifacts not read: {error}")
        return None, None
    return _mapping(profile), None if summary is None else summary.decode("utf-8", "replace")


def _mapping(content: bytes | None) -> Mapping[str, Any] | None:
    if content is None:
        return None
    try:
        value = json.loads(content)
    except ValueError:
        _log.warning("%s is not JSON: not used", _PROFILE)
        return None
    return value if isinstance(value, dict) else None


@lru_cache(maxsize=64)
def _warn_once(text: str) -> None:
    """Warn of what would be the same for each of thousands of runs."""
    _log.warning("%s", text)


def _remaining(artifacts: Artifacts, names: Collection[str]) -> list[str]:
    try:
        return sorted(artifacts.names(FOLDER) & set(names))
    except TrackerError:
        return sorted(names)


def _refusal(error: OSError) -> TrackerError:
    return TrackerError(
        f"artifact store refused {error.filename}: {error.strerror}; give access to that folder, "
        "or write tags alone with --artifacts none"
    )
