"""MLflow: a server over HTTP, a tracking database, or an ``mlruns`` folder, chosen by the tracking URI."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tracker_diag.adapters.base import Adapter, TrackerError
from tracker_diag.core.outgoing import redacted

_KNOWN = "give http(s)://…, sqlite:///…, postgresql://…, mysql://… or a folder"
_HOST_AND_PORT = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}(?:/[^?#@\s]*)?")
# What MLflow makes in a store that holds nothing yet.
_MADE_BY_MLFLOW = ("0", ".trash")
_DATABASES = ("sqlite", "postgresql", "postgres", "mysql", "mssql")


def connect(tracking_uri: str | None, prefix: str = "diag.") -> Adapter:
    """Choose the adapter for a tracking URI. Nothing is sent yet.

    Parameters
    ----------
    tracking_uri : str or None
        ``http(s)://…``; ``sqlite:///…``, ``postgresql://…``, ``mysql://…``; ``file:…`` or a folder. None means
        MLFLOW_TRACKING_URI, then MLflow's own default: ``./mlruns`` where it holds experiments, else
        ``sqlite:///mlflow.db``.
    prefix : str
        Of the tags that are ours.

    Raises
    ------
    TrackerError
        If there is no MLflow store of that kind, no such file or folder, or the folder is not a store; says which
        address may have been meant.
    """
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or _default()
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise TrackerError(f"the tracking URI is not an address: {_KNOWN}") from None
    if _HOST_AND_PORT.fullmatch(uri) and not os.path.lexists(uri):
        raise TrackerError(f"the tracking URI {uri} has no scheme: use http://{uri}")
    scheme = parts.scheme.lower()
    if scheme in ("http", "https"):
        from tracker_diag.adapters.mlflow.server import ServerAdapter

        return ServerAdapter(uri, prefix)
    if scheme.partition("+")[0] in _DATABASES:
        from tracker_diag.adapters.mlflow.database import DatabaseAdapter

        return DatabaseAdapter(uri, prefix)
    if scheme in ("", "file") and uri != "databricks":
        from tracker_diag.adapters.mlflow.folder import FolderAdapter

        path = Path(url2pathname(parts.path)) if scheme else Path(uri)
        if path.is_file():
            raise TrackerError(f"{redacted(str(path))} is a file: use sqlite:///{redacted(str(path))}")
        adapter = FolderAdapter(path, prefix)
        _check_store(path)
        return adapter
    raise TrackerError(f"tracking URIs of the kind {scheme or uri!r} are not supported: {_KNOWN}")


def _check_store(root: Path) -> None:
    if _holds_experiments(root) or any((root / name).is_dir() for name in _MADE_BY_MLFLOW):
        return
    shown = redacted(str(root))
    meant = root / "mlruns"
    if meant.is_dir() and _holds_experiments(meant):
        raise TrackerError(f"no MLflow experiments in {shown}; did you mean {redacted(str(meant))}?")
    raise TrackerError(f"no MLflow experiments in {shown}: check the tracking URI (MLFLOW_TRACKING_URI)")


def _holds_experiments(root: Path) -> bool:
    from tracker_diag.adapters.mlflow.files import experiment_folders

    try:
        return bool(experiment_folders(root))
    except OSError:  # said where the store is read
        return True


def _default() -> str:
    """MLflow's own rule, without the seconds its import takes."""
    if any(Path("mlruns").glob("[0-9]*/meta.yaml")):
        return "mlruns"
    return "sqlite:///mlflow.db"
