"""A real MLflow server, and runs as they are read from there."""

from __future__ import annotations

from typing import Any

from tests.mlflow_server import serving
from tracker_diag.adapters.mlflow import connect
from tracker_diag.core.model import plain_model
from tracker_diag.core.run import Run

__all__ = ["read_run", "serving"]


def read_run(address: str, run_id: str) -> dict[str, Any]:
    """A run as plain data, as ``Run.from_dict`` takes it."""
    (run,) = connect(address).load_runs([run_id])
    if not isinstance(run, Run):
        raise RuntimeError(f"the run could not be read: {run}")
    return {
        "id": run.id,
        "params": dict(run.params),
        "status": run.status,
        "metrics": {
            name: [[step, value if value == value else "NaN"] for step, value in zip(s.steps, s.values, strict=True)]
            for name, s in run.metrics.items()
        },
        "profile": None if run.profile is None else dict(run.profile),
        "model": None if run.model is None else plain_model(run.model),
    }
