"""A tiny subset: whether a network can memorise a few examples."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tracker_diag.controls.examples import size, taken
from tracker_diag.controls.label_facts import entropy, label_facts
from tracker_diag.controls.recorders import TrackerName, recorder
from tracker_diag.controls.saying import Answer, number
from tracker_diag.controls.splits import split
from tracker_diag.controls.trial import Train, Trial, found, roles_of, trained, with_value
from tracker_diag.core.controlled import TINY_SUBSET
from tracker_diag.core.numbers import share as percent
from tracker_diag.roles.resolve import Roles
from tracker_diag.stats.arrays import FloatArray

_NEAR_ZERO = 0.05
"""Of the loss of a model that ignores its input."""
_ALL_RIGHT = 0.999
_FEWEST_EPOCHS, _MOST_EPOCHS = 300, 1000
_HALF = 0.5
"""Of the loss of a model that ignores its input: below that, some of the examples were learned."""
_STILL_FALLING = 0.05
"""Share of that loss by which the last quarter lies below the one before."""
_NEAR = 3.0
"""Times the variance of the targets: a loss further above it may be one of another unit."""


@dataclass(frozen=True, slots=True)
class TinySubset(Answer):
    """Result of ``tiny_subset``.

    Attributes
    ----------
    verdict : {'learned', 'not-learned', 'inconclusive'}
        Whether the network memorised the examples.
    says : str
        The answer in words.
    runs : tuple of str
        Id of the logged run.
    n : int
        Number of examples.
    classes : int or None
        Number of classes among them; None if labels are not classes or could not be read.
    loss : float
        Lowest training loss; NaN if none was returned.
    uninformed : float
        The loss of a model that ignores its input: the lowest of the first loss, the entropy of the labels, and their
        variance if the loss is below it; NaN if no loss was returned.
    accuracy : float or None
        Highest accuracy on the examples, from 0 to 1.
    """

    verdict: Literal["learned", "not-learned", "inconclusive"]
    says: str
    runs: tuple[str, ...]
    n: int
    classes: int | None
    loss: float
    uninformed: float
    accuracy: float | None

    @property
    def passed(self) -> bool | None:
        """True if the examples were memorised, False if not, None if the result is inconclusive."""
        return {"learned": True, "not-learned": False}.get(self.verdict)


@dataclass(frozen=True, slots=True)
class _Subset:
    """The examples taken, in the form of the data, and what is known of their labels."""

    data: Any
    n: int
    of: int
    classes: int | None
    guessing: float | None
    spread: float | None


def tiny_subset(
    train: Train | str,
    config: Mapping[str, Any],
    data: Any,
    *,
    n: int = 20,
    target: str | tuple[str, ...] = (),
    transform: Callable[[Any, np.random.Generator], Any] | None = None,
    of: str | None = None,
    tracker: TrackerName | None = None,
    seed: int = 0,
) -> TinySubset:
    """Train and validate on the same few examples, to see whether the network can memorise them.

    If it cannot, the problem is in the network, the loss or the optimiser, not in the amount or quality of the data.

    Parameters
    ----------
    train : callable or str
        A function ``train(config, data) -> metrics``, or its address ``package.module:function``. It should return a
        training loss for each epoch, and an accuracy if there is one.
    config : mapping
        Passed to ``train``. If an entry is the number of epochs, it is raised to between 300 and 1,000, to make as many
        updates as on all of the data.
    data : object
        In the form that ``train`` takes; see ``docs/how-to/controls.md``.
    n : int
        Number of examples; if labels are classes, they are taken from each class in turn.
    target : str or tuple of str
        Columns or keys that hold labels, if their names do not show it.
    transform : callable, optional
        ``transform(data, rng)`` returns a few examples, for data in a form of your own.
    of : str, optional
        The logged run that this is a control of; logged as ``control_of``.
    tracker : {'mlflow', 'wandb', 'none'}, optional
        Where to log the run; None logs it where the active run is.
    seed : int
        Seed of the choice of examples.

    Returns
    -------
    TinySubset
        ``says`` is the answer in a sentence, ``verdict`` in one word.

    Raises
    ------
    TypeError
        If the form of the data or of the returned metrics is not known.
    ValueError
        If n is below 2 or above the number of examples, or neither a loss nor an accuracy was returned.

    Notes
    -----
    The verdict is "learned" if the accuracy is 1, or if the loss is below 5% of the loss of a model that ignores its
    input. It is "inconclusive" if the loss still falls at the end, is below half of that loss, or may become negative.

    References
    ----------
    Seminar: Dataset problems, "Try to overfit your model with small dataset".

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.controls import tiny_subset
    >>> def train(config, data):
    ...     x, y = data
    ...     slope = 0.0
    ...     for _ in range(config["epochs"]):
    ...         yield {"train_mse": ((y - slope * x) ** 2).mean()}
    ...         slope += config["lr"] * (x * (y - slope * x)).mean()
    >>> x = np.random.default_rng(0).normal(size=400)
    >>> print(tiny_subset(train, {"epochs": 50, "lr": 0.3}, (x, 3 * x)).verdict)
    learned
    """
    train, names = found(train), (target,) if isinstance(target, str) else target
    roles = roles_of(config)
    if transform is None:
        subset = _chosen(data, n, names, np.random.default_rng(seed))
    else:
        subset = _Subset(transform(data, np.random.default_rng(seed)), n, 0, None, None, None)
    config = _longer(config, roles, subset)
    record, says = recorder(tracker, TINY_SUBSET), ""
    try:
        more = {"control_of": of, "control_seed": seed, "control_examples": subset.n}
        trial = trained(train, config, subset.data, record, f"{subset.n} examples", TINY_SUBSET, **more)
        answer = _judged(trial, subset, roles)
        says = answer.says
    finally:
        record.close(says)
    return replace(answer, runs=(trial.id,) if trial.id else ())


def _chosen(data: Any, n: int, target: tuple[str, ...], rng: np.random.Generator) -> _Subset:
    parts = split(data, target)
    rows = size(parts.sets[0])
    if n < 2 or rows < n:
        raise ValueError(f"n={n}: give a number from 2 to {rows:,}, the number of training examples")
    known = label_facts(parts.sets[0], target)
    index, classes, guessing, spread = np.sort(rng.choice(rows, n, replace=False)), None, None, None
    if known is not None and known.classes is not None:
        chosen = _of_each_class(known.classes, min(n, known.rows.size), rng)
        index = np.sort(known.rows[chosen])
        classes, guessing = int(np.unique(known.classes[chosen]).size), entropy(known.classes[chosen])
    elif known is not None and known.numbers is not None and known.rows.size == rows:
        spread = float(np.var(known.numbers[index], axis=0).mean())
    few = taken(parts.sets[0], index, target)
    return _Subset(parts.rebuild([few] * len(parts.sets)), len(index), rows, classes, guessing, spread)


def _of_each_class(code: NDArray[np.intp], n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Positions of n examples, the classes in turn, drawn within each."""
    order = rng.permutation(len(code))
    turn = np.empty(len(code), dtype=np.intp)
    for each in np.unique(code):
        of_class = order[code[order] == each]
        turn[of_class] = np.arange(len(of_class))
    place = np.empty(len(code), dtype=np.intp)
    place[order] = np.arange(len(code))
    return np.lexsort((place, turn))[:n]


def _longer(config: Mapping[str, Any], roles: Roles, subset: _Subset) -> Mapping[str, Any]:
    """The configuration with as many updates as on all of the data, as far as it says how many epochs there are."""
    epochs, name = roles.params.get("epochs"), roles.names.get("epochs")
    if not epochs or name is None or not subset.of:
        return config
    batch = roles.params.get("batch_size") or 1
    times = math.ceil(subset.of / batch) / math.ceil(subset.n / batch)
    return with_value(config, name, max(int(epochs), min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, math.ceil(epochs * times)))))


def _judged(trial: Trial, subset: _Subset, roles: Roles) -> TinySubset:
    accuracy = _accuracy(trial)
    role = next((r for r in ("train_loss", "val_loss") if r in trial.roles.metrics), None)
    if role is None and accuracy is None:
        raise ValueError("neither a loss nor an accuracy was returned: return train_loss for each epoch")
    loss = math.nan if role is None else min(x for x in _losses(trial, role))
    result = TinySubset("inconclusive", "", (), subset.n, subset.classes, loss, math.nan, accuracy)
    among = f"{subset.n} examples" + (f" of {subset.classes} classes" if subset.classes else "")
    right = "" if accuracy is None else f"accuracy {percent(accuracy)}"
    if role is None:
        learned = accuracy is not None and accuracy >= _ALL_RIGHT
        return _settled(result, learned, f"{among}: {right}", roles)
    began = float(trial.values(role)[0])
    uninformed = _uninformed(trial, role, loss, subset)
    result = replace(result, uninformed=uninformed)
    said = f"{among}: {right}{', ' * bool(right)}training loss from {number(began)} to {number(loss)}"
    if uninformed < began:
        said += f" (a model that ignores its input: {number(uninformed)})"
    if accuracy is not None and accuracy >= _ALL_RIGHT:
        return _settled(result, True, said, roles)
    if math.isnan(loss):
        return _settled(result, False, said, roles)
    facts = trial.roles.facts[role]
    if facts.may_be_negative or loss < 0:
        return replace(
            result, says=f"{said}. The lowest possible value of this loss is not known: return an accuracy too."
        )
    if subset.spread and (1 - _NEAR_ZERO) * subset.spread < loss < subset.spread * _NEAR:
        # Far below where it began, perhaps, and yet no better than their mean for all of them.
        return _settled(result, False, f"{said}, while always predicting the mean gives {number(subset.spread)}", roles)
    if loss <= _NEAR_ZERO * uninformed:
        return _settled(result, True, said, roles)
    if accuracy is None and trial.values(role).size == 1 and subset.guessing is None:
        return replace(result, says=f"{said}. One value is too few: return the training loss of each epoch.")
    if _still_falling(trial.values(role), uninformed):
        return replace(result, says=f"{said}, still falling at the end: train for more epochs.")
    if loss <= _HALF * uninformed:
        says = f"{said}. They were partly memorised: try more epochs, a higher learning rate or more units; "
        says += f"{_regularised(roles) or 'if that does not help, '}the problem is in the network, loss or optimiser."
        return replace(result, says=says)
    return _settled(result, False, said, roles)


def _losses(trial: Trial, role: str) -> list[float]:
    """The lowest losses on the examples, as trained and as validated: it is the same set."""
    found = [trial.best(each) for each in {role, "val_loss"} if each in trial.roles.metrics]
    return [x for x in found if math.isfinite(x)] or [math.nan]


def _accuracy(trial: Trial) -> float | None:
    facts = trial.roles.facts
    shares = [
        trial.best(role) / facts[role].whole
        for role in ("train_score", "val_score")
        if role in facts and facts[role].counts_right_answers
    ]
    return max((x for x in shares if math.isfinite(x)), default=None)


def _uninformed(trial: Trial, role: str, loss: float, subset: _Subset) -> float:
    guessing = subset.guessing if trial.roles.facts[role].of_classes else None
    # A loss above the variance of the targets may be one of another unit.
    spread = subset.spread if subset.spread is not None and loss < subset.spread else None
    known = [x for x in (float(trial.values(role)[0]), guessing, spread) if x is not None and math.isfinite(x)]
    return min(known, default=math.inf)


def _still_falling(values: FloatArray, uninformed: float) -> bool:
    quarter = values.size // 4
    if quarter == 0 or not np.isfinite(values[-2 * quarter :]).all():
        return False
    before, last = np.median(values[-2 * quarter : -quarter]), np.median(values[-quarter:])
    return bool(before - last > _STILL_FALLING * uninformed)


def _settled(result: TinySubset, learned: bool, said: str, roles: Roles) -> TinySubset:
    if learned:
        says = f"{said}. The network memorised them, so network, loss and optimiser work."
        return replace(result, verdict="learned", says=says)
    says = f"{said}. The network did not memorise them; {_regularised(roles)}"
    says += "the problem is in the network, the loss or the optimiser, not in the data."
    return replace(result, verdict="not-learned", says=says)


def _regularised(roles: Roles) -> str:
    """Regularisation that may prevent memorising, and is best turned off first."""
    held = [
        f"{role.replace('_', ' ')} {number(roles.params[role])}"
        for role in ("dropout", "weight_decay", "label_smoothing")
        if isinstance(roles.params.get(role), int | float) and roles.params[role] > 0
    ]
    return f"if that is still so without {' and '.join(held)}, " if held else ""
