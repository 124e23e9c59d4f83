"""The tables of an MLflow tracking database, as far as they are read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import sqlalchemy as sa

from tracker_diag.adapters.base import Failure
from tracker_diag.adapters.guard import guarded
from tracker_diag.adapters.mlflow.linked import Links, dataset_of, dataset_rows, model_rows
from tracker_diag.adapters.mlflow.matching import Filter, Searchable
from tracker_diag.adapters.mlflow.points import SYSTEM, Points, unclamped
from tracker_diag.adapters.mlflow.record import NAME_TAG, Record, model_ids
from tracker_diag.adapters.mlflow.selecting import by_run, rows, table
from tracker_diag.core.run import InvalidRunError
from tracker_diag.stats.arrays import FloatArray

_ROWS_AT_ONCE = 50_000

EXPERIMENTS = table("experiments", "experiment_id", "name", "lifecycle_stage")
RUNS = table(
    "runs",
    "run_uuid",
    "name",
    "user_id",
    "status",
    "start_time",
    "end_time",
    "lifecycle_stage",
    "artifact_uri",
    "experiment_id",
)
EXPERIMENT_TAGS = table("experiment_tags", "experiment_id", "key", "value")
TAGS = table("tags", "run_uuid", "key", "value")
PARAMS = table("params", "run_uuid", "key", "value")
METRICS = table("metrics", "run_uuid", "key", "step", "value", "timestamp", "is_nan")
LATEST = table("latest_metrics", "run_uuid", "key", "step", "value", "is_nan")

SYSTEM_PATTERN = f"{SYSTEM}%"


def text_or_bytes(stored: bytes) -> str | bytes:
    """Decode what SQLite holds as text; it takes any bytes as such, and those of one run must not hide the others."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def records(connection: sa.Connection, ids: Sequence[str], *, links: Links) -> dict[str, Record | Failure]:
    """Read runs by their ids, without histories; deleted ones and those of deleted experiments are left out.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        To a database of MLflow's.
    ids : sequence of str
        Of runs; unknown ones are left out too.
    links : Links
        What the database is recent enough to know of datasets and models.
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
    tags, params = (
        by_run(rows(connection, sa.select(*pairs.c).where(pairs.c.run_uuid.in_(ids)))) for pairs in (TAGS, PARAMS)
    )
    latest = by_run(
        rows(connection, sa.select(*LATEST.c).where(LATEST.c.run_uuid.in_(ids), LATEST.c.key.not_like(SYSTEM_PATTERN)))
    )
    datasets = dataset_rows(connection, ids) if links.datasets else {}
    models = model_rows(connection, ids) if links.models else {}

    def record(run: str, experiment: Any, uri: Any, name: Any, status: Any, start: Any, end: Any) -> Record:
        return Record(
            id=run,
            experiment_id=str(experiment),
            artifact_uri=uri or "",
            name=name,
            status=status or "FINISHED",
            start=start,
            end=end,
            tags=_values(tags.get(run, ())),
            params=_values(params.get(run, ())),
            latest={key: _latest(key, *last) for key, *last in latest.get(run, ())},
            datasets=tuple(dataset_of(*described) for described in datasets.get(run, ())),
            models=model_ids((row[0], row[1]) for row in models.get(run, ())),
        )

    return {row[0]: guarded(row[0], partial(record, *row)) for row in found}


def searchables(
    connection: sa.Connection, ids: Sequence[str], wanted: Filter, *, links: Links
) -> dict[str, Searchable | Failure]:
    """Read what a filter asks of runs, and nothing else; ``links`` as in :func:`records`."""

    def stored(pairs: sa.Table, kind: str, *columns: sa.Column[Any]) -> dict[str, list[Sequence[Any]]]:
        keys = sorted(names if kind == "tag" else wanted.keys(kind))
        asked = sa.select(pairs.c.run_uuid, pairs.c.key, *columns)
        return by_run(rows(connection, asked.where(pairs.c.run_uuid.in_(ids), pairs.c.key.in_(keys)))) if keys else {}

    attributes = wanted.keys("attribute")
    names = wanted.keys("tag") | ({NAME_TAG} if "run_name" in attributes else set())
    own = {"run_id": RUNS.c.run_uuid, **{name: RUNS.c[name] for name in sorted(attributes & set(RUNS.c.keys()))}}
    found = rows(connection, sa.select(*own.values()).where(RUNS.c.run_uuid.in_(ids)))
    tags = stored(TAGS, "tag", TAGS.c.value)
    params = stored(PARAMS, "parameter", PARAMS.c.value)
    metrics = stored(LATEST, "metric", LATEST.c.step, LATEST.c.value, LATEST.c.is_nan)
    datasets = dataset_rows(connection, ids) if links.datasets and wanted.keys("dataset") else {}

    def searchable(row: Sequence[Any]) -> Searchable:
        run = row[0]
        of_run = _values(tags.get(run, ()))
        return Searchable(
            attributes={**dict(zip(own, row, strict=True)), "run_name": of_run.get(NAME_TAG)},
            tags=of_run,
            params=_values(params.get(run, ())),
            metrics={key: _latest(key, *last)[1] for key, *last in metrics.get(run, ())},
            datasets=[dataset_of(*described) for described in datasets.get(run, ())],
        )

    return {row[0]: guarded(row[0], partial(searchable, row)) for row in found}


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


def histories(connection: sa.Connection, ids: Sequence[str]) -> dict[str, dict[str, Points] | Failure]:
    """All points of all metrics of the runs, but for system metrics.

    Rows are turned into arrays as they come, so that a run of millions of points costs 24 bytes per point.
    """
    statement = (
        sa.select(
            METRICS.c.run_uuid, METRICS.c.key, METRICS.c.step, METRICS.c.value, METRICS.c.timestamp, METRICS.c.is_nan
        )
        .where(METRICS.c.run_uuid.in_(ids), METRICS.c.key.not_like(SYSTEM_PATTERN))
        .order_by(METRICS.c.run_uuid, METRICS.c.key)
    )
    pieces: dict[str, dict[str, list[Points]]] = {}
    failures: dict[str, Failure] = {}
    result = connection.execute(statement)
    while result.cursor is not None and (chunk := result.cursor.fetchmany(_ROWS_AT_ONCE)):
        for start, stop in _stretches(np.array([row[0] for row in chunk], dtype=object)):
            run = chunk[start][0]
            found = guarded(run, partial(_pieces, chunk[start:stop]))
            if isinstance(found, Failure):
                failures[run] = found
                continue
            for key, points in found:
                pieces.setdefault(run, {}).setdefault(key, []).append(points)
    result.close()
    joined = {run: {key: _joined(parts) for key, parts in metrics.items()} for run, metrics in pieces.items()}
    return {**joined, **failures}


def point_counts(connection: sa.Connection, ids: Sequence[str]) -> dict[str, int]:
    """How many points each run has; 0 is left out."""
    statement = (
        sa.select(METRICS.c.run_uuid, sa.func.count()).where(METRICS.c.run_uuid.in_(ids)).group_by(METRICS.c.run_uuid)
    )
    return {run: int(count) for run, count in rows(connection, statement)}


def _pieces(logged: Sequence[Sequence[Any]]) -> list[tuple[str, Points]]:
    """Points of one run, metric by metric."""
    _, keys, steps, values, times, nans = zip(*logged, strict=True)
    step, time = _floats(steps), _floats(times)
    value = np.where(np.array(nans, dtype=bool), np.nan, _floats(values))
    found = []
    for start, stop in _stretches(np.array(keys, dtype=object)):
        if not isinstance(keys[start], str):
            raise InvalidRunError(f"metrics[{keys[start]!r}]", "a name must be a text")
        found.append((keys[start], Points(step[start:stop], value[start:stop], time[start:stop])))
    return found


def _stretches(column: np.ndarray[Any, np.dtype[np.object_]]) -> Iterator[tuple[int, int]]:
    """Where stretches of equal values start and stop; shape (n,), not empty."""
    starts = np.flatnonzero(np.append(True, column[1:] != column[:-1])).tolist()
    yield from zip(starts, [*starts[1:], len(column)], strict=True)


def _floats(column: Sequence[Any]) -> FloatArray:
    try:
        return np.array(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidRunError("metrics", f"numbers are needed: {error}") from None


def _latest(key: Any, step: Any, value: Any, is_nan: Any) -> tuple[float, float]:
    where = f"metric {str(key)[:80]!r}"
    if not isinstance(step, int | float):
        raise InvalidRunError(where, f"its step {str(step)[:40]!r} is not a number")
    if not is_nan and not isinstance(value, int | float):
        raise InvalidRunError(where, f"{str(value)[:40]!r} at step {step} is not a number")
    return (float(step), math.nan if is_nan else unclamped(value))


def _joined(parts: Sequence[Points]) -> Points:
    if len(parts) == 1:
        return parts[0]
    return Points(
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.milliseconds for part in parts]),
    )


def _values(pairs: Iterable[Sequence[Any]]) -> dict[str, str]:
    return {key: value or "" for key, value in pairs}
