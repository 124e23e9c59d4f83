"""The ``log_history`` of Hugging Face's Trainer: a dict for each time it logged; a Trainer and its state hold one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tracker_diag.core.run import InvalidRunError, Run, Series
from tracker_diag.reading.asked import told
from tracker_diag.reading.cells import as_number
from tracker_diag.reading.column_names import STEPS, simple
from tracker_diag.reading.kind import Kind

#: Of the state: what is a setting of the training.
SETTINGS = ("max_steps", "num_train_epochs", "train_batch_size", "eval_steps", "logging_steps", "save_steps")
MOST_METRICS = 10_000


def takes(x: object) -> bool:
    """Whether it is such a list, or holds one."""
    if isinstance(x, str | bytes):
        return False
    if isinstance(x, Sequence):
        return bool(x) and all(isinstance(row, Mapping) and _is_row(row) for row in x)
    return isinstance(getattr(_state(x), "log_history", None), list)


def read(x: Any, run_id: str) -> tuple[Run, ...]:
    """Read what was logged, with the settings and the model's configuration where they are there."""
    if isinstance(x, Sequence):
        return (run_of(x, run_id, {}),)
    state = _state(x)
    params = {name: value for name in SETTINGS if (value := getattr(state, name, None)) is not None}
    inner = getattr(x, "model", None)
    # As the library's own callbacks log them: what the arguments say comes last.
    holders: tuple[Any, ...] = (getattr(inner, "config", None), getattr(x, "args", None))
    for holder in holders:
        said = told(holder.to_dict) if hasattr(holder, "to_dict") else None
        params |= {str(key): value for key, value in said.items()} if isinstance(said, Mapping) else {}
    return (run_of(state.log_history, run_id, params),)


def run_of(rows: Sequence[Any], run_id: str, params: Mapping[str, Any]) -> Run:
    """Make a run of logged rows: a metric has a point in each row that holds it.

    Raises
    ------
    InvalidRunError
        If the rows are no mappings, or hold no number.
    """
    wrong = [type(row).__name__ for row in rows if not isinstance(row, Mapping)]
    if wrong:
        raise InvalidRunError("log_history", f"give one dict per step, not {wrong[0]}")
    names = {str(key) for row in rows for key in row}
    if len(names) > MOST_METRICS:
        raise InvalidRunError("log_history", f"{len(names):,} metrics, but at most {MOST_METRICS:,} are read")
    step = _step(rows, names)
    found: dict[str, tuple[list[float], list[float]]] = {}
    for i, row in enumerate(rows):
        at = float(i) if step is None else as_number(row.get(step))
        for key, cell in row.items():
            value = None if isinstance(cell, bool) else as_number(cell)
            if key != step and value is not None:
                steps, values = found.setdefault(str(key), ([], []))
                steps.append(np.nan if at is None else at)
                values.append(value)
    if not found:
        raise InvalidRunError("log_history", 'no numbers in it: give rows like {"step": 10, "loss": 0.7}')
    metrics = {name: Series.from_points(name, steps, values) for name, (steps, values) in found.items()}
    return Run.from_dict({"id": run_id, "metrics": metrics, "params": dict(params)})


def _state(x: object) -> Any:
    return x if hasattr(x, "log_history") else getattr(x, "state", None)


def _is_row(row: Mapping[Any, Any]) -> bool:
    return not any(isinstance(cell, list | tuple | Mapping | np.ndarray) and len(cell) > 0 for cell in row.values())


def _step(rows: Sequence[Mapping[Any, Any]], names: set[str]) -> str | None:
    """The first of the names of counters that most rows hold."""
    known = {simple(name): name for name in names}
    for word in STEPS:
        name = known.get(word)
        if name is not None and 2 * sum(as_number(row.get(name)) is not None for row in rows) > len(rows):
            return name
    return None


KIND = Kind("the log_history of a Hugging Face Trainer (or the Trainer, or its state)", takes, read)
