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
from tracker_diag.controls.saying import Answer, logged_roles, named, number, percent, several
from tracker_diag.controls.splits import split
from tracker_diag.controls.trial import Train, Trial, curves, found, resolved, roles_of, trained
from tracker_diag.core.controlled import RANDOM_INPUT, REAL_INPUT
from tracker_diag.core.run import Run

_ROLES = ("val_loss", "val_score", "test_loss", "test_score", "train_loss", "train_score")
_SURE, _LIKELY = 0.99, 0.95
_WORTH = 0.1
"""Least share of what was learned that has to come from the input."""


@dataclass(frozen=True, slots=True)
class RandomInput(Answer):
    """What came out of random input.

    Attributes
    ----------
    verdict : {'input-used', 'input-ignored', 'inconclusive'}
        Whether the network does better on its input than on noise.
    says : str
        The answer in words.
    runs : tuple of str
        Ids of the runs that were logged, the one on the real input first where it was trained here.
    metric : str
        What was compared: the best value of this metric.
    real : float
        On the real input.
    random : tuple of float
        On random input, one a draw.
    share : float or None
        Share of what was learned on the real input, from the worst first value on, that noise does not bring; None
        where training returned no curve.
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
        """True where the input is used, False where it is not; None where nothing was shown."""
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
    """Train on noise instead of the input, and compare with training on the input.

    Inputs of all sets, held-out ones too, are replaced by noise of the same shape, type, and mean and standard
    deviation of each column; whole numbers, words and tokens are permuted within their column. Labels are kept.

    Parameters
    ----------
    train : callable or str
        ``train(config, data) -> metrics``, or where it is: ``package.module:function``. Metrics: a mapping of names to
        a value or a curve, or a mapping for each epoch; best with ``val_loss``.
    config : mapping
        Handed to it each time.
    data : object
        The real data, in the form that ``train`` takes; see ``docs/controls.md``.
    target : str or tuple of str
        Columns or keys that hold labels, where their names do not say so.
    transform : callable, optional
        ``transform(data, rng)`` gives data with random input, where data have a form of their own.
    real : object, optional
        What ``train(config, data)`` returned before; trained now where neither this nor ``of`` is given.
    of : str, optional
        The logged run on the real input, named as for ``tracker-diag diagnose --run-id``: its metrics are compared
        with.
    draws : int
        Trainings on noise, which show how far results scatter; 3 are few, 1 shows none.
    tracker : {'mlflow', 'wandb', 'none'}, optional
        Where runs are logged; where the active run is, if None.
    seed : int
        Of the noise.

    Returns
    -------
    RandomInput
        Its ``says`` is the answer in words, its ``verdict`` in one.

    Raises
    ------
    TypeError
        If data or returned metrics have no form that is known.
    ValueError
        If both ``real`` and ``of`` are given, or no metric was returned for the real and the random input.

    Notes
    -----
    If the input says nothing to the network, the real run is one more draw. With the mean m and the deviation s of k
    draws, it would come out better than m by t·s·√(1 + 1/k) in 1 of 100 cases, t being the .99 quantile of Student's
    distribution with k - 1 degrees of freedom; for an accuracy, s is at least its sampling error on the held-out
    examples. Better by that, and by a tenth of what was learned, is "input-used"; better by the .95 quantile
    "inconclusive".

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
        raise ValueError("draws has to be 1 or more")
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
        raise ValueError("data hold a set without examples")
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
        return replace(result, says=f"{said}: without finite values there is nothing to compare.")
    level = float(np.mean(theirs))
    gain = sign * (level - ours)
    share = _share(real, random, role, sign, level, ours)
    result = replace(result, share=share)
    chance = _sampling_error(level / facts.whole, held_out) * facts.whole if facts.counts_right_answers else 0.0
    scatter = max(float(np.std(theirs, ddof=1)) if len(theirs) > 1 else 0.0, chance, 1e-9 * abs(level))
    worth = share is None or share >= _WORTH
    if worth and gain > _margin(_SURE, len(theirs)) * scatter:
        brings = "" if share is None else f", which brings {percent(share)} of what is learned"
        return replace(result, verdict="input-used", says=f"{said}: the network uses its input{brings}.")
    if worth and gain > _margin(_LIKELY, len(theirs)) * scatter:
        says = f"{said}: better on the real input, but no more than draws scatter; more draws would tell."
        return replace(result, says=says)
    if role.startswith("train_") and _learned(random, role, sign):
        says = f"{said}: noise is learned by heart, so that training metrics tell nothing; return val_loss."
        return replace(result, says=says)
    if share is not None and gain > _margin(_SURE, len(theirs)) * scatter:
        says = f"{said}: the input brings {percent(share)} of what is learned, next to nothing: "
        says += "the network ignores its input, or the input says little about the labels."
        return replace(result, verdict="input-ignored", says=says)
    says = (
        f"{said}: random input does as well, so the network ignores its input, or the input says nothing about the "
        "labels. tiny_subset tells which: a network that uses its input learns a few examples by heart, whatever their "
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
