"""What ``fit`` of Keras returns: the curves, and the network that they are of; Keras itself is not imported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.model import InvalidModelError, Model, plain_model
from tracker_diag.core.run import InvalidRunError, Run, Series
from tracker_diag.models.keras_config import read_keras
from tracker_diag.reading.asked import told
from tracker_diag.reading.cells import as_number
from tracker_diag.reading.kind import Kind
from tracker_diag.reading.kinds.mapping import points

#: Settings of an optimiser that are plain numbers, by which a diagnosis knows them.
_SETTINGS = ("momentum", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "gradient_accumulation_steps")
_RATES = ("learning_rate", "lr")


def takes(x: object) -> bool:
    """Whether it is such a history."""
    return isinstance(getattr(x, "history", None), Mapping) and isinstance(getattr(x, "epoch", None), list)


def read(x: Any, run_id: str) -> tuple[Run, ...]:
    """Read the curves over epochs, which count from 0; and what the model says of itself.

    A metric with fewer values than there are epochs was logged every so many of them (``validation_freq``).
    """
    if not x.history:
        raise InvalidRunError("history", "it is empty: call model.fit(…) first")
    epochs = [as_number(epoch) for epoch in x.epoch]
    metrics = {str(name): _curve(str(name), values, epochs) for name, values in x.history.items()}
    params = getattr(x, "params", None)
    said = {k: v for k, v in params.items() if k in ("epochs", "steps") and v} if isinstance(params, Mapping) else {}
    model = told(lambda: x.model)
    if model is not None:
        said |= told(lambda: _of_optimizer(model.optimizer)) or {}
    # A schedule, or a callback, may have changed the rate since.
    first = next((float(s.values[0]) for name in _RATES if (s := metrics.get(name)) is not None and len(s)), None)
    if first is not None and math.isfinite(first):
        said["learning_rate"] = first
    given = {"id": run_id, "metrics": metrics, "params": said}
    return (Run.from_dict(given | {"model": None if model is None else told(lambda: _described(model))}),)


def _curve(name: str, values: Any, epochs: list[float | None]) -> Any:
    series = points(name, values)
    if not isinstance(series, Series) or not len(series):
        return series
    n, at = len(epochs), series.steps.astype(int)
    size = int(at[-1]) + 1
    # Every k-th epoch ends with a validation: k is the largest of which so many fit.
    every = 1 if size >= n else n // size
    known = (at + 1) * every - 1
    steps = [epochs[i] if i < n else None for i in known]
    return series if any(step is None for step in steps) else Series.from_points(name, steps, series.values)


def _of_optimizer(optimizer: Any) -> dict[str, Any]:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    config = inner.get_config()
    numbers = {name: config.get(name) for name in ("learning_rate", *_SETTINGS)}
    kept = {name: as_number(x) for name, x in numbers.items() if not isinstance(x, str | Mapping | bool) and x}
    return {"optimizer": type(inner).__name__.lower(), **{name: x for name, x in kept.items() if x is not None}}


def _described(model: Any) -> Model | dict[str, Any] | None:
    try:
        found = read_keras(model.to_json().encode())
    except InvalidModelError:
        return None
    sizes = [int(np.prod(tuple(weight.shape))) for weight in model.trainable_weights]
    return {**plain_model(found), "trainable_parameters": sum(sizes)} if sizes else found


KIND = Kind("the History object that Keras' model.fit returns", takes, read)
