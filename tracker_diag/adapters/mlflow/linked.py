"""What tracking databases link to runs: datasets that went in, models that came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tracker_diag.adapters.mlflow.record import CONTEXT_TAG, dataset
from tracker_diag.adapters.mlflow.selecting import by_run, rows, table
from tracker_diag.core.run import InvalidRunError

_INPUTS = table("inputs", "input_uuid", "source_type", "source_id", "destination_type", "destination_id", "step")
_INPUT_TAGS = table("input_tags", "input_uuid", "name", "value")
_DATASETS = table("datasets", "dataset_uuid", "name", "digest", "dataset_schema", "dataset_profile")


@dataclass(frozen=True, slots=True)
class Links:
    """What a database is recent enough to know.

    Attributes
    ----------
    datasets : bool
        From MLflow 2.4 on.
    models : bool
        From MLflow 3.0 on.
    """

    datasets: bool
    models: bool


def links_of(connection: sa.Connection) -> Links:
    """Look which tables and columns there are."""
    inspector = sa.inspect(connection)
    if not inspector.has_table(_INPUTS.name):
        return Links(datasets=False, models=False)
    columns = {column["name"] for column in inspector.get_columns(_INPUTS.name)}
    return Links(datasets=True, models=_INPUTS.c.step.name in columns)


def dataset_rows(connection: sa.Connection, ids: Sequence[str]) -> dict[str, list[Sequence[Any]]]:
    """Read the datasets that runs took in, by run, as :func:`dataset_of` takes them."""
    context = _INPUT_TAGS.alias()
    statement = (
        sa.select(
            _INPUTS.c.destination_id,
            _DATASETS.c.name,
            _DATASETS.c.digest,
            context.c.value,
            _DATASETS.c.dataset_profile,
            _DATASETS.c.dataset_schema,
        )
        .join(_DATASETS, _DATASETS.c.dataset_uuid == _INPUTS.c.source_id)
        .outerjoin(context, sa.and_(context.c.input_uuid == _INPUTS.c.input_uuid, context.c.name == CONTEXT_TAG))
        .where(
            _INPUTS.c.source_type == "DATASET", _INPUTS.c.destination_type == "RUN", _INPUTS.c.destination_id.in_(ids)
        )
        .order_by(_DATASETS.c.name, _DATASETS.c.digest, context.c.value)
    )
    return by_run(rows(connection, statement))


def dataset_of(*described: Any) -> Mapping[str, Any]:
    """Describe a dataset of a row.

    Raises
    ------
    InvalidRunError
        If it holds anything but texts.
    """
    for value in described:
        if value is not None and not isinstance(value, str):
            raise InvalidRunError("datasets", f"{str(value)[:40]!r} is not a text")
    name, digest, context, profile, schema = described
    return dataset(name or "", digest or "", context, profile, schema)


def model_rows(connection: sa.Connection, ids: Sequence[str]) -> dict[str, list[Sequence[Any]]]:
    """Read ids and steps of the models that runs put out, by run."""
    statement = sa.select(_INPUTS.c.source_id, _INPUTS.c.destination_id, _INPUTS.c.step).where(
        _INPUTS.c.source_type == "RUN_OUTPUT",
        _INPUTS.c.destination_type == "MODEL_OUTPUT",
        _INPUTS.c.source_id.in_(ids),
    )
    return by_run(rows(connection, statement))
