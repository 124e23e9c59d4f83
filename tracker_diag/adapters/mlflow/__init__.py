"""MLflow: a server over HTTP, a tracking database, or an ``mlruns`` folder, chosen by the tracking URI."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tracker_diag.adapters.base import Adapter, TrackerError

_KNOWN = "give http(s)://…, sqlite:///…, postgresql://…, mysql://… or a folder"
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
        If there is no MLflow store of that kind, or no such file or folder.
    """
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or _default()
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise TrackerError(f"the tracking URI is no address: {_KNOWN}") from None
    scheme = parts.scheme.lower()
    if scheme in ("http", "https"):
        from tracker_diag.adapters.mlflow.server import ServerAdapter

        return ServerAdapter(uri, prefix)
    if scheme.partition("+")[0] in _DATABASES:
        from tracker_diag.adapters.mlflow.database import DatabaseAdapter

        return DatabaseAdapter(uri, prefix)
    if scheme in ("", "file") and uri != "databricks":
        from tracker_diag.adapters.mlflow.folder import FolderAdapter

        return FolderAdapter(Path(url2pathname(parts.path)) if scheme else Path(uri), prefix)
    raise TrackerError(f"no adapter for tracking URIs of the kind {scheme or uri!r}: {_KNOWN}")


def _default() -> str:
    """MLflow's own rule, without the seconds its import takes."""
    if any(Path("mlruns").glob("[0-9]*/meta.yaml")):
        return "mlruns"
    return "sqlite:///mlflow.db"
