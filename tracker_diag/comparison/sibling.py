"""One run as a tracker's listing has it: its parameters, and the last values of its metrics by role and unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tracker_diag.core import controlled
from tracker_diag.core.own import CONTROL
from tracker_diag.core.run import Run, Series
from tracker_diag.core.signals import PREFIX
from tracker_diag.roles.metric import LOSS, PER_CENT_ABOVE, Metric
from tracker_diag.roles.params import flatten
from tracker_diag.roles.resolve import Roles, Told, resolve
from tracker_diag.roles.words import read

#: Words of a parameter that names the data or the task, and not how a network is trained on it.
OF_DATA = frozenset({"dataset", "task", "corpus", "benchmark", "environment", "env", "problem", "target", "horizon"})
#: Roles of parameters that change what a loss measures: where they differ, losses are not compared.
OF_LOSS = ("loss_function", "label_smoothing", "class_weight")
#: Words of a parameter that names the kind of network; two kinds are not compared.
OF_MODEL = frozenset({"model", "backbone", "architecture", "arch", "network", "encoder"})
#: Words of a parameter that repeats a run.
OF_REPEATS = frozenset({"seed", "fold", "repeat", "repetition", "replicate", "replica"})
#: What of a run's validation is compared: the loss, which every run of a network has, else a score.
COMPARED = ("val_loss", "val_score")


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared of runs: a metric by its role and its unit, whatever it is called."""

    role: str
    metric: Metric = LOSS

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What two measures have in common that can be compared."""
        return self.role, self.metric.kind, self.metric.better, self.metric.unit

    @property
    def said(self) -> str:
        """What it is, in a sentence: "validation loss", "validation accuracy"."""
        kind = self.metric.kind
        return (
            f"validation {kind if self.role == 'val_score' and kind == 'accuracy' else self.role.removeprefix('val_')}"
        )

    def same_as(self, other: Measure) -> bool:
        """Whether both can be compared."""
        return self.key == other.key

    def shown(self, value: float) -> float:
        """Turn a value, of which lower is better, back to the metric's own sign."""
        return -value if self.metric.better == "max" else value


@dataclass(frozen=True, slots=True)
class Sibling:
    """One run of an experiment.

    Attributes
    ----------
    id, name, status : str
        The name is the id where people call it nothing.
    ended : float or None
        Seconds since the epoch.
    params : mapping of str to value
        Flat, parsed.
    played : mapping of str to str
        Role to the flat name of the parameter that plays it.
    measure : Measure or None
        What is compared; None where nothing was measured on validation data.
    value, train : float
        The last values of that metric on validation and on training data, turned so that lower is better; NaN or
        infinite for a run that was lost, NaN for training where that was not logged.
    score : float
        The last value of a validation score that stands beside the loss, turned likewise; NaN where there is none.
    data : tuple
        What is known of the data and the task; other than equal, runs are not compared.
    examples : float or None
        That an epoch takes, or updates where the batch size is not logged; None where no metric counts epochs.
    control : str
        What the run is a control for; empty for most.
    last : tuple of (str, float)
        The last value of every metric, by name.
    """

    id: str
    name: str
    status: str
    ended: float | None
    params: Mapping[str, Any]
    played: Mapping[str, str]
    measure: Measure | None
    value: float
    train: float
    score: float
    data: tuple[Any, ...]
    examples: float | None
    control: str
    last: tuple[tuple[str, float], ...]

    @property
    def lost(self) -> bool:
        """Whether it ended without a finite value."""
        return not math.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class _Names:
    """What the names of a run's metrics and parameters were taken for; the same for all runs that share them."""

    played: Mapping[str, str]
    measure: Measure | None
    val: str
    train: str
    score: str
    score_better: str


class Siblings:
    """Reads runs as siblings: names that recur are taken for what they were the first time.

    Parameters
    ----------
    settings : Told
        What the user says of names.
    prefix : str
        Of our tags.
    """

    def __init__(self, settings: Told, prefix: str) -> None:
        self._settings = settings
        self._prefix = prefix
        self._known: dict[object, _Names] = {}

    def read(self, run: Run) -> Sibling:
        """Read one run.

        Parameters
        ----------
        run : Run
            Of its metrics, which may be whole histories or the last values alone, only these count.

        Returns
        -------
        Sibling
            With what its names were taken for.
        """
        flat = flatten(run.params).values
        # What callbacks saw within the training is no result of it.
        run = replace(run, metrics={n: series for n, series in run.metrics.items() if not n.startswith(PREFIX)})
        # Whether a score is a share or per cent, its values say.
        high = frozenset(name for name in run.metrics if _last(run, name) > PER_CENT_ABOVE)
        kind = (frozenset(run.metrics), high, frozenset((name, type(value)) for name, value in flat.items()))
        if kind not in self._known:
            self._known[kind] = _names(resolve(replace(run, metrics=_as_curves(run)), self._settings), flat)
        names = self._known[kind]
        played = names.played
        control = flat.get(played["control"]) if "control" in played else None
        sign = -1.0 if names.measure is not None and names.measure.metric.better == "max" else 1.0
        return Sibling(
            id=run.id,
            name=run.name or run.id,
            status=run.status,
            ended=run.end_time,
            params=flat,
            played=played,
            measure=names.measure,
            value=sign * _last(run, names.val),
            train=sign * _last(run, names.train),
            score=(-1.0 if names.score_better == "max" else 1.0) * _last(run, names.score),
            data=_data(run, flat, played, names.measure is not None and names.measure.role == "val_loss"),
            examples=_examples(run, flat, played),
            control=_control(run, self._prefix) or str(control or ""),
            last=tuple((name, float(s.values[-1])) for name, s in sorted(run.metrics.items()) if len(s)),
        )


def _as_curves(run: Run) -> dict[str, Series]:
    """The last values as curves of two: a metric that was logged once, at the end of a training, is none elsewhere."""
    found = {}
    for name, series in run.metrics.items():
        if len(series):
            found[name] = Series(name, np.array([0.0, 1.0]), np.repeat(series.values[-1:], 2))
    return found


def _names(roles: Roles, flat: Mapping[str, Any]) -> _Names:
    role = next((r for r in COMPARED if r in roles.metrics and len(roles.metrics[r])), "")
    train = role.replace("val", "train")
    score = "val_score" if role == "val_loss" else ""

    def name(role: str) -> str:
        return roles.metrics[role].name if role in roles.metrics else ""

    return _Names(
        played={r: n for r, n in roles.names.items() if r in roles.params and n in flat},
        measure=Measure(role, roles.facts.get(role, LOSS)) if role else None,
        val=name(role),
        train=name(train),
        score=name(score),
        score_better=roles.facts.get(score, LOSS).better,
    )


def _control(run: Run, prefix: str) -> str:
    """What its tags say that it is a control for; those that we made carry our own prefix, whatever is set."""
    ours = run.tags.get(controlled.PREFIX + CONTROL, "") if controlled.is_ours(run.tags) else ""
    return run.tags.get(prefix + CONTROL, "") or ours


def _last(run: Run, name: str) -> float:
    series = run.metrics.get(name)
    return math.nan if series is None or not len(series) else float(series.values[-1])


def _data(run: Run, flat: Mapping[str, Any], played: Mapping[str, str], of_loss: bool) -> tuple[Any, ...]:
    digests = sorted(str(d["digest"]) for d in run.datasets if d.get("digest"))
    roles_of = {name: role for role, name in played.items()}
    named = sorted(
        (name, value)
        for name, value in flat.items()
        if isinstance(value, str) and roles_of.get(name, "task") in ("task", "model") and is_of_data(name, value)
    )
    scale = [str(flat.get(played.get(role, ""))) for role in OF_LOSS] if of_loss else []
    return (*digests, *named, *scale, flat.get(played.get("n_classes", "")))


def _examples(run: Run, flat: Mapping[str, Any], played: Mapping[str, str]) -> float | None:
    """Examples that an epoch takes, or updates where the batch size is not known; None where nobody counts epochs."""
    epochs = run.metrics.get("epoch")
    if epochs is None or not len(epochs) or "n_train" in played:
        return None
    step, done = float(epochs.steps[-1]), float(epochs.values[-1])
    if not step > done > 0:
        return None
    batch = flat.get(played.get("batch_size", ""))
    return (step + 1) / (done + 1) * (float(batch) if isinstance(batch, int | float) and batch else 1.0)


def is_of_data(name: str, value: object) -> bool:
    """Whether a parameter names the data, the task or the kind of network."""
    return isinstance(value, str) and bool(read(name).words & (OF_DATA | OF_MODEL))


def is_of_repeats(name: str) -> bool:
    """Whether a parameter repeats a run, and changes nothing but chance."""
    return bool(read(name).words & OF_REPEATS)
