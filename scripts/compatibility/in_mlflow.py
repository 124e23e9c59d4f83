"""Logs runs with MLflow's client, or tells what it sees: run by the Python of an old environment, MLflow alone in it.

python in_mlflow.py log URI RUNS.json        log the runs into a new experiment
python in_mlflow.py look URI SEEN.json       write all that the client sees of every run
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

CHUNK = 500
# In a file, and never to be taken for a value that was logged.
NAMED = {float("inf"): "inf", float("-inf"): "-inf"}


def log(uri: str, path: str) -> None:
    client = MlflowClient(uri)
    experiment = client.create_experiment("versions")
    runs = json.loads(Path(path).read_text(encoding="utf-8"))
    parent = None
    for run in runs:
        tags = dict(run["tags"], **{"mlflow.runName": run["name"]})
        if run["nested"] and parent:
            tags["mlflow.parentRunId"] = parent
        made = client.create_run(experiment, run["begin"], tags, run["name"]).info.run_id
        parent = made if not run["nested"] else parent
        metrics = [
            Metric(key, value, run["begin"] + 1000 * step, step)
            for key, points in run["metrics"].items()
            for step, value in points
        ]
        client.log_batch(made, params=[Param(key, value) for key, value in run["params"].items()], tags=[])
        for start in range(0, len(metrics), CHUNK):
            client.log_batch(made, metrics=metrics[start : start + CHUNK])
        for name, text in run["files"].items():
            with tempfile.TemporaryDirectory() as folder:
                above, _, base = name.rpartition("/")
                file = Path(folder) / base
                file.write_text(text, encoding="utf-8")
                client.log_artifact(made, str(file), above or None)
        if run["dataset"] and hasattr(client, "log_inputs"):
            from mlflow.entities import Dataset, DatasetInput, InputTag

            used = Dataset(run["dataset"]["name"], run["dataset"]["digest"], "local", "{}")
            client.log_inputs(made, [DatasetInput(used, [InputTag("mlflow.data.context", run["dataset"]["context"])])])
        if run["end"] is not None:
            client.set_terminated(made, run["status"], run["end"])
    deleted = client.create_run(experiment, run_name="deleted").info.run_id
    client.delete_run(deleted)


def look(uri: str, path: str) -> None:
    client = MlflowClient(uri)
    list_experiments = getattr(client, "search_experiments", None) or client.list_experiments
    seen = {}
    for experiment in list_experiments():
        token = None
        while True:
            page = client.search_runs([experiment.experiment_id], max_results=100, page_token=token)
            for run in page:
                seen[run.info.run_id] = {
                    "name": run.data.tags.get("mlflow.runName"),
                    "status": run.info.status,
                    "start": run.info.start_time,
                    "end": run.info.end_time,
                    "params": run.data.params,
                    "tags": run.data.tags,
                    "metrics": {key: _points(client, run.info.run_id, key) for key in run.data.metrics},
                    "files": sorted(_files(client, run.info.run_id, None)),
                }
            token = page.token
            if not token:
                break
    Path(path).write_text(json.dumps(seen), encoding="utf-8")


def _points(client: MlflowClient, run_id: str, key: str) -> list:
    points = client.get_metric_history(run_id, key)
    return sorted([p.timestamp, p.step, NAMED.get(p.value, str(p.value))] for p in points)


def _files(client: MlflowClient, run_id: str, folder: str | None) -> list:
    found = []
    for entry in client.list_artifacts(run_id, folder):
        if entry.is_dir:
            found += _files(client, run_id, entry.path)
        else:
            found.append([entry.path, entry.file_size])
    return found


def main() -> None:
    mlflow.set_tracking_uri(sys.argv[2])
    {"log": log, "look": look}[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
