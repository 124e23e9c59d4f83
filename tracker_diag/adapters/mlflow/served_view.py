"""The tag of an experiment on an MLflow server that holds our view."""

from __future__ import annotations

from typing import Any

from tracker_diag.adapters.base import DeniedError, TrackerError
from tracker_diag.adapters.mlflow.http import Http
from tracker_diag.adapters.mlflow.refusals import RefusedError
from tracker_diag.adapters.mlflow.rest import API, tags_of
from tracker_diag.core.own import VIEW
from tracker_diag.core.run import InvalidRunError


def view_of(item: Any) -> str:
    """Read the tag of an experiment in an answer; empty where there is none.

    Raises
    ------
    TrackerError
        If the experiment has no tags that can be read.
    """
    try:
        return tags_of(item).get(VIEW, "")
    except InvalidRunError as error:
        raise TrackerError(f"an experiment of the server: {error}") from None


class ServedViewTag:
    """The tag of one experiment.

    Parameters
    ----------
    http : Http
        The server.
    experiment_id : str
        The experiment's.
    """

    def __init__(self, http: Http, experiment_id: str) -> None:
        self._http = http
        self.experiment_id = experiment_id

    def read(self) -> str:
        """Read it as it is now; empty where there is none."""
        params = [("experiment_id", self.experiment_id)]
        return view_of(self._http.json("GET", f"{API}/experiments/get", params=params).get("experiment"))

    def write(self, value: str) -> None:
        """Set it, where it could be deleted again: servers before MLflow 3 cannot."""
        self.delete()
        self._change("set-experiment-tag", key=VIEW, value=value)

    def delete(self) -> None:
        """Delete it; it may be gone already."""
        try:
            self._change("delete-experiment-tag", key=VIEW)
        except RefusedError as refusal:
            if refusal.code == "RESOURCE_DOES_NOT_EXIST":
                return
            if refusal.status != 404:
                raise
            raise TrackerError(
                f"{self._http.name} cannot delete tags of experiments, so it cannot keep a view: upgrade MLflow to 3"
            ) from None

    def _change(self, what: str, **change: Any) -> None:
        try:
            body = {"experiment_id": self.experiment_id, **change}
            self._http.json("POST", f"{API}/experiments/{what}", body=body)
        except RefusedError as refusal:
            if refusal.status == 403:
                raise DeniedError(str(refusal)) from refusal
            raise
