"""How a run ended: at its planned length, by early stopping, by a pruner, or cut short."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker_diag.core.run import Run, Series
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.metric_names import read_metric
from tracker_diag.roles.resolve import Roles
from tracker_diag.roles.words import read

#: Share of the planned length from which on a run has come to its end: whether steps count from 0 or from 1, and the
#: last record that was not due yet, make no more of a difference.
WHOLE = 0.9
#: How far steps may lie beyond the planned length and still count in its unit: an evaluation before training, and one
#: after it.
BEYOND = 1.02
#: Records, or epochs, by which patience may seem to end sooner or later than it says.
ABOUT = 1

_CURVES = ("val_loss", "val_score", "train_loss", "train_score")
_HELD_OUT = ("val_loss", "val_score")
_STOPPED = re.compile(r"(?:^|[^a-z])(?:stopped[_ -]?epoch|early[_ -]?stopped|stopped[_ -]?early)(?:$|[^a-z])")
_STATE = re.compile(r"(?:^|[^a-z])(?:state|status)$")
_PRUNED = re.compile(r"(?:^|[^a-z])pruned(?:$|[^a-z])")
_OFF = ("", "0", "0.0", "false", "no", "none", "nan")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run came of what was planned.

    Attributes
    ----------
    reached, planned : float
        Epochs, updates or rounds. Of a record that covers several, all are taken for done.
    unit : {'epoch', 'update', 'round'}
        What they count.
    """

    reached: float
    planned: float
    unit: str

    @property
    def share(self) -> float:
        """What was reached of the planned length, from 0 to 1."""
        return min(1.0, self.reached / self.planned)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    Attributes
    ----------
    status : {'FINISHED', 'FAILED', 'KILLED'}
        As the tracker has it. MLflow marks runs FAILED that were trained to their end.
    progress : Progress or None
        How far it came; None where no length was planned, or its unit is not that of the steps.
    by_patience : bool
        Whether early stopping ended it, as shown by what was logged.
    pruned : bool
        Whether a pruner of a search ended it, as its tags say.
    cut_short : bool or None
        Whether it ended before its planned length, and not by patience; None where that cannot be told.
    """

    status: str
    progress: Progress | None
    by_patience: bool
    pruned: bool
    cut_short: bool | None

    @property
    def failed(self) -> bool:
        """Whether it ended as FAILED or KILLED."""
        return self.status != "FINISHED"

    @property
    def share(self) -> float | None:
        """What was reached of the planned length, from 0 to 1; None where it cannot be told."""
        return None if self.progress is None else self.progress.share

    @property
    def complete(self) -> bool:
        """Whether it is known to have come to its planned length."""
        return self.share is not None and self.share >= WHOLE


@rule_input(missing="the run has not ended", evidence="CP")
def ending(run: Run, roles: Roles, n_train: int | None) -> Ending | None:
    """How the run ended: how far it came of its planned length, and what ended it; None while it may still log."""
    if run.active:
        return None
    progress = max(_progress(roles, n_train), key=lambda p: p.share, default=None)
    complete = progress is not None and progress.share >= WHOLE
    patience = _patience(roles.params)
    by_patience = _says_so(run) or (
        patience is not None
        and not (progress is not None and progress.reached >= progress.planned)
        and any(_waited(series, sign, patience, _min_delta(run)) for series, sign in _monitored(run, roles))
    )
    pruned = _is_pruned(run.tags)
    cut_short: bool | None = None
    if pruned:
        cut_short = True
    elif complete or by_patience:
        cut_short = False
    elif progress is not None and not (run.status == "FINISHED" and patience is not None):
        # With patience at work, a curve that was not logged may have ended it.
        cut_short = True
    return Ending(run.status, progress, by_patience, pruned, cut_short)


def _progress(roles: Roles, n_train: int | None) -> Iterator[Progress]:
    """Every way to tell how far it came; the farthest is the cautious one."""
    epochs, updates, rounds = (_length(roles.params.get(r)) for r in ("epochs", "max_steps", "n_estimators"))
    curves = [roles.metrics[role] for role in _CURVES if len(roles.metrics.get(role, ())) > 1]
    # Folds are no part of the way through a training.
    curves = [c for c in curves if "fold" not in read(c.name).words]
    if "boosting" in roles.traits:
        yield from (Progress(_reached(c), rounds, "round") for c in curves if rounds)
        return
    epoch = roles.metrics.get("epoch")
    if epochs and epoch is not None and (done := _epochs_done(epoch)) is not None:
        yield Progress(done, epochs, "epoch")
    elif epochs:
        # Whoever logs updates within so few steps has made fewer epochs, and no more.
        yield from (Progress(_reached(c), epochs, "epoch") for c in curves if _fits(c, epochs) and not _by_step(c))
        updates = updates or _updates(epochs, roles.params, n_train)
    for curve in curves if updates else ():
        found = Progress(_reached(curve), updates or 1.0, "update")
        # Steps that count by ones may be those of records, of which each stands for many updates.
        if _fits(curve, found.planned) and (_spacing(curve) > 1 or found.share >= WHOLE):
            yield found


def _length(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _updates(epochs: float, params: Mapping[str, Any], n_train: int | None) -> float | None:
    """Updates of all epochs; None where the size of the batches is unknown, or several make one update."""
    batch = params.get("batch_size")
    if n_train is None or not isinstance(batch, int | float) or batch < 1:
        return None
    return None if params.get("gradient_accumulation") not in (None, 1) else epochs * math.ceil(n_train / batch)


def _epochs_done(epoch: Series) -> float | None:
    values = epoch.values[np.isfinite(epoch.values)]
    if not values.size:
        return None
    whole = bool((values == np.round(values)).all())
    return float(values.max()) + (1.0 if whole and values[0] == 0 else 0.0)


def _spacing(curve: Series) -> float:
    return float(np.median(np.diff(curve.steps)))


def _reached(curve: Series) -> float:
    """Steps that were made, whether they are counted from 0 or from 1."""
    spacing, last = _spacing(curve), float(curve.steps[-1])
    return last + spacing if curve.steps[0] < spacing / 2 else last


def _fits(curve: Series, planned: float) -> bool:
    """Whether the steps of a curve can be counted in the unit of a planned length."""
    return 0 < float(curve.steps[-1]) <= max(BEYOND * planned, planned + 1)


def _by_step(curve: Series) -> bool:
    return bool(read(curve.name).words & {"step", "batch"})


def _patience(params: Mapping[str, Any]) -> float | None:
    """Epochs, evaluations or rounds without improvement that end a training."""
    found = (_length(params.get(role)) for role in ("patience", "early_stopping"))
    return next((value for value in found if value is not None), None)


def _monitored(run: Run, roles: Roles) -> Iterator[tuple[Series, float]]:
    """The curves that patience may watch, each with the sign that makes lower better: the one that is named."""
    named = [str(value) for key, value in run.params.items() if "monitor" in key.lower() and str(value) in run.metrics]
    for name in named:
        reading = read_metric(name)
        if reading is not None:
            yield run.metrics[name], -1.0 if reading.better == "max" else 1.0
            return
    for role in _HELD_OUT:
        if role in roles.metrics:
            yield roles.metrics[role], -1.0 if role in roles.facts and roles.facts[role].better == "max" else 1.0


def _min_delta(run: Run) -> float:
    found = (_number(v) for k, v in run.params.items() if re.search(r"min_?delta$", k.lower()))
    return next((abs(x) for x in found if math.isfinite(x)), 0.0)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _waited(curve: Series, sign: float, patience: float, min_delta: float) -> bool:
    """Whether a curve ends as long after its best value as patience waits, in records or in steps."""
    good = np.isfinite(curve.values)
    steps, values = curve.steps[good], sign * curve.values[good]
    if values.size <= 1:
        return False
    best = int(np.argmin(values)) if not min_delta else _last_counted(values.tolist(), min_delta)
    records, passed = float(values.size - 1 - best), float(steps[-1] - steps[best])
    spacing = max(float(ABOUT), float(np.median(np.diff(steps))))
    return records > 0 and (abs(records - patience) <= ABOUT or abs(passed - patience) <= spacing)


def _last_counted(values: list[float], min_delta: float) -> int:
    """Where a curve was last better than its best before by more than ``min_delta``."""
    best, at = math.inf, 0
    for i, value in enumerate(values):
        if value < best - min_delta:
            best, at = value, i
    return at


def _says_so(run: Run) -> bool:
    """Whether a metric, a parameter or a tag says that training was stopped early: ``stopped_epoch`` above 0."""
    metrics = ((name, s.values[-1]) for name, s in run.metrics.items() if len(s))
    named = (*metrics, *run.params.items(), *run.tags.items())
    return any(_STOPPED.search(name.lower()) and str(value).strip().lower() not in _OFF for name, value in named)


def _is_pruned(tags: Mapping[str, str]) -> bool:
    """Whether the tags say that a pruner ended it, as Optuna's ``state`` does."""
    for name, value in tags.items():
        key, said = name.lower(), str(value).strip().lower()
        if (_STATE.search(key) and _PRUNED.search(said)) or (_PRUNED.search(key) and said not in _OFF):
            return True
    return False
