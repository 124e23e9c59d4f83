"""A training run as a tracker holds it: parameters, metric histories, datasets, tags."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import Any

import numpy as np

from tracker_diag.core.model import InvalidModelError, Model, read_model
from tracker_diag.core.plain import plain
from tracker_diag.stats.arrays import FloatArray

ACTIVE = ("RUNNING", "SCHEDULED")
"""Statuses of a run that is still to end."""
STATUSES = (*ACTIVE, "FINISHED", "FAILED", "KILLED")
_STATUS_WORDS = {"CRASHED": "FAILED", "PENDING": "SCHEDULED", "PREEMPTED": "KILLED", "PREEMPTING": "RUNNING"}
_NUMBER_WORDS = {
    "nan": math.nan,
    "inf": math.inf,
    "+inf": math.inf,
    "-inf": -math.inf,
    "infinity": math.inf,
    "+infinity": math.inf,
    "-infinity": -math.inf,
}
_AS_NUMBERS = (int, float, str, np.integer, np.floating, type(None))


class InvalidRunError(ValueError):
    """A run that cannot be read.

    Parameters
    ----------
    field : str
        Which part of the input, written as an access path: ``metrics['loss'][3]``; the error keeps it.
    problem : str
        What is wrong with it, in words.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The points of one metric in the order in which they were logged.

    Attributes
    ----------
    steps, values : ndarray of float64, shape (n,)
        As logged; steps are finite, and may repeat and go back.
    seconds : ndarray of float64, shape (n,), or None
        Wall time, never going back.
    """

    steps: FloatArray
    values: FloatArray
    seconds: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One metric over steps, in order, one value a step.

    Attributes
    ----------
    name : str
        The metric's name in the tracker.
    steps : ndarray of float64, shape (n,)
        Strictly increasing, finite; in the logged unit (epochs, iterations, seconds).
    values : ndarray of float64, shape (n,)
        May hold NaN and ±Inf: that a loss is not finite is evidence.
    seconds : ndarray of float64, shape (n,), or None
        Wall time of each value, where the tracker knows it.
    notes : tuple of str
        What was put right on reading, in words; the evidence of rule HY004.
    records : Records or None
        Every point as it was logged, where that was not in the order of steps; None where the series itself says it.

    Examples
    --------
    >>> from tracker_diag import Series
    >>> loss = Series.from_points("loss", steps=[2, 1, 2], values=[0.4, 0.9, 0.5])
    >>> print(loss.steps, loss.values)
    [1. 2.] [0.9 0.5]
    >>> loss.notes
    ('steps out of order at 1 place: sorted', '1 repeated step: the last logged value was kept')
    """

    name: str
    steps: FloatArray
    values: FloatArray
    seconds: FloatArray | None = None
    notes: tuple[str, ...] = ()
    records: Records | None = None

    def __len__(self) -> int:
        return int(self.steps.size)

    @classmethod
    def from_points(
        cls,
        name: str,
        steps: Sequence[float | None] | FloatArray,
        values: Sequence[float] | FloatArray,
        seconds: Sequence[float | None] | FloatArray | None = None,
    ) -> Series:
        """Put logged points in order: sorted by step, one value a step, the last one logged.

        Parameters
        ----------
        name : str
            The metric's name.
        steps, values, seconds : array_like, shape (n,)
            As logged, in the order of logging. A step that is None, not finite or beyond 1e100 takes its place in that
            order. Where every point has the same step (a caller who never passed one), that order is the step.

        Returns
        -------
        Series
            Its notes say what was put right.

        Raises
        ------
        InvalidRunError
            If steps, values and seconds differ in length.
        """
        step = np.asarray(steps, dtype=np.float64).ravel()
        value = np.asarray(values, dtype=np.float64).ravel()
        second = None if seconds is None else np.asarray(seconds, dtype=np.float64).ravel()
        if step.size != value.size or (second is not None and second.size != value.size):
            raise InvalidRunError(f"metrics[{name!r}]", "steps, values and seconds differ in length")
        if second is not None and not np.isfinite(second).all():
            second = None
        notes: list[str] = []
        # A step beyond any counter or clock is none, and its differences would overflow.
        missing = ~(np.abs(step) < 1e100)
        if second is not None and second.size > 1 and not (np.diff(second) > 0).all() and np.ptp(second) > 0:
            # What no clock tells apart is told apart by step and value, so that the order of the lines says nothing.
            order = np.lexsort((value, np.where(missing, np.inf, step), second))
            step, value, second, missing = step[order], value[order], second[order], missing[order]
        if missing.any():
            notes.append(f"{_count(int(missing.sum()), 'point')} without a step: the order of logging was used instead")
            step = np.where(missing, np.arange(step.size, dtype=np.float64), step)
        if step.size > 2 and (step == step[0]).all():
            notes.append(f"all {step.size:,} points at step {step[0]:g}: the order of logging was used instead")
            records = Records(step, value, second)
            return cls(name, np.arange(step.size, dtype=np.float64), value, second, tuple(notes), records)
        if (np.diff(step) > 0).all():
            return cls(name, step, value, second, tuple(notes))
        return by_step(name, Records(step, value, second), tuple(notes))


def by_step(name: str, records: Records, notes: tuple[str, ...] = ()) -> Series:
    """Sort records by step, and keep the one that was logged last of each.

    Parameters
    ----------
    name : str
        The metric's name.
    records : Records
        In the order of logging.
    notes : tuple of str
        What was put right before.

    Returns
    -------
    Series
        With the records, and with notes on what was sorted and what was kept.
    """
    step, said = records.steps, list(notes)
    back = int((np.diff(step) < 0).sum())
    if back:
        said.append(f"steps out of order at {_count(back, 'place')}: sorted")
    order = np.argsort(step, kind="stable")
    last = np.append(np.diff(step[order]) > 0, True)
    kept = order[last]
    lost = np.setdiff1d(np.arange(step.size), kept)
    # The same value twice, as Lightning logs its epoch, is nothing that was put right.
    value, again = records.values[lost], records.values[kept[np.searchsorted(step[kept], step[lost])]]
    same = (value == again) | (np.isnan(value) & np.isnan(again))
    if not same.all():
        said.append(f"{_count(int((~same).sum()), 'repeated step')}: the last logged value was kept")
    seconds = None if records.seconds is None else records.seconds[kept]
    return Series(name, step[kept], records.values[kept], seconds, tuple(said), records)


@dataclass(frozen=True, eq=False)
class Run:
    """A run as the engine sees it, whatever tracker it came from.

    Attributes
    ----------
    id : str
        The tracker's identifier.
    params : mapping of str to object
        As logged: numbers, strings, nested mappings.
    metrics : mapping of str to Series
        By the metric's name in the tracker.
    status : str
        RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
    tags : mapping of str to str
        As the tracker holds them.
    name, parent : str or None
        What people call the run, and the id of the run that it belongs to.
    start_time, end_time : float or None
        Seconds since the epoch.
    datasets : tuple of mappings
        What the run declared as its inputs, as the tracker holds it (``name``, ``digest``, ``context``, ``profile``,
        ``schema``).
    profile : mapping or None
        A dataset profile (``tracker_diag.profile_data``).
    model_summary : str or None
        The text of ``model_summary.txt``.
    model : Model or None
        The description of the network.
    experiment : str or None
        The name of the experiment that the tracker holds it in, on W&B of the project; runs of different experiments
        are not compared. None where nobody said.

    Examples
    --------
    >>> from tracker_diag import Run
    >>> run = Run.from_dict({"id": "r1", "params": {"lr": 0.1}, "metrics": {"loss": [[1, 0.9], [2, "NaN"]]}})
    >>> print(run.metrics["loss"].values)
    [0.9 nan]
    """

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Series] = field(default_factory=dict)
    status: str = "FINISHED"
    tags: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    parent: str | None = None
    start_time: float | None = None
    end_time: float | None = None
    datasets: tuple[Mapping[str, Any], ...] = ()
    profile: Mapping[str, Any] | None = None
    model_summary: str | None = None
    model: Model | None = None
    experiment: str | None = None

    @property
    def active(self) -> bool:
        """Whether the run may still log."""
        return self.status in ACTIVE

    def __getstate__(self) -> dict[str, Any]:
        # A read-only view cannot travel to another process; what it shows can.
        return {key: dict(x) if isinstance(x, MappingProxyType) else x for key, x in self.__dict__.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Run:
        """Read a run from plain data, as JSON holds it.

        Parameters
        ----------
        data : mapping
            ``id`` and, all optional: ``params``, ``metrics`` as ``{name: [[step, value], …]}`` (a point may hold
            a third number, seconds), ``status``, ``tags``, ``name``, ``parent``, ``start_time``, ``end_time``,
            ``datasets``, ``profile``, ``model_summary``, ``model`` (see ``tracker_diag.core.model.read_model``),
            ``experiment``. A value may be NaN, ±Infinity, or one of these as a string; a step may be None, repeated or
            out of order.

        Returns
        -------
        Run
            Its metrics in order, whatever the order of logging.

        Raises
        ------
        InvalidRunError
            Names the field that cannot be read.
        """
        if not isinstance(data, Mapping):
            raise InvalidRunError("run", f"a mapping is needed, not {type(data).__name__}")
        unknown = sorted(_shown(key) for key in data if key not in _FIELDS)
        if unknown:
            raise InvalidRunError(unknown[0], f"no such field; choose from {', '.join(_FIELDS)}")
        run_id = data.get("id")
        if not isinstance(run_id, str) or not run_id:
            raise InvalidRunError("id", "a text that is not empty is needed")
        metrics = _mapping(data, "metrics")
        status = data.get("status") or "FINISHED"
        if not isinstance(status, str):
            raise InvalidRunError("status", f"a text is needed, not {type(status).__name__}")
        status = _STATUS_WORDS.get(status.upper(), status.upper())
        if status not in STATUSES:
            raise InvalidRunError("status", f"unknown status {status!r}; choose from {', '.join(STATUSES)}")
        datasets = data.get("datasets") or ()
        if isinstance(datasets, str | Mapping) or not isinstance(datasets, Iterable):
            raise InvalidRunError("datasets", "a list of mappings is needed")
        datasets = tuple(datasets)
        for i, dataset in enumerate(datasets):
            if not isinstance(dataset, Mapping):
                raise InvalidRunError(f"datasets[{i}]", f"a mapping is needed, not {type(dataset).__name__}")
        return cls(
            id=run_id,
            params=MappingProxyType(dict(_mapping(data, "params"))),
            metrics=MappingProxyType({name: _series(name, points) for name, points in metrics.items()}),
            status=status,
            tags=MappingProxyType({key: _tag(value) for key, value in _mapping(data, "tags").items()}),
            name=_text(data, "name"),
            parent=_text(data, "parent"),
            start_time=_time(data, "start_time"),
            end_time=_time(data, "end_time"),
            datasets=datasets,
            profile=_mapping(data, "profile") or None,
            model_summary=_text(data, "model_summary"),
            model=_model(data.get("model")),
            experiment=_text(data, "experiment"),
        )


_FIELDS = tuple(Run.__dataclass_fields__)


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRunError(key, f"a mapping is needed, not {type(value).__name__}")
    for name in value:
        if not isinstance(name, str):
            raise InvalidRunError(f"{key}[{_shown(name)}]", "a name must be a text")
    return value


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidRunError(key, f"a text is needed, not {type(value).__name__}")
    return value


def _model(value: Any) -> Model | None:
    try:
        return value if value is None or isinstance(value, Model) else read_model(value)
    except InvalidModelError as error:
        raise InvalidRunError(f"model{error.place}", error.problem) from None


def _tag(value: Any) -> str:
    # str() of a deeply nested or self-referential list raises; plain() bounds it first.
    return str(value if isinstance(value, str | float) else plain(value))


def _shown(key: Any) -> str:
    return str(plain(key))[:80]


def _time(data: Mapping[str, Any], key: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    # math.isfinite raises for integers beyond any float; a comparison does not.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise InvalidRunError(key, "seconds since the epoch are needed")
    return float(value)


def _number(value: Any, where: str) -> float:
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _NUMBER_WORDS:
            return _NUMBER_WORDS[word]
        try:
            return float(word)
        except ValueError:
            raise InvalidRunError(where, f"{value[:40]!r} is not a number") from None
    if isinstance(value, np.complexfloating | np.timedelta64):
        raise InvalidRunError(where, f"a number is needed, not {type(value).__name__}")
    if isinstance(value, bool | int | float | np.number):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    raise InvalidRunError(where, f"a number is needed, not {type(value).__name__}")


def _is_plain(points: list[Any]) -> bool:
    """Whether all points are of numpy's own kinds of numbers, or texts; of anything else it might make what it is not.

    Of a complex number it would take the real part, of a date its distance to 1970, and a list in place of a number,
    which may hold itself, it would follow to its end.
    """
    try:
        if not set(map(len, points)) <= {2, 3}:
            return False
        kinds = set(map(type, chain.from_iterable(points)))
    except TypeError:
        return False
    return all(issubclass(kind, _AS_NUMBERS) and not issubclass(kind, np.timedelta64) for kind in kinds)


def _is_scalar(value: Any) -> bool:
    # numpy's arrays without a dimension call themselves iterable, and are not.
    return isinstance(value, np.ndarray) and value.ndim == 0


def _is_list(point: Any) -> bool:
    return isinstance(point, Sequence | np.ndarray) and not isinstance(point, str) and not _is_scalar(point)


def _series(name: str, points: Any) -> Series:
    if isinstance(points, Series):
        return points
    where = f"metrics[{name!r}]"
    if not isinstance(points, Iterable) or isinstance(points, str | Mapping) or _is_scalar(points):
        raise InvalidRunError(where, "a list of [step, value] is needed")
    points = list(points)
    # The usual case, all numbers and one length, goes through numpy whole: a million points must stay cheap.
    try:
        array = np.array(points, dtype=np.float64) if _is_plain(points) else np.empty(0)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0)
    if array.ndim == 2 and array.shape[1] in (2, 3):
        return Series.from_points(name, array[:, 0], array[:, 1], array[:, 2] if array.shape[1] == 3 else None)
    steps: list[float] = []
    values: list[float] = []
    seconds: list[float] = []
    for i, point in enumerate(points):
        if not _is_list(point) or len(point) not in (2, 3):
            raise InvalidRunError(f"{where}[{i}]", "[step, value] or [step, value, seconds] is needed")
        steps.append(math.nan if point[0] is None else _number(point[0], f"{where}[{i}][0]"))
        values.append(math.nan if point[1] is None else _number(point[1], f"{where}[{i}][1]"))
        seconds.append(math.nan if len(point) < 3 or point[2] is None else _number(point[2], f"{where}[{i}][2]"))
    return Series.from_points(name, steps, values, seconds)
