"""Random input: whether a network does better on its input than on noise that looks like it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal

import numpy as np
from scipy.special import stdtrit

from tracker_diag.controls.examples import size, with_noise
from tracker_diag.controls.recorders import TrackerName, recorder
from tracker_diag.controls.saying import Answer, logged_roles, named, number, several
from tracker_diag.controls.splits import split
from tracker_diag.controls.trial import Train, Trial, curves, found, resolved, roles_of, trained
from tracker_diag.core.controlled import RANDOM_INPUT, REAL_INPUT
from tracker_diag.core.numbers import share as percent
from tracker_diag.core.run import Run

_ROLES = ("val_loss", "val_score", "test_loss", "test_score", "train_loss", "train_score")
_SURE, _LIKELY = 0.99, 0.95
_WORTH = 0.1
"""Least share of what was learned that has to come from the input."""


@dataclass(frozen=True, slots=True)
class RandomInput(Answer):
    """Result of ``random_input``.

    Attributes
    ----------
    verdict : {'input-used', 'input-ignored', 'inconclusive'}
        Whether the network does better on the real input than on noise.
    says : str
        The answer in words.
    runs : tuple of str
        Ids of the logged runs; the one on the real input comes first if it was trained here.
    metric : str
        Name of the metric whose best values are compared.
    real : float
        Best value on the real input.
    random : tuple of float
        Best values on random input, one per draw.
    share : float or None
        Share of the total improvement (from the worst first value to the best one on the real input) that random input
        does not bring; None if training returned no curve.
    """

    verdict: Literal["input-used", "input-ignored", "inconclusive"]
    says: str
    runs: tuple[str, ...]
    metric: str
    real: float
    random: tuple[float, ...]
    share: float | None

    @property
    def passed(self) -> bool | None:
        """True if the input is used, False if it is not, None if the result is inconclusive."""
        return {"input-used": True, "input-ignored": False}.get(self.verdict)


def random_input(
    train: Train | str,
    config: Mapping[str, Any],
    data: Any,
    *,
    target: str | tuple[str, ...] = (),
    transform: Callable[[Any, np.random.Generator], Any] | None = None,
    real: Any = None,
    of: str | None = None,
    draws: int = 3,
    tracker: TrackerName | None = None,
    seed: int = 0,
) -> RandomInput:
    """Train on noise instead of the real input, and compare the results.

    A network that does no better on its real input than on noise does not use it. The inputs of all sets, validation
    included, are replaced by noise of the same shape, type, mean and standard deviation per column. Whole numbers,
    words and tokens are permuted within their column instead. Labels are kept.

    Parameters
    ----------
    train : callable or str
        A function ``train(config, data) -> metrics``, or its address ``package.module:function``. It returns a mapping
        of metric names to a value or a curve, or yields one mapping per epoch; ``val_loss`` is the best metric to have.
    config : mapping
        Passed to ``train`` each time.
    data : object
        The real data, in the form that ``train`` takes; see ``docs/how-to/controls.md``.
    target : str or tuple of str
        Columns or keys that hold labels, if their names do not show it.
    transform : callable, optional
        ``transform(data, rng)`` returns data with random input, for data in a form of your own.
    real : object, optional
        What ``train(config, data)`` returned before. If neither this nor ``of`` is given, it is trained now.
    of : str, optional
        The logged run on the real input, given as for ``tracker-diag diagnose --run-id``. Its metrics are used.
    draws : int
        Number of trainings on noise, which show how much results vary. 3 are few; 1 shows no variation.
    tracker : {'mlflow', 'wandb', 'none'}, optional
        Where to log the runs; None logs them where the active run is.
    seed : int
        Seed of the noise.

    Returns
    -------
    RandomInput
        ``says`` is the answer in a sentence, ``verdict`` in one word.

    Raises
    ------
    TypeError
        If the form of the data or of the returned metrics is not known.
    ValueError
        If both ``real`` and ``of`` are given, or real and random input share no metric.

    Notes
    -----
    Null hypothesis: the network ignores its input, so the real run is just one more draw. Let m and s be the mean and
    the standard deviation of k draws, and t the 0.99 quantile of Student's distribution with k - 1 degrees of freedom.
    Then the real run beats m by more than t·s·√(1 + 1/k) in 1 of 100 cases. For an accuracy, s is at least its sampling
    error on the held-out examples. The verdict is "input-used" if the real run is better by that margin and by a tenth
    of the total improvement. It is "inconclusive" if it only exceeds the margin with the 0.95 quantile.

    References
    ----------
    Seminar: Dataset issues, "Try random input".

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.controls import random_input
    >>> def train(config, data):
    ...     x, y = data
    ...     slope = (x * y).sum() / (x * x).sum() if config["uses_input"] else 0.0
    ...     return {"val_mse": ((y - slope * x) ** 2).mean()}
    >>> x = np.random.default_rng(0).normal(size=400)
    >>> random_input(train, {"uses_input": True}, (x, 3 * x)).verdict
    'input-used'
    >>> random_input(train, {"uses_input": False}, (x, 3 * x)).verdict
    'input-ignored'
    """
    if draws < 1:
        raise ValueError(f"draws={draws!r}: give 1 or more")
    if real is not None and of is not None:
        raise ValueError("give real or of, not both: each is the result on the real input")
    train, labels = found(train), (target,) if isinstance(target, str) else target
    roles_of(config)
    noisy = transform or (lambda given, rng: _noisy(given, rng, labels))
    rngs = np.random.default_rng(seed).spawn(draws)
    # Before anything is trained: data that cannot be taken apart are refused at once. The other draws are made one by
    # one, for they may be large.
    first = noisy(data, rngs[0])
    known = None if real is None else Trial("", resolved(Run.from_dict({"id": "real", "metrics": curves(real)})))
    known = Trial("", logged_roles(of)) if of is not None else known
    record, says = recorder(tracker, RANDOM_INPUT), ""
    try:
        base = known or trained(train, config, data, record, "real input", REAL_INPUT)
        more = {"control_of": of, "control_seed": seed}
        trials = [
            trained(train, config, given, record, f"random input {i}", RANDOM_INPUT, **more)
            for i, given in enumerate(chain([first], (noisy(data, rng) for rng in rngs[1:])), start=1)
        ]
        answer = _compared(base, trials, _held_out(data, labels))
        says = answer.says
    finally:
        record.close(says)
    return replace(answer, runs=tuple(trial.id for trial in (base, *trials) if trial.id))


def _noisy(data: Any, rng: np.random.Generator, target: tuple[str, ...]) -> Any:
    parts = split(data, target)
    if not all(size(each) for each in parts.sets):
        raise ValueError("one of the data sets is empty: give at least one example in each")
    return parts.rebuild([with_noise(each, rng, target) for each in parts.sets])


def _held_out(data: Any, target: tuple[str, ...]) -> int | None:
    """How many examples scores are taken on; None where data do not say."""
    try:
        sets = split(data, target).sets
    except TypeError:
        return None
    return size(sets[1]) if len(sets) > 1 else None


def _compared(real: Trial, random: list[Trial], held_out: int | None) -> RandomInput:
    role = next((r for r in _ROLES if all(r in each.roles.metrics for each in (real, *random))), None)
    if role is None:
        raise ValueError(f"real and random input have no metric in common: return one of {', '.join(_ROLES)}")
    facts, name = real.roles.facts[role], named(role, real.roles.metrics[role].name)
    sign = 1.0 if facts.better == "min" else -1.0
    ours, theirs = real.best(role), tuple(each.best(role) for each in random)
    result = RandomInput("inconclusive", "", (), real.roles.metrics[role].name, ours, theirs, None)
    said = f"{name[:1].upper()}{name[1:]}: {number(ours)} on the real input, {several(theirs)} on random input"
    said += f" ({len(theirs)} draw{'s' * (len(theirs) > 1)})"
    if not np.isfinite([ours, *theirs]).all():
        return replace(result, says=f"{said}. Values that are not finite cannot be compared.")
    level = float(np.mean(theirs))
    gain = sign * (level - ours)
    share = _share(real, random, role, sign, level, ours)
    result = replace(result, share=share)
    chance = _sampling_error(level / facts.whole, held_out) * facts.whole if facts.counts_right_answers else 0.0
    scatter = max(float(np.std(theirs, ddof=1)) if len(theirs) > 1 else 0.0, chance, 1e-9 * abs(level))
    worth = share is None or share >= _WORTH
    if worth and gain > _margin(_SURE, len(theirs)) * scatter:
        brings = "" if share is None else f": on random input, {percent(share)} of the improvement is lost"
        return replace(result, verdict="input-used", says=f"{said}. The network uses its input{brings}.")
    if worth and gain > _margin(_LIKELY, len(theirs)) * scatter:
        says = f"{said}. The real input is better, but by no more than draws vary; use more draws."
        return replace(result, says=says)
    if role.startswith("train_") and _learned(random, role, sign):
        says = f"{said}. The network memorises noise, so training metrics show nothing; return val_loss."
        return replace(result, says=says)
    if share is not None and gain > _margin(_SURE, len(theirs)) * scatter:
        says = f"{said}. On random input, only {percent(share)} of the improvement is lost: "
        says += "the network ignores its input, or the input says little about the labels."
        return replace(result, verdict="input-ignored", says=says)
    says = (
        f"{said}. Random input does as well: the network ignores its input, or the input says nothing about the "
        "labels. Run tiny_subset to tell which: a network that uses its input memorises a few examples, whatever their "
        "labels."
    )
    return replace(result, verdict="input-ignored", says=says)


def _margin(level: float, draws: int) -> float:
    """By how many deviations one more draw exceeds the mean of the others in 1 - level of all cases."""
    return float(stdtrit(draws - 1, level)) * math.sqrt(1 + 1 / draws) if draws > 1 else 0.0


def _sampling_error(share: float, examples: int | None) -> float:
    return math.sqrt(max(share * (1 - share), 0.0) / examples) if examples else 0.0


def _share(real: Trial, random: list[Trial], role: str, sign: float, level: float, ours: float) -> float | None:
    """What the real input brings, of all that was learned from the worst first value on."""
    firsts = [sign * each.values(role)[0] for each in (real, *random) if each.values(role).size > 1]
    firsts = [first for first in firsts if math.isfinite(first)]
    if not firsts:
        return None
    learned = max(*firsts, sign * level) - sign * ours
    return min(1.0, max(0.0, sign * (level - ours) / learned)) if learned > 0 else 0.0


def _learned(trials: list[Trial], role: str, sign: float) -> bool:
    """Whether training got better by more than a tenth of where it began."""
    falls = [(sign * (each.values(role)[0] - each.best(role)), abs(each.values(role)[0])) for each in trials]
    return any(fall > _WORTH * began for fall, began in falls)
