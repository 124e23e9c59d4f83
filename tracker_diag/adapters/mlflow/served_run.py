"""One run of an MLflow server: its tags and its artifacts, read and written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from tracker_diag.adapters.base import DeniedError, Listing, UnusableStoreError
from tracker_diag.adapters.mlflow.artifact_address import at_address, local_root, store_at
from tracker_diag.adapters.mlflow.artifacts import Artifacts, NotHereError, UnreachableArtifacts
from tracker_diag.adapters.mlflow.http import Http
from tracker_diag.adapters.mlflow.proxy import NoArtifacts, ProxiedArtifacts, StoreState, proxied_path
from tracker_diag.adapters.mlflow.record import Record
from tracker_diag.adapters.mlflow.refusals import RefusedError
from tracker_diag.adapters.mlflow.rest import API, record_of
from tracker_diag.core.own import DESCRIPTION

_ENDED = ("FINISHED", "FAILED", "KILLED")
_TAGS_A_BATCH = 100  # the server's limit


class ServedRun:
    """One run of a server, to be written to.

    Parameters
    ----------
    http : Http
        The server.
    record : Record
        The run.
    state : StoreState
        Shared by all runs of the server.
    """

    def __init__(self, http: Http, record: Record, state: StoreState) -> None:
        self._http = http
        self._record = record
        self._state = state

    def tags(self) -> Mapping[str, str]:
        """Give the tags that were read."""
        return self._record.tags

    def description(self) -> str:
        """Read the description as it is now."""
        answer = self._http.json("GET", f"{API}/runs/get", params=[("run_id", self._record.id)])
        return record_of(answer.get("run")).tags.get(DESCRIPTION, "")

    def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
        """Delete tags, then set tags."""
        for key in delete:
            try:
                self._change("delete-tag", key=key)
            except RefusedError as refusal:
                if refusal.code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        tags = [{"key": key, "value": value} for key, value in put.items()]
        for start in range(0, len(tags), _TAGS_A_BATCH):
            self._change("log-batch", tags=tags[start : start + _TAGS_A_BATCH])

    def artifacts(self) -> Artifacts:
        """Open the artifacts of the run."""
        return artifacts_of(self._http, self._record, self._state)

    def store(self) -> str:
        """Give the address of the artifacts, as a listing gives it."""
        return store_of(self._http, self._record)

    def _change(self, what: str, **change: Any) -> None:
        try:
            self._http.json("POST", f"{API}/runs/{what}", body={"run_id": self._record.id, **change})
        except RefusedError as refusal:
            if refusal.status == 403:
                raise DeniedError(str(refusal)) from refusal
            raise


class BareRun(ServedRun):
    """One run that is known to have no files."""

    def artifacts(self) -> Artifacts:
        """Give none."""
        return NoArtifacts()


def listing_of(http: Http, record: Record, experiment: str) -> Listing:
    """Show a run of a server as a page of a search does; see :meth:`Record.listing` for what is raised."""
    return replace(record.listing(experiment), store=store_of(http, record))


def store_of(http: Http, record: Record) -> str:
    """Give the address of a run's artifacts, and the way to it."""
    # What cannot be reached without a server may be through one: another way is another address.
    return f"{store_at(record.artifact_uri, record.id)} through {http.name}"


def artifacts_of(http: Http, record: Record, state: StoreState) -> Artifacts:
    """Open the artifacts of a run, through the server where it proxies them."""
    try:
        proxied = proxied_path(record.artifact_uri)
        if proxied is not None:
            return ProxiedArtifacts(http, proxied, state, ended=record.status in _ENDED)
        local_root(record.artifact_uri, record.id)
    except NotHereError as error:
        return UnreachableArtifacts(f"{error}, or start the server with --artifacts-destination")
    except UnusableStoreError as error:
        return UnreachableArtifacts(str(error))
    return at_address(record.artifact_uri, record.id)
