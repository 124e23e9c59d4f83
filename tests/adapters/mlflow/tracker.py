"""MLflow as a training and a person use it: through its own client."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from unittest.mock import patch

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from tests.adapters.contract import Logged
from tracker_diag.adapters.base import Adapter
from tracker_diag.adapters.mlflow import connect

_PREFIX = "diag."
_FOLDER = "diagnosis"
DESCRIPTION = "mlflow.note.content"
_OURS = {"report.json", "report.html", "suggested_config.yaml"}


class MlflowTracker:
    """One MLflow store, whatever its kind.

    Parameters
    ----------
    uri : str
        The tracking URI.
    artifact_root : str or None
        Where artifacts of new experiments go; None leaves it to the store.
    """

    good_filter = "params.lr = '0.1'"
    bad_filter = "params.lr ~~ '0.1'"
    keeps_times = True

    def __init__(self, uri: str, artifact_root: str | None = None) -> None:
        self.uri = uri
        self._artifact_root = artifact_root
        with self._client() as client:
            client.search_experiments(max_results=1)
        self.adapter: Adapter = connect(uri)

    def log(self, experiment: str, logged: Logged) -> str:
        with self._client() as client:
            found = client.get_experiment_by_name(experiment)
            location = f"{self._artifact_root}/{experiment}" if self._artifact_root else None
            experiment_id = found.experiment_id if found else client.create_experiment(experiment, location)
            run = client.create_run(experiment_id, int(logged.start * 1000), run_name=logged.name)
            run_id: str = run.info.run_id
            points = [
                (name, value, int(seconds * 1000), int(step))
                for name, logged_points in logged.metrics.items()
                for step, value, seconds in logged_points
            ]
            try:
                self._log_points(client, run_id, points)
            except MlflowException as error:
                # Before 3.17 a table refuses a NaN that is logged twice.
                if "unique" not in str(error).lower():
                    raise
                self._log_points(client, run_id, list(dict.fromkeys(points)))
            client.log_batch(
                run_id,
                params=[Param(key, value) for key, value in logged.params.items()],
                tags=[RunTag(key, value) for key, value in logged.tags.items()],
            )
            if logged.end is not None:
                client.set_terminated(run_id, logged.status, int(logged.end * 1000))
        return run_id

    @staticmethod
    def _log_points(client: MlflowClient, run_id: str, points: list[tuple[str, float, int, int]]) -> None:
        client.log_batch(run_id, metrics=[Metric(*point) for point in points])

    def delete(self, run_id: str) -> None:
        with self._client() as client:
            client.delete_run(run_id)

    def tag(self, run_id: str, key: str, value: str) -> None:
        with self._client() as client:
            client.set_tag(run_id, _PREFIX + key, value)

    def describe(self, run_id: str, text: str) -> None:
        with self._client() as client:
            client.set_tag(run_id, DESCRIPTION, text)

    def description(self, run_id: str) -> str | None:
        with self._client() as client:
            found: str | None = client.get_run(run_id).data.tags.get(DESCRIPTION)
        return found

    def written(self, run_id: str) -> Mapping[str, str]:
        with self._client() as client:
            tags = client.get_run(run_id).data.tags
        return {key.removeprefix(_PREFIX): value for key, value in tags.items() if key.startswith(_PREFIX)}

    def files(self, run_id: str) -> Mapping[str, bytes]:
        return {
            path.removeprefix(f"{_FOLDER}/"): content
            for path, content in self._artifacts(run_id).items()
            if path.startswith(f"{_FOLDER}/")
        }

    def add_file(self, run_id: str, path: str, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder, self._client() as client:
            local = Path(folder, PurePosixPath(path).name)
            local.write_bytes(content)
            parent = str(PurePosixPath(path).parent)
            client.log_artifact(run_id, str(local), None if parent == "." else parent)

    def log_model(self, run_id: str, files: Mapping[str, bytes], step: int = 0) -> str:
        """Log a model of the run as MLflow 3 does, and give its id."""
        from mlflow.entities import LoggedModelOutput

        with tempfile.TemporaryDirectory() as folder, self._client() as client:
            for path, content in files.items():
                Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
                Path(folder, path).write_bytes(content)
            model = client.create_logged_model(client.get_run(run_id).info.experiment_id, "model", run_id)
            client.log_model_artifacts(model.model_id, folder)
            client.finalize_logged_model(model.model_id, "READY")
            client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step)])
        return str(model.model_id)

    def users(self, run_id: str) -> Any:
        ours = {f"{_FOLDER}/{name}" for name in _OURS}
        with self._client() as client:
            run = client.get_run(run_id)
            histories = {name: client.get_metric_history(run_id, name) for name in run.data.metrics}
            return {
                "info": dict(run.info),
                "params": run.data.params,
                "tags": {
                    key: value
                    for key, value in run.data.tags.items()
                    if not key.startswith(_PREFIX) or key.removeprefix(_PREFIX) in ("ignore", "control")
                },
                "metrics": {
                    name: sorted((point.step, point.timestamp, point.value) for point in points)
                    for name, points in histories.items()
                },
                "experiment": dict(client.get_experiment(run.info.experiment_id)),
                "files": {path: content for path, content in self._artifacts(run_id).items() if path not in ours},
            }

    def _artifacts(self, run_id: str) -> dict[str, bytes]:
        with tempfile.TemporaryDirectory() as folder, self._client() as client:
            if not client.list_artifacts(run_id):
                return {}
            root = Path(download_artifacts(run_id=run_id, dst_path=folder, tracking_uri=self.uri))
            return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    @contextmanager
    def _client(self) -> Iterator[MlflowClient]:
        # The file store refuses since MLflow 3.7 unless it is told to go on; the adapter must do without.
        with patch.dict(os.environ, MLFLOW_ALLOW_FILE_STORE="true"):
            yield MlflowClient(self.uri)
