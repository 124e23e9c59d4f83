"""Where the address of a run's artifacts leads, and where it is not followed."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tracker_diag.adapters.base import UnusableStoreError
from tracker_diag.adapters.mlflow.artifacts import (
    ANY_RUN,
    Artifacts,
    LocalArtifacts,
    NotHereError,
    UnreachableArtifacts,
)
from tracker_diag.adapters.mlflow.meta import META
from tracker_diag.adapters.mlflow.remote_artifacts import RepositoryArtifacts

_RUN_ID = re.compile("[0-9a-f]{32}")
_CORRECT = "correct artifact_uri in the store"


def at_address(uri: str, run_id: str, base: Path | None = None) -> Artifacts:
    """Open the artifacts of a run at the address that its store holds, but for those that a server at hand proxies.

    ``base`` is as in :func:`local_root`.

    MLflow follows more kinds of addresses. Those of servers it would send the credentials of ours, and those of runs
    and models it would look up in whatever store the environment names: an address is data, and leads to neither.
    """
    scheme = uri.partition(":")[0].lower()
    if scheme in ("mlflow-artifacts", "http", "https"):
        return UnreachableArtifacts(
            "its artifacts are behind an MLflow server: give the address of that server as --tracking-uri"
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
        raise UnusableStoreError(
            "the run's ID is not an MLflow ID, and may name a folder that belongs to somebody else"
        )
    path = Path(url2pathname(parts.path)) if parts.scheme else Path(uri)
    if path.parts[-2:] != (run_id, "artifacts") or ".." in path.parts or parts.netloc not in ("", "localhost"):
        raise UnusableStoreError(
            f"{_without(run_id, uri)!r} does not end in {ANY_RUN}/artifacts, as MLflow's artifact addresses do: "
            f"{_CORRECT}"
        )
    top = Path(path.anchor)
    if not path.is_absolute():
        if base is None:
            raise UnusableStoreError(f"{_without(run_id, uri)!r} is relative to an unknown folder: {_CORRECT}")
        path, top = base / path, base
        if not _is_folder(path.parent) and _is_file_store(path.parents[2]):
            raise NotHereError(f"{path.parents[2]} is another store, which does not hold this run: {_CORRECT}")
    known = [folder for folder in (path, *path.parents[:3]) if folder.is_relative_to(top) and folder != top]
    if not any(_is_folder(folder) for folder in known):
        holds = path.parents[1]
        # One that lies directly in "/", or in the base, may be missing where the folder above its run's is not.
        missing = _without(run_id, str(path)) if _is_folder(holds) else str(holds)
        raise NotHereError(
            f"no folder {missing}: create it if the artifacts belong on this machine, otherwise sweep on the machine "
            "that has them"
        )
    return path


def store_at(uri: str, run_id: str, base: Path | None = None) -> str:
    """Tell apart an address that leads to no folder on this machine, and the same one once it does.

    What could not be stored before the folder was made, or from another machine, is due again by this: it is another
    address (:func:`tracker_diag.adapters.base.without_files`). ``base`` is as in :func:`local_root`.
    """
    try:
        local_root(uri, run_id, base)
    except NotHereError:
        return f"{uri} without its folder"
    except UnusableStoreError:
        return uri
    return uri


def _without(run_id: str, address: str) -> str:
    return (address.replace(run_id, ANY_RUN) if run_id else address)[:200]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, or a folder that may not be looked into
        return False


def _is_file_store(folder: Path) -> bool:
    return next(folder.glob(f"*/{META}"), None) is not None
