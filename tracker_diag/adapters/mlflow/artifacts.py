"""The artifacts of one run: on this machine, behind the server's proxy, or in a remote store."""

from __future__ import annotations

import logging
import re
import socket
import tempfile
import time
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import TrackerError, UnusableStoreError
from tracker_diag.adapters.mlflow.answer import within
from tracker_diag.adapters.mlflow.meta import META
from tracker_diag.core import own
from tracker_diag.core.foreign_json import read_json_mapping

LARGEST = {own.MODEL_SUMMARY: 4 * disk.MIB, own.PROFILE: 16 * disk.MIB}
"""Bytes that are read of what training code left for us, by name; a larger file is not read."""
_PROFILE = f"{own.FOLDER}/{own.PROFILE}"
_SECONDS = 60.0  # for one request to a store, and until one that gave no answer is asked again
_away_until: dict[tuple[str, str], float] = {}
_RUN_ID = re.compile("[0-9a-f]{32}")
_ANY_RUN = "<run id>"
_CORRECT = "correct artifact_uri in the store"

_log = logging.getLogger(__name__)


class NotHereError(UnusableStoreError):
    """The folder of an address does not exist on this machine, and may exist on another."""


class GuardedError(UnusableStoreError):
    """The store's endpoint is refused by something in front of the server, which may let it through one day."""


class Artifacts(Protocol):
    """The artifact root of one run.

    Every method raises TrackerError where the store refuses, UnusableStoreError where it never can do otherwise.
    """

    def names(self, folder: str) -> set[str]:
        """List the files and folders directly in ``folder`` ("" is the root); none where there is no such folder."""

    def read(self, path: str) -> bytes | None:
        """Read a file, or None where there is none."""

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
            where = str(error.filename).replace(self._path.parent.name, _ANY_RUN)
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


class RepositoryArtifacts:
    """Artifacts in a store that MLflow's own repositories reach: S3, GCS, Azure, HDFS and others."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def names(self, folder: str) -> set[str]:
        """List a folder."""
        return {PurePosixPath(entry.path).name for entry in self._do("list_artifacts", folder or None)}

    def read(self, path: str) -> bytes | None:
        """Read a file, or None where there is none."""
        name, above = PurePosixPath(path).name, PurePosixPath(path).parent
        listed = self._do("list_artifacts", None if above == PurePosixPath() else str(above))
        entry = next((entry for entry in listed if PurePosixPath(entry.path).name == name), None)
        if entry is None:
            return None
        if (entry.file_size or 0) > LARGEST[name]:
            raise TrackerError(f"{path}: {entry.file_size:,} bytes are more than the {LARGEST[name]:,} that are read")
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
        """Delete files, where the repository can; object stores have no folders to remove.

        Before MLflow 3.17, clients that delete an object take all whose names begin like it: then ours is left.
        """
        names = self.names(folder)
        for path in paths:
            if begins_another(PurePosixPath(path).name, names):
                raise TrackerError(f"{path} is left: the store may also delete other files whose names begin like it")
            self._do("delete_artifacts", path)

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
                    "check its address and packages"
                ) from error
            raise TrackerError(
                f"artifact store ({store}) refused {method}: {type(error).__name__}; check its credentials and packages"
            ) from error


class UnreachableArtifacts:
    """Artifacts at an address that leads nowhere from here: none can be read, and none can be written.

    Parameters
    ----------
    reason : str
        Why, and what to do.
    """

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

    def put(self, files: Mapping[str, bytes]) -> None:
        """Refuse."""
        del files
        raise UnusableStoreError(self._reason)

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Refuse."""
        del paths, folder
        raise UnusableStoreError(self._reason)


def at_address(uri: str, run_id: str, base: Path | None = None) -> Artifacts:
    """Open the artifacts of a run at the address that its store holds, but for those that a server at hand proxies.

    ``base`` is as in :func:`local_root`.

    MLflow follows more kinds of addresses. Those of servers it would send the credentials of ours, and those of runs
    and models it would look up in whatever store the environment names: an address is data, and leads to neither.
    """
    scheme = uri.partition(":")[0].lower()
    if scheme in ("mlflow-artifacts", "http", "https"):
        return UnreachableArtifacts(
            "its artifacts are behind an MLflow server: sweep with that server's address as --tracking-uri"
        )
    if scheme in ("runs", "models"):
        return UnreachableArtifacts(f"{scheme}:/… is not the address of an artifact store: {_CORRECT}")
    try:
        path = local_root(uri, run_id, base)
    except UnusableStoreError as error:
        return UnreachableArtifacts(str(error))
    return RepositoryArtifacts(uri) if path is None else LocalArtifacts(path)


def local_root(uri: str, run_id: str, base: Path | None = None) -> Path | None:
    """Folder of a run's artifacts, existing or yet to be made; None where they lie in a remote store.

    An address is data: somebody may have written it to have us write elsewhere, or in good faith on another machine.
    MLflow gives every run ``<location>/<run id>/artifacts``, and makes these folders with the first artifact. So
    nothing else is accepted (``/etc``), nor an address of which this machine knows not even the folder that holds the
    location. A relative one was meant from the folder in which MLflow ran, which is taken to be that of its SQLite
    file, and never the one in which a sweep runs.

    Parameters
    ----------
    uri : str
        As the run's store holds it.
    run_id : str
        What the folder above the artifacts has to be called.
    base : Path, optional
        Where relative addresses start; without one they are refused.

    Raises
    ------
    NotHereError
        If the folder is not on this machine.
    UnusableStoreError
        For any other address. No text names the run, so that all runs of an experiment give the same one.
    """
    if not uri:
        raise UnusableStoreError("the run has no artifact address")
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise UnusableStoreError(f"{_without(run_id, uri)!r} is not an address: {_CORRECT}") from None
    if parts.scheme not in ("", "file"):
        return None
    if not _RUN_ID.fullmatch(run_id):
        raise UnusableStoreError("the run's id is not one of MLflow's, and may name a folder of somebody else's")
    path = Path(url2pathname(parts.path)) if parts.scheme else Path(uri)
    if path.parts[-2:] != (run_id, "artifacts") or ".." in path.parts or parts.netloc not in ("", "localhost"):
        raise UnusableStoreError(
            f"{_without(run_id, uri)!r} does not end in {_ANY_RUN}/artifacts, as MLflow's artifact addresses do: "
            f"{_CORRECT}"
        )
    top = Path(path.anchor)
    if not path.is_absolute():
        if base is None:
            raise UnusableStoreError(
                f"{_without(run_id, uri)!r} is relative to a folder that is not known here: {_CORRECT}"
            )
        path, top = base / path, base
        if not _is_folder(path.parent) and _is_file_store(path.parents[2]):
            raise NotHereError(f"{path.parents[2]} is another store, which does not hold this run: {_CORRECT}")
    known = [folder for folder in (path, *path.parents[:3]) if folder.is_relative_to(top) and folder != top]
    if not any(_is_folder(folder) for folder in known):
        holds = path.parents[1]
        # One that lies directly in "/", or in the base, may be missing where the folder above its run's is not.
        missing = _without(run_id, str(path)) if _is_folder(holds) else str(holds)
        raise NotHereError(f"{missing} does not exist on this machine: run the sweep where it does")
    return path


@lru_cache(maxsize=64)
def warn_once(text: str) -> None:
    """Warn of what would be the same for each of thousands of runs."""
    _log.warning("%s", text)


def extras(artifacts: Artifacts) -> tuple[Mapping[str, Any] | None, str | None]:
    """Dataset profile and model summary that the training code left, where there are any.

    One that cannot be read is left out, with a warning in the log: the curves can be diagnosed without it.
    """
    try:
        top = artifacts.names("")
        # Listed, since our own reports are there too, and many servers answer for a missing file as if they failed.
        beside = artifacts.names(own.FOLDER) if own.FOLDER in top else set()
    except TrackerError as error:
        if not isinstance(error, UnusableStoreError) or isinstance(error, GuardedError):
            warn_once(f"artifacts not read: {error}")
        return None, None
    profile = _left(artifacts, _PROFILE) if own.PROFILE in beside else None
    summary = _left(artifacts, own.MODEL_SUMMARY) if own.MODEL_SUMMARY in top else None
    mapping = read_json_mapping(profile)
    if profile is not None and mapping is None:
        warn_once(f"{_PROFILE} is not a JSON object, or nested too deeply: not used")
    return mapping, None if summary is None else summary.decode("utf-8", "replace")


def begins_another(name: str, names: Collection[str]) -> bool:
    """Whether a store that deletes by the beginning of a name would take others along."""
    return any(other != name and other.startswith(name) for other in names)


def _left(artifacts: Artifacts, path: str) -> bytes | None:
    try:
        return artifacts.read(path)
    except TrackerError as error:
        warn_once(f"artifact not read: {error}")
        return None


def _without(run_id: str, address: str) -> str:
    return (address.replace(run_id, _ANY_RUN) if run_id else address)[:200]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, or a folder that may not be looked into
        return False


def _is_file_store(folder: Path) -> bool:
    return next(folder.glob(f"*/{META}"), None) is not None


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


def _refusal(error: OSError) -> TrackerError:
    return disk.refusal(error, "give access to that folder")
