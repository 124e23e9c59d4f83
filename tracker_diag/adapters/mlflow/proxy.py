"""Artifacts behind the server's own proxy (``mlflow-artifacts:``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeVar
from urllib.parse import quote, urlsplit

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import AwayError, DeniedError, TrackerError, UnusableStoreError
from tracker_diag.adapters.mlflow.http import Http, items_under
from tracker_diag.adapters.mlflow.refusals import RefusedError

T = TypeVar("T")

LONGEST_FILE = 64 * disk.MIB
"""Bytes; what is read are a dataset's profile and a model's summary."""
REMEMBERED = 60.0
"""Seconds for which a store that was out of reach is not asked again for what can be done without."""
_ENDPOINT = "/api/2.0/mlflow-artifacts/artifacts"


def proxied_path(uri: str) -> str | None:
    """Path that the server's proxy knows an artifact URI by, or None if the URI does not lead there.

    Raises
    ------
    UnusableStoreError
        If it is not an address, or leads out of the store.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise UnusableStoreError("the run's artifact address is invalid: correct artifact_uri") from None
    if parts.scheme == "mlflow-artifacts":
        path = parts.path.strip("/")
    elif parts.scheme in ("http", "https") and f"{_ENDPOINT}/" in parts.path:
        path = parts.path.partition(f"{_ENDPOINT}/")[2].strip("/")
    else:
        return None
    if ".." in path.split("/"):
        raise UnusableStoreError("the run's artifact address leads out of the server's artifact store")
    return path


@dataclass
class Outage:
    """That the store behind a server was out of reach, found out for one run and known to the others.

    Attributes
    ----------
    until : float
        On the monotonic clock.
    """

    reason: str = ""
    until: float = 0.0


class ProxiedArtifacts:
    """Artifacts of one run, through ``/api/2.0/mlflow-artifacts``; no database is asked for them.

    Parameters
    ----------
    http : Http
    root : str
        The run's, as the proxy knows it.
    outage : Outage
        Shared by all runs of the server.
    """

    def __init__(self, http: Http, root: str, outage: Outage) -> None:
        self._http = http
        self._root = root
        self._outage = outage

    def names(self, folder: str) -> set[str]:
        """List a folder."""
        try:
            params = [("path", f"{self._root}/{folder}".rstrip("/"))]
            answer = self._unless_away(lambda: self._http.json("GET", _ENDPOINT, params=params))
        except RefusedError as refusal:
            if _serves_none(refusal):
                self._explain(refusal, "artifacts not listed")
            if refusal.status == 404:
                return set()
            raise
        paths = [
            entry.get("path") if isinstance(entry, dict) else None
            for entry in items_under(answer, "files", f"{self._http.name} answered {_ENDPOINT}")
        ]
        return {path.rpartition("/")[2] for path in paths if isinstance(path, str)}

    def read(self, path: str) -> bytes | None:
        """Read a file, or None where there is none."""
        try:
            return self._unless_away(lambda: self._http.request("GET", self._address(path), LONGEST_FILE)).body
        except RefusedError as refusal:
            if _serves_none(refusal):
                self._explain(refusal, f"artifact {path} not read")
            if refusal.status == 404:
                return None
            raise

    def put(self, files: Mapping[str, bytes]) -> None:
        """Upload files one by one."""
        for path, content in files.items():
            try:
                self._http.request("PUT", self._address(path), data=content)
            except TrackerError as error:
                self._explain(error, f"artifact {path} not stored")

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete files, and the folder if nothing is left in it."""
        try:
            for path in paths:
                self._http.request("DELETE", self._address(path))
            # Deleting a folder takes what is in it: only once it is seen to be empty.
            if paths and not self.names(folder):
                self._http.request("DELETE", self._address(folder))
        except TrackerError as error:
            self._explain(error, f"artifacts in {folder} not deleted")

    def _unless_away(self, ask: Callable[[], T]) -> T:
        if time.monotonic() < self._outage.until:
            raise AwayError(self._outage.reason)
        try:
            return ask()
        except AwayError as error:
            self._outage.reason, self._outage.until = str(error), time.monotonic() + REMEMBERED
            raise

    def _explain(self, error: TrackerError, what: str) -> NoReturn:
        if isinstance(error, RefusedError) and _serves_none(error):
            raise UnusableStoreError(
                f"{self._http.name} serves no artifacts: start it with --serve-artifacts; {what}"
            ) from error
        if isinstance(error, RefusedError) and error.status == 403:
            raise DeniedError(f"{error}; {what}") from error
        kind = AwayError if isinstance(error, AwayError) else TrackerError
        raise kind(f"{error}; {what}") from error

    def _address(self, path: str) -> str:
        return f"{_ENDPOINT}/{quote(f'{self._root}/{path}')}"


def _serves_none(refusal: RefusedError) -> bool:
    """Whether the server says that artifacts are not its business, and not merely that one is not there."""
    return refusal.status in (404, 501) and not refusal.code and "artifact" in refusal.message.lower()
