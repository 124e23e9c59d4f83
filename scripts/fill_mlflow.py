"""Fills an MLflow database with runs, straight through SQL: what takes hours through the client takes seconds."""

from __future__ import annotations

import hashlib

import numpy as np
import sqlalchemy as sa

START = 1_700_000_000_000  # milliseconds since the epoch
METRICS = ("train_loss", "val_loss", "train_acc", "val_acc", "learning_rate", "grad_norm")
CHUNK = 200


def run_id(experiment: str, number: int) -> str:
    """Make the id of a run: the same in every store, so that two stores can be compared."""
    return hashlib.md5(f"{experiment}/{number}".encode(), usedforsecurity=False).hexdigest()


def curves(number: int, points: int) -> dict[str, np.ndarray]:
    """Make the metrics of one run: every third overfits, the others are healthy."""
    rng = np.random.default_rng(number)
    step = np.arange(points) / points
    loss = np.exp(-6 * step) + 0.05 + rng.normal(0, 0.004, points)
    late = np.maximum(0, step - 0.35) if number % 3 == 2 else np.zeros(points)
    held_out = loss + 0.03 + 0.6 * late + rng.normal(0, 0.006, points)
    return {
        "train_loss": loss,
        "val_loss": held_out,
        "train_acc": 1 - 0.9 * np.exp(-6 * step) + rng.normal(0, 0.002, points),
        "val_acc": 0.97 - 0.9 * np.exp(-6 * step) - 0.3 * late + rng.normal(0, 0.004, points),
        "learning_rate": np.full(points, 0.01),
        "grad_norm": np.exp(-3 * step) + rng.normal(0, 0.01, points) ** 2,
    }


def fill(
    database: str,
    experiment_id: str,
    artifact_location: str,
    n: int,
    *,
    first: int = 0,
    points: int = 100,
    metrics: tuple[str, ...] = METRICS,
) -> list[str]:
    """Insert finished runs into an experiment.

    Parameters
    ----------
    database : str
        SQLAlchemy address of the store, whose tables MLflow has made.
    experiment_id, artifact_location : str
        Of an experiment that exists.
    n, first : int
        How many runs, and the number of the first one.
    points : int
        Values a metric.

    Returns
    -------
    list of str
        Their ids.
    """
    engine = sa.create_engine(database)
    tables = sa.MetaData()
    tables.reflect(engine, only=["runs", "params", "tags", "metrics", "latest_metrics"])
    ids = []
    for start in range(first, first + n, CHUNK):
        rows: dict[str, list[dict[str, object]]] = {name: [] for name in tables.tables}
        for number in range(start, min(start + CHUNK, first + n)):
            ids.append(run_id(experiment_id, number))
            _add(rows, ids[-1], number, experiment_id, artifact_location, points, metrics)
        with engine.begin() as connection:
            for name in ("runs", "params", "tags", "metrics", "latest_metrics"):
                connection.execute(tables.tables[name].insert(), rows[name])
    engine.dispose()
    return ids


def _add(
    rows: dict[str, list[dict[str, object]]],
    run: str,
    number: int,
    experiment_id: str,
    artifact_location: str,
    points: int,
    metrics: tuple[str, ...],
) -> None:
    begin = START + 1000 * number
    rows["runs"].append(
        {
            "run_uuid": run,
            "name": f"run-{number:05d}",
            "source_type": "LOCAL",
            "source_name": "train.py",
            "entry_point_name": "",
            "user_id": "someone",
            "status": "FINISHED",
            "start_time": begin,
            "end_time": begin + 1000 * points,
            "source_version": "",
            "lifecycle_stage": "active",
            "artifact_uri": f"{artifact_location}/{run}/artifacts",
            "experiment_id": int(experiment_id),
        }
    )
    for key, value in {"lr": "0.01", "batch_size": "32", "optimizer": "sgd", "epochs": str(points)}.items():
        rows["params"].append({"key": key, "value": value, "run_uuid": run})
    for key, value in {"mlflow.runName": f"run-{number:05d}", "mlflow.user": "someone", "team": "vision"}.items():
        rows["tags"].append({"key": key, "value": value, "run_uuid": run})
    for key, values in curves(number, points).items():
        if key not in metrics:
            continue
        entries = [
            {"key": key, "value": float(v), "timestamp": begin + 1000 * s, "run_uuid": run, "step": s, "is_nan": False}
            for s, v in enumerate(values)
        ]
        rows["metrics"] += entries
        rows["latest_metrics"].append(entries[-1])
