"""The tables of an MLflow tracking database, as far as they are read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from tracker_diag.adapters.mlflow.curves import SYSTEM, Points, unclamped
from tracker_diag.adapters.mlflow.record import CONTEXT_TAG, Record, dataset
from tracker_diag.core.run import FloatArray

_ROWS_AT_ONCE = 50_000

_meta = sa.MetaData()


def _table(name: str, *columns: str) -> sa.Table:
    # Without types: values come as the driver gives them, which is twice as fast as SQLAlchemy's conversions.
    return sa.Table(name, _meta, *(sa.Column(column) for column in columns))


EXPERIMENTS = _table("experiments", "experiment_id", "name", "lifecycle_stage")
RUNS = _table(
    "runs", "run_uuid", "name", "status", "start_time", "end_time", "lifecycle_stage", "artifact_uri", "experiment_id"
)
TAGS = _table("tags", "run_uuid", "key", "value")
PARAMS = _table("params", "run_uuid", "key", "value")
METRICS = _table("metrics", "run_uuid", "key", "step", "value", "timestamp", "is_nan")
LATEST = _table("latest_metrics", "run_uuid", "key", "step", "value", "is_nan")
INPUTS = _table("inputs", "input_uuid", "source_type", "source_id", "destination_type", "destination_id")
INPUT_TAGS = _table("input_tags", "input_uuid", "name", "value")
DATASETS = _table("datasets", "dataset_uuid", "name", "digest", "dataset_schema", "dataset_profile")

SYSTEM_PATTERN = f"{SYSTEM}%"


def rows(connection: sa.Connection, statement: sa.Select[Any]) -> list[Sequence[Any]]:
    """All rows at once, as the driver gives them: an open cursor on SQLite keeps others from writing."""
    result = connection.execute(statement)
    found = list(result.cursor.fetchall()) if result.cursor is not None else []
    result.close()
    return found


def records(connection: sa.Connection, ids: Sequence[str], *, has_inputs: bool) -> dict[str, Record]:
    """Read runs by their ids, without histories; deleted ones and those of deleted experiments are left out.

    Parameters
    ----------
    connection : sqlalchemy.Connection
    ids : sequence of str
    has_inputs : bool
        Whether the database is recent enough (MLflow 2.4) to know dataset inputs.
    """
    found = rows(
        connection,
        sa.select(
            RUNS.c.run_uuid,
            RUNS.c.experiment_id,
            RUNS.c.artifact_uri,
            RUNS.c.name,
            RUNS.c.status,
            RUNS.c.start_time,
            RUNS.c.end_time,
        )
        .join(EXPERIMENTS, EXPERIMENTS.c.experiment_id == RUNS.c.experiment_id)
        .where(RUNS.c.run_uuid.in_(ids), RUNS.c.lifecycle_stage == "active", EXPERIMENTS.c.lifecycle_stage == "active"),
    )
    tags, params = _pairs(connection, TAGS, ids), _pairs(connection, PARAMS, ids)
    latest: dict[str, dict[str, tuple[float, float]]] = {}
    for run, key, step, value, is_nan in rows(
        connection, sa.select(*LATEST.c).where(LATEST.c.run_uuid.in_(ids), LATEST.c.key.not_like(SYSTEM_PATTERN))
    ):
        latest.setdefault(run, {})[key] = (float(step), math.nan if is_nan else unclamped(value))
    datasets = _datasets(connection, ids) if has_inputs else {}
    return {
        run: Record(
            id=run,
            experiment_id=str(experiment),
            artifact_uri=uri or "",
            name=name,
            status=status or "FINISHED",
            start=start,
            end=end,
            tags=tags.get(run, {}),
            params=params.get(run, {}),
            latest=latest.get(run, {}),
            datasets=tuple(datasets.get(run, ())),
        )
        for run, experiment, uri, name, status, start, end in found
    }


_TARGET = (
    sa.select(RUNS.c.artifact_uri, TAGS.c.key, TAGS.c.value)
    .join(EXPERIMENTS, EXPERIMENTS.c.experiment_id == RUNS.c.experiment_id)
    .outerjoin(TAGS, TAGS.c.run_uuid == RUNS.c.run_uuid)
    .where(
        RUNS.c.run_uuid == sa.bindparam("run"),
        RUNS.c.lifecycle_stage == "active",
        EXPERIMENTS.c.lifecycle_stage == "active",
    )
)


def target(connection: sa.Connection, run_id: str) -> tuple[str, dict[str, str]] | None:
    """Artifact address and tags of one run, or None where there is none: what a writer has to know."""
    found = connection.execute(_TARGET, {"run": run_id}).fetchall()
    if not found:
        return None
    return found[0][0] or "", {key: value or "" for _, key, value in found if key is not None}


def histories(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dict[str, Points]]:
    """All points of all metrics of the runs, but for system metrics.

    Rows are turned into arrays as they come, so that a run of millions of points costs 24 bytes a point.
    """
    statement = (
        sa.select(
            METRICS.c.run_uuid, METRICS.c.key, METRICS.c.step, METRICS.c.value, METRICS.c.timestamp, METRICS.c.is_nan
        )
        .where(METRICS.c.run_uuid.in_(ids), METRICS.c.key.not_like(SYSTEM_PATTERN))
        .order_by(METRICS.c.run_uuid, METRICS.c.key)
    )
    pieces: dict[str, dict[str, list[Points]]] = {}
    result = connection.execute(statement)
    while result.cursor is not None and (chunk := result.cursor.fetchmany(_ROWS_AT_ONCE)):
        for run, key, points in _pieces(chunk):
            pieces.setdefault(run, {}).setdefault(key, []).append(points)
    result.close()
    return {run: {key: _joined(parts) for key, parts in metrics.items()} for run, metrics in pieces.items()}


def point_counts(connection: sa.Connection, ids: Sequence[str]) -> dict[str, int]:
    """How many points each run has; 0 is left out."""
    statement = (
        sa.select(METRICS.c.run_uuid, sa.func.count()).where(METRICS.c.run_uuid.in_(ids)).group_by(METRICS.c.run_uuid)
    )
    return {run: int(count) for run, count in rows(connection, statement)}


def _pieces(chunk: Sequence[Sequence[Any]]) -> Iterator[tuple[str, str, Points]]:
    runs, keys, steps, values, times, nans = zip(*chunk, strict=True)
    run = np.array(runs, dtype=object)
    key = np.array(keys, dtype=object)
    step, time = _floats(steps), _floats(times)
    value = np.where(np.array(nans, dtype=bool), np.nan, _floats(values))
    starts = np.flatnonzero(np.append(True, (run[1:] != run[:-1]) | (key[1:] != key[:-1])))
    for start, stop in zip(starts, np.append(starts[1:], len(chunk)), strict=True):
        yield runs[start], keys[start], Points(step[start:stop], value[start:stop], time[start:stop])


def _floats(column: Sequence[Any]) -> FloatArray:
    return np.array(column, dtype=np.float64)


def _joined(parts: Sequence[Points]) -> Points:
    if len(parts) == 1:
        return parts[0]
    return Points(
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.milliseconds for part in parts]),
    )


def _pairs(connection: sa.Connection, table: sa.Table, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for run, key, value in rows(connection, sa.select(*table.c).where(table.c.run_uuid.in_(ids))):
        found.setdefault(run, {})[key] = value or ""
    return found


def _datasets(connection: sa.Connection, ids: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    context = INPUT_TAGS.alias()
    statement = (
        sa.select(
            INPUTS.c.destination_id,
            DATASETS.c.name,
            DATASETS.c.digest,
            context.c.value,
            DATASETS.c.dataset_profile,
            DATASETS.c.dataset_schema,
        )
        .join(DATASETS, DATASETS.c.dataset_uuid == INPUTS.c.source_id)
        .outerjoin(context, sa.and_(context.c.input_uuid == INPUTS.c.input_uuid, context.c.name == CONTEXT_TAG))
        .where(INPUTS.c.source_type == "DATASET", INPUTS.c.destination_type == "RUN", INPUTS.c.destination_id.in_(ids))
        .order_by(DATASETS.c.name, DATASETS.c.digest, context.c.value)
    )
    found: dict[str, list[Mapping[str, Any]]] = {}
    for run, *described in rows(connection, statement):
        found.setdefault(run, []).append(dataset(*described))
    return found
