"""Artifacts behind the server's own proxy (``mlflow-artifacts:``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import quote, urlsplit

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.mlflow.http import Http, RefusedError

_ENDPOINT = "/api/2.0/mlflow-artifacts/artifacts"


def proxied_path(uri: str) -> str | None:
    """Path that the server's proxy knows an artifact URI by, or None if the URI does not lead there."""
    parts = urlsplit(uri)
    if parts.scheme == "mlflow-artifacts":
        return parts.path.strip("/")
    if parts.scheme in ("http", "https") and f"{_ENDPOINT}/" in parts.path:
        return parts.path.partition(f"{_ENDPOINT}/")[2].strip("/")
    return None


class ProxiedArtifacts:
    """Artifacts of one run, through ``/api/2.0/mlflow-artifacts``; no database is asked for them."""

    def __init__(self, http: Http, root: str) -> None:
        self._http = http
        self._root = root

    def names(self, folder: str) -> set[str]:
        """List a folder."""
        try:
            answer = self._http.json("GET", _ENDPOINT, params=[("path", f"{self._root}/{folder}".rstrip("/"))])
        except RefusedError as refusal:
            if refusal.status == 404:
                return set()
            raise
        return {entry["path"].rpartition("/")[2] for entry in answer.get("files", ())}

    def read(self, path: str) -> bytes | None:
        """Read a file, or None where there is none."""
        try:
            return self._http.request("GET", self._address(path)).content
        except RefusedError as refusal:
            if refusal.status == 404:
                return None
            raise

    def put(self, files: Mapping[str, bytes]) -> None:
        """Upload files one by one."""
        for path, content in files.items():
            try:
                self._http.request("PUT", self._address(path), data=content)
            except TrackerError as error:
                raise TrackerError(
                    f"{error}; artifact {path} not stored (--artifacts none writes tags alone)"
                ) from error

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete files, and the folder if nothing is left in it."""
        for path in paths:
            self._http.request("DELETE", self._address(path))
        # Deleting a folder takes what is in it: only once it is seen to be empty.
        if paths and not self.names(folder):
            self._http.request("DELETE", self._address(folder))

    def _address(self, path: str) -> str:
        return f"{_ENDPOINT}/{quote(f'{self._root}/{path}')}"
