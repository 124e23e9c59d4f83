"""The range of the learning rate: the highest that does not make the loss explode, and one order below it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tracker_diag.controls.recorders import TrackerName, recorder
from tracker_diag.controls.rungs import LEARNED, Rung, Yardstick, fine, judged
from tracker_diag.controls.saying import Answer, named, number, percent
from tracker_diag.controls.trial import Train, Trial, found, roles_of, trained, with_value
from tracker_diag.core.controlled import RATE_RANGE
from tracker_diag.roles.resolve import Roles

HALF_DECADES = tuple(float(f"{10 ** (i / 2):.2g}") for i in range(-10, 3))
"""1e-5, 3.2e-5, 1e-4 … 10."""
_SHORTER, _FEWEST_EPOCHS = 10, 3
_STOP_AFTER = 2


@dataclass(frozen=True, slots=True)
class LearningRateRange(Answer):
    """What came out of a ladder of learning rates.

    Attributes
    ----------
    verdict : {'found', 'none-exploded', 'all-exploded', 'nothing-learned'}
        Whether the highest rate that does not explode lies within the ladder.
    says : str
        The answer in words.
    runs : tuple of str
        Ids of the runs that were logged.
    highest : float or None
        The highest rate below which none exploded or collapsed.
    proposed : float or None
        One order of magnitude below it; the rate with the lowest loss, where none exploded.
    best : float or None
        The rate with the lowest loss; None where no rate learned.
    rungs : tuple of Rung
        Each rate that was tried, rising.
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
        """Whether a rate can be proposed."""
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
    """Train briefly with rising learning rates, until the loss explodes, and propose a rate.

    Parameters
    ----------
    train : callable or str
        ``train(config, data) -> metrics``, or where it is: ``package.module:function``. It should return a training
        loss, better a validation loss too, for each epoch.
    config : mapping
        Handed to it with another rate each time. Where an entry is the number of epochs, a tenth is trained, at least
        3.
    data : object
        Handed to it as it is.
    rates : sequence of float
        To be tried, from the lowest on; half decades from 1e-5 to 10 by default. After two in a row that explode or
        collapse, the higher ones are left out.
    name : str, optional
        Entry of the configuration that is the rate, ``optimizer.lr`` where it lies deeper; found by its words if None.
    of : str, optional
        The logged run that this is a control of; logged as ``control_of``.
    tracker : {'mlflow', 'wandb', 'none'}, optional
        Where runs are logged; where the active run is, if None.

    Returns
    -------
    LearningRateRange
        Its ``says`` is the answer in words, ``proposed`` the rate.

    Raises
    ------
    TypeError
        If returned metrics have no form that is known.
    ValueError
        If no entry of the configuration is the rate, rates are not positive, or no loss was returned. An
        ArithmeticError or ValueError of ``train`` at a higher rate than one that worked counts as an explosion.

    Notes
    -----
    A loss has exploded that is not finite at the end, or lies above 1.5 times where the lowest rate began. A rate has
    collapsed that gains less than a tenth of what a lower one does, or ends at what is reached without the input (the
    entropy of classes, the variance of targets): a network that was thrown into a corner by one step may stand there.

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
        raise ValueError("no entry of config is known as the learning rate: give its name, name='…'")
    ladder = sorted({float(rate) for rate in rates})
    if not ladder or not all(0 < rate < math.inf for rate in ladder):
        raise ValueError("rates have to be positive numbers")
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
        says = f"The loss explodes at every rate from {number(rungs[0].rate)} on: the trouble is not the learning rate."
        return replace(result, says=says)
    lost = next((rung for rung in rungs if rung.state != "fine"), None)
    below = [rung for rung in kept if lost is None or rung.rate < lost.rate] or kept
    highest, best = below[-1], min(kept, key=lambda rung: rung.loss)
    span = f"{number(rungs[0].rate)} to {number(rungs[-1].rate)}"
    level = yardstick.reached(best.loss)
    if level is not None:
        says = (
            f"No rate of {len(rungs)} from {span} brings the {metric} {percent(LEARNED)} below {number(level)}, which "
            "a network reaches that knows nothing of its input: the trouble is not the learning rate."
        )
        return replace(result, verdict="nothing-learned", says=says)
    lowest = f"the lowest {metric}, {number(best.loss)}, comes with {number(best.rate)}"
    result = replace(result, best=best.rate)
    if lost is None:
        says = f"None of {len(rungs)} rates from {span} makes the loss explode; {lowest}.{_clipping(roles)}"
        return replace(result, verdict="none-exploded", proposed=best.rate, says=says)
    proposed = float(f"{highest.rate / 10:.2g}")
    what = "the loss explodes" if lost.state == "exploded" else "nothing is learned any more"
    says = (
        f"The highest of {len(rungs)} rates that does not make the loss explode is {number(highest.rate)} (at "
        f"{number(lost.rate)} {what}); one order of magnitude below it: {number(proposed)}. Of these short trainings, "
        f"{lowest}.{_clipping(roles)}"
    )
    return replace(result, verdict="found", highest=highest.rate, proposed=proposed, says=says)


def _clipping(roles: Roles) -> str:
    clip = roles.params.get("gradient_clip")
    if not isinstance(clip, int | float) or not clip > 0:
        return ""
    return f" Gradients are clipped at {number(clip)}, which hides explosions: turn that off here."
