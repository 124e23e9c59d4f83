"""Runs as MLflow's REST interface describes them, read without trusting the server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tracker_diag.adapters.mlflow.points import SYSTEM, unclamped
from tracker_diag.adapters.mlflow.record import CONTEXT_TAG, Record, dataset, model_ids
from tracker_diag.core.run import InvalidRunError

API = "/api/2.0/mlflow"
"""Where a server's interface begins, below its address."""
RUN_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


def run_id_of(item: Any) -> str:
    """Id of a run in an answer, "" where none can be read."""
    info = item.get("info") if isinstance(item, dict) else None
    found = (info.get("run_id") or info.get("run_uuid")) if isinstance(info, dict) else None
    return found if isinstance(found, str) and RUN_ID.fullmatch(found) else ""


def experiment_of(item: Any) -> tuple[str, str] | None:
    """Id and name of an experiment in an answer, None where they cannot be read."""
    if not isinstance(item, dict):
        return None
    key, name = item.get("experiment_id"), item.get("name")
    if isinstance(key, int):
        key = str(key)
    return (key, name) if isinstance(key, str) and key and isinstance(name, str) else None


def tags_of(item: Any) -> dict[str, str]:
    """Read the tags of an experiment in an answer.

    Raises
    ------
    InvalidRunError
        If they have another form.
    """
    return _pairs(item.get("tags") if isinstance(item, dict) else None, "tags")


def record_of(item: Any) -> Record:
    """Read a run.

    Raises
    ------
    InvalidRunError
        If a part of it has another form.
    """
    item = _object(item, "run")
    info, data = _object(item.get("info"), "info"), _object(item.get("data"), "data")
    run_id = run_id_of(item)
    if not run_id:
        raise InvalidRunError("run_id", "a run's id is needed")
    inputs = _object(item.get("inputs"), "inputs")
    return Record(
        id=run_id,
        experiment_id=str(info.get("experiment_id")),
        artifact_uri=info.get("artifact_uri") or "",
        name=info.get("run_name"),
        status=info.get("status") or "FINISHED",
        start=_time(info.get("start_time"), "start_time"),
        end=_time(info.get("end_time"), "end_time"),
        tags=_pairs(data.get("tags"), "tags"),
        params=_pairs(data.get("params"), "params"),
        latest={
            key: (
                _number(metric.get("step", 0), f"metrics[{key!r}]"),
                unclamped(_number(metric.get("value", 0.0), f"metrics[{key!r}]")),
            )
            for metric in _objects(data.get("metrics"), "metrics")
            if not (key := _key(metric, "metrics")).startswith(SYSTEM)
        },
        datasets=tuple(_dataset(entry) for entry in _objects(inputs.get("dataset_inputs"), "dataset_inputs")),
        models=model_ids(_outputs(item.get("outputs"))),
    )


def _outputs(found: Any) -> Iterator[tuple[Any, Any]]:
    """Ids and steps of logged models; a run can be diagnosed without them, so nothing here is refused."""
    listed = found.get("model_outputs") if isinstance(found, dict) else None
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict):
            yield entry.get("model_id"), _step(entry.get("step"))


def _step(value: Any) -> float:
    try:
        return _number(value, "step")
    except InvalidRunError:
        return 0.0


def _dataset(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    described = _object(entry.get("dataset"), "dataset")
    parts = {key: described.get(key) for key in ("name", "digest", "profile", "schema")}
    for key, value in parts.items():
        if value is not None and not isinstance(value, str):
            raise InvalidRunError(f"dataset[{key!r}]", f"a text is needed, not {type(value).__name__}")
    tags = _pairs(entry.get("tags"), "dataset tags")
    return dataset(parts["name"] or "", parts["digest"] or "", tags.get(CONTEXT_TAG), parts["profile"], parts["schema"])


def _pairs(found: Any, where: str) -> dict[str, str]:
    return {_key(pair, where): pair.get("value", "") for pair in _objects(found, where)}


def _key(pair: Mapping[str, Any], where: str) -> str:
    key = pair.get("key")
    if not isinstance(key, str):
        raise InvalidRunError(where, f"a key must be a text, not {type(key).__name__}")
    return key


def _objects(found: Any, where: str) -> list[Mapping[str, Any]]:
    if found is None:
        return []
    if not isinstance(found, list):
        raise InvalidRunError(where, f"a list is needed, not {type(found).__name__}")
    return [_object(entry, where) for entry in found]


def _object(found: Any, where: str) -> Mapping[str, Any]:
    if found is None and where not in ("run", "info", "dataset"):
        return {}
    if not isinstance(found, dict):
        raise InvalidRunError(where, f"an object is needed, not {type(found).__name__}")
    return found


def _time(value: Any, where: str) -> float | None:
    return None if value is None else _number(value, where)


def _number(value: Any, where: str) -> float:
    # Protobuf writes int64, NaN and infinities as texts.
    if isinstance(value, int | float | str):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise InvalidRunError(where, f"{str(value)[:40]!r} is not a number")
