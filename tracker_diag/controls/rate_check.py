"""The range of the learning rate: the highest that does not make the loss explode, and one order below it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tracker_diag.controls.recorders import TrackerName, recorder
from tracker_diag.controls.rungs import LEARNED, Rung, Yardstick, fine, judged
from tracker_diag.controls.saying import Answer, named, number
from tracker_diag.controls.trial import Train, Trial, found, roles_of, trained, with_value
from tracker_diag.core.controlled import RATE_RANGE
from tracker_diag.core.numbers import share as percent
from tracker_diag.roles.resolve import Roles

HALF_DECADES = tuple(float(f"{10 ** (i / 2):.2g}") for i in range(-10, 3))
"""1e-5, 3.2e-5, 1e-4 … 10."""
_SHORTER, _FEWEST_EPOCHS = 10, 3
_STOP_AFTER = 2


@dataclass(frozen=True, slots=True)
class LearningRateRange(Answer):
    """Result of ``learning_rate_range``.

    Attributes
    ----------
    verdict : {'found', 'none-exploded', 'all-exploded', 'nothing-learned'}
        Whether the highest learning rate that works lies within those tried.
    says : str
        The answer in words.
    runs : tuple of str
        Ids of the logged runs.
    highest : float or None
        The highest learning rate that works: the loss neither explodes nor collapses there or at a lower one.
    proposed : float or None
        A tenth of it; if no loss exploded, the learning rate with the lowest loss.
    best : float or None
        The learning rate with the lowest loss; None if none learned anything.
    rungs : tuple of Rung
        Each learning rate that was tried, in rising order.
    """

    verdict: Literal["found", "none-exploded", "all-exploded", "nothing-learned"]
    says: str
    runs: tuple[str, ...]
    highest: float | None
    proposed: float | None
    best: float | None
    rungs: tuple[Rung, ...]

    @property
    def passed(self) -> bool:
        """Whether a learning rate can be proposed."""
        return self.proposed is not None


def learning_rate_range(
    train: Train | str,
    config: Mapping[str, Any],
    data: Any,
    *,
    rates: Sequence[float] = HALF_DECADES,
    name: str | None = None,
    of: str | None = None,
    tracker: TrackerName | None = None,
) -> LearningRateRange:
    """Train briefly with rising learning rates until the loss explodes, and propose a learning rate.

    Parameters
    ----------
    train : callable or str
        A function ``train(config, data) -> metrics``, or its address ``package.module:function``. It should return a
        training loss for each epoch, and a validation loss if possible.
    config : mapping
        Passed to ``train`` with another learning rate each time. If an entry is the number of epochs, it is lowered to
        a tenth, at least 3.
    data : object
        Passed to ``train`` unchanged.
    rates : sequence of float
        Learning rates to try, from the lowest up; half decades from 1e-5 to 10 by default. After two in a row that
        explode or collapse, higher ones are not tried.
    name : str, optional
        Entry of ``config`` that is the learning rate, e.g. ``optimizer.lr`` if nested; None finds it by its name.
    of : str, optional
        The logged run that this is a control of; logged as ``control_of``.
    tracker : {'mlflow', 'wandb', 'none'}, optional
        Where to log the runs; None logs them where the active run is.

    Returns
    -------
    LearningRateRange
        ``says`` is the answer in sentences, ``proposed`` the learning rate to use.

    Raises
    ------
    TypeError
        If the form of the returned metrics is not known.
    ValueError
        If no entry of ``config`` is the learning rate, a rate is not positive, or no loss was returned. If ``train``
        itself raises an ArithmeticError or ValueError at a higher rate than one that worked, that is an explosion.

    Notes
    -----
    A loss has exploded if it is not finite at the end, or above 1.5 times the first loss at the lowest learning rate.
    A learning rate has collapsed if its improvement is less than a tenth of that at a lower one, or if the loss ends at
    the level of a model that ignores its input (the entropy of the classes, the variance of the targets). One large
    step may leave a network stuck there.

    References
    ----------
    Seminar: Learning rate, "How to find best learning rate?".

    Examples
    --------
    >>> from tracker_diag.controls import learning_rate_range
    >>> def train(config, data):
    ...     w = 1.0
    ...     for _ in range(config["epochs"]):
    ...         yield {"train_loss": w * w}
    ...         w -= config["lr"] * 2 * w
    >>> found = learning_rate_range(train, {"lr": 0.5, "epochs": 100}, None)
    >>> found.verdict, found.highest, found.proposed
    ('found', 0.32, 0.032)
    """
    train, roles = found(train), roles_of(config)
    name = name or roles.names.get("learning_rate")
    if name is None:
        raise ValueError("no learning rate found in config: give its name, e.g. name='optimizer.lr'")
    ladder = sorted({float(rate) for rate in rates})
    if not ladder or not all(0 < rate < math.inf for rate in ladder):
        raise ValueError("rates: give positive numbers")
    config = with_value(_shorter(config, roles), name, ladder[0])
    record, says = recorder(tracker, RATE_RANGE), ""

    def trial(rate: float) -> Trial:
        at = with_value(config, name, rate)
        return trained(train, at, data, record, f"rate {number(rate)}", RATE_RANGE, control_of=of)

    try:
        first = trial(ladder[0])
        yardstick = Yardstick.of(first, data)
        tried: list[tuple[float, Trial | None]] = [(ladder[0], first)]
        rungs = judged(tried, first, yardstick)
        for rate in ladder[1:]:
            if len(rungs) >= _STOP_AFTER and not fine(rungs[-_STOP_AFTER:]):
                break
            try:
                tried.append((rate, trial(rate)))
            except (ArithmeticError, ValueError):
                # The same training worked at a lower rate: it is the numbers that broke it.
                tried.append((rate, None))
            rungs = judged(tried, first, yardstick)
        answer = _concluded(rungs, first, yardstick, roles)
        says = answer.says
    finally:
        record.close(says)
    return answer


def _shorter(config: Mapping[str, Any], roles: Roles) -> Mapping[str, Any]:
    epochs, name = roles.params.get("epochs"), roles.names.get("epochs")
    if not epochs or name is None:
        return config
    return with_value(config, name, max(_FEWEST_EPOCHS, int(epochs) // _SHORTER))


def _concluded(rungs: tuple[Rung, ...], first: Trial, yardstick: Yardstick, roles: Roles) -> LearningRateRange:
    role = yardstick.role
    metric = named(role, first.roles.metrics[role].name)
    kept = fine(rungs)
    runs = tuple(rung.run for rung in rungs if rung.run)
    result = LearningRateRange("all-exploded", "", runs, None, None, None, rungs)
    if not kept:
        says = f"The loss explodes at every learning rate from {number(rungs[0].rate)} up: it is not the cause."
        return replace(result, says=says)
    lost = next((rung for rung in rungs if rung.state != "fine"), None)
    below = [rung for rung in kept if lost is None or rung.rate < lost.rate] or kept
    highest, best = below[-1], min(kept, key=lambda rung: rung.loss)
    span = f"{number(rungs[0].rate)} to {number(rungs[-1].rate)}"
    level = yardstick.reached(best.loss)
    if level is not None:
        says = (
            f"None of {len(rungs)} learning rates from {span} brings the {metric} {percent(LEARNED)} below "
            f"{number(level)}, the loss of a model that ignores its input: the learning rate is not the cause."
        )
        return replace(result, verdict="nothing-learned", says=says)
    lowest = f"lowest {metric}, {number(best.loss)}, came at learning rate {number(best.rate)}"
    result = replace(result, best=best.rate)
    if lost is None:
        says = (
            f"None of {len(rungs)} learning rates from {span} makes the loss explode. The {lowest}.{_clipping(roles)}"
        )
        return replace(result, verdict="none-exploded", proposed=best.rate, says=says)
    proposed = float(f"{highest.rate / 10:.2g}")
    what = "the loss explodes" if lost.state == "exploded" else "the network stops learning"
    says = (
        f"The highest learning rate that works is {number(highest.rate)}: at {number(lost.rate)} {what}. Use a tenth "
        f"of it: {number(proposed)}. In {len(rungs)} short trainings, the {lowest}.{_clipping(roles)}"
    )
    return replace(result, verdict="found", highest=highest.rate, proposed=proposed, says=says)


def _clipping(roles: Roles) -> str:
    clip = roles.params.get("gradient_clip")
    if not isinstance(clip, int | float) or not clip > 0:
        return ""
    return f" Gradients are clipped at {number(clip)}, which hides explosions: turn clipping off for this check."
