"""One training: the user's function, called, logged, and what it returned read as curves with roles."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from tracker_diag.controls.recorders import Recorder
from tracker_diag.core.run import Run
from tracker_diag.roles.params import flatten
from tracker_diag.roles.resolve import Roles, resolve
from tracker_diag.stats.arrays import FloatArray

Train = Callable[[dict[str, Any], Any], Any]
_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_STEPS = ("step", "global_step", "epoch")


@dataclass(frozen=True, slots=True)
class _NothingTold:
    """What a user says of names, where nothing is said: training returns names of its own choice."""

    roles: Mapping[str, str] = field(default_factory=dict)
    vocabulary: Mapping[str, list[str]] = field(default_factory=dict)
    directions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """A training that has come to its end.

    Attributes
    ----------
    id : str
        Of the run that was logged; empty where none was.
    roles : Roles
        Which of the metrics returned is what.
    """

    id: str
    roles: Roles

    def values(self, role: str) -> FloatArray:
        """Give the values of the metric in this role, in order, shape (n,); empty where there is none."""
        series = self.roles.metrics.get(role)
        return np.empty(0) if series is None else series.values

    def best(self, role: str) -> float:
        """Give the best finite value of the metric in this role; NaN where there is none."""
        values = self.values(role)
        values = values[np.isfinite(values)]
        if not values.size:
            return math.nan
        return float(values.min() if self.roles.facts[role].better == "min" else values.max())


def found(train: Train | str) -> Train:
    """Give the user's function; a text names it, ``package.module:function``.

    Raises
    ------
    TypeError
        If it is no function, or no name of one.
    """
    if isinstance(train, str):
        if not _PATH.fullmatch(train):
            raise TypeError(f"train={train[:80]!r}: give the function, or its address 'package.module:function'")
        module, _, path = train.partition(":")
        target: Any = import_module(module)
        for part in path.split("."):
            target = getattr(target, part)
        train = target
    if not callable(train):
        raise TypeError(f"train is a {type(train).__name__}: give a function train(config, data) -> metrics")
    return train


def roles_of(config: Mapping[str, Any]) -> Roles:
    """Tell which entry of a configuration is what.

    Raises
    ------
    TypeError
        If it is no mapping with texts as names.
    """
    if not isinstance(config, Mapping) or not all(isinstance(key, str) for key in config):
        raise TypeError("config: give a mapping of names to values")
    return resolved(Run(id="config", params=config))


def with_value(config: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Copy a configuration with one entry changed, which may lie deeper: ``optimizer.lr``.

    Raises
    ------
    ValueError
        If it has no such entry.
    """
    if name in config:
        return {**config, name: value}
    for dot in re.finditer(r"\.", name):
        head, rest = name[: dot.start()], name[dot.end() :]
        if isinstance(config.get(head), Mapping):
            return {**config, head: with_value(config[head], rest, value)}
    raise ValueError(f"config has no entry {name!r}")


def trained(
    train: Train, config: Mapping[str, Any], data: Any, record: Recorder, name: str, control: str, **more: Any
) -> Trial:
    """Call the function once, and log a run of it.

    Parameters
    ----------
    train : callable
        ``train(config, data) -> metrics``.
    config : mapping
        Handed over as a copy.
    data : object
        Handed over.
    record : Recorder
        Where the run is logged.
    name, control : str
        Of the run: what people call it, and its ``diag.control``.
    **more : object
        Further parameters to log; None is left out.

    Returns
    -------
    Trial
        What came out, with the id of the run.

    Raises
    ------
    TypeError
        If it returns no metrics. What the function raises goes through, and the run is logged as failed.
    """
    logged = {**flatten(config).values, **{key: value for key, value in more.items() if value is not None}}
    run_id = record.begin(name, control, logged)
    failed = True
    try:
        run = Run.from_dict(
            {"id": run_id or "trial", "params": dict(config), "metrics": curves(train(_copied(config), data))}
        )
        record.log(run.metrics)
        failed = False
    finally:
        record.end(failed=failed)
    return Trial(run_id, resolved(run))


def resolved(run: Run) -> Roles:
    """Tell which metric of a run is what."""
    return resolve(run, _NothingTold())


def _copied(config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that training may change, as deep as mappings go."""
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in config.items()}


def curves(returned: Any) -> dict[str, list[list[float]]]:
    """Read what training returned as points of metrics.

    Parameters
    ----------
    returned : object
        A mapping of names to numbers, lists of numbers, or lists of ``(step, value)``; an iterable of mappings, one an
        epoch, whose ``step`` or ``epoch`` is the step; or what has such a mapping as ``history``, as Keras gives.

    Returns
    -------
    dict of str to list of [step, value]
        What is no number is left out.

    Raises
    ------
    TypeError
        If nothing is left.
    """
    returned = getattr(returned, "history", returned)
    points: dict[str, list[list[float]]] = {}
    if isinstance(returned, Mapping):
        points = {str(name): _points(values) for name, values in returned.items()}
    elif isinstance(returned, Iterable) and not isinstance(returned, str | bytes):
        for i, row in enumerate(returned):
            if not isinstance(row, Mapping):
                break
            step = next((x for key in _STEPS if (x := _number(row.get(key))) is not None), float(i))
            for name, value in row.items():
                if (number := _number(value)) is not None and name not in _STEPS:
                    points.setdefault(str(name), []).append([step, number])
    points = {name: values for name, values in points.items() if values}
    if not points:
        raise TypeError(
            f"train returned a {type(returned).__name__} without metrics: return {{'train_loss': […], 'val_loss': […]}}"
        )
    return points


def _points(values: Any) -> list[list[float]]:
    if (number := _number(values)) is not None:
        return [[0.0, number]]
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not isinstance(values, list | tuple):
        return []
    made = []
    for i, value in enumerate(values):
        pair = isinstance(value, list | tuple) and len(value) == 2
        step, number = (_number(value[0]), _number(value[1])) if pair else (float(i), _number(value))
        if step is not None and number is not None:
            made.append([step, number])
    return made


def _number(value: Any) -> float | None:
    if isinstance(value, bool | str) or value is None:
        return None
    if not isinstance(value, int | float) and getattr(value, "shape", None) != ():
        return None
    try:
        return float(value.detach() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, OverflowError):
        return None
