"""The profile's whole way: logged by training code to a real server, read back, and in the report."""

from __future__ import annotations

import mlflow
import numpy as np

from tests.rules.datasets import learned, table
from tracker_diag import diagnose, profile_data
from tracker_diag.adapters.mlflow import connect


def test_a_profile_logged_to_mlflow_reaches_the_rules(mlflow_server: str) -> None:
    X, y = table()
    X = np.column_stack([X, 1e6 * X[:, 0]])
    profile = profile_data(X[:400], y[:400], X[300:], y[300:])
    mlflow.set_tracking_uri(mlflow_server)
    mlflow.set_experiment("profiles")
    with mlflow.start_run() as active:
        mlflow.log_dict(profile, "diagnosis/profile.json")
        for name, points in learned().items():
            for step, value in points:
                mlflow.log_metric(name, value, step=int(step))
    adapter = connect(mlflow_server)
    try:
        (run,) = adapter.load_runs([active.info.run_id])
    finally:
        adapter.close()
    assert run.profile == profile
    report = diagnose(run)
    said = {f.name: f.message for f in report.findings}
    assert "33% of the validation examples also occur in training" in said["train-validation-overlap"]
    assert "x4 has scale" in said["mixed-feature-scales"]
    assert report.causes[0].name == "train-validation-overlap"
