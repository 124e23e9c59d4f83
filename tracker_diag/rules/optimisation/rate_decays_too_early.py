"""OP409 rate-decays-too-early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.core.numbers import share as percent
from tracker_diag.core.run import Series
from tracker_diag.evidence.curve import Curve
from tracker_diag.roles.words import read
from tracker_diag.rules.api import (
    Achieved,
    Change,
    Ending,
    FloatArray,
    LikelihoodRatio,
    Outcome,
    Prescription,
    Symptoms,
    in_words,
    rule,
)

#: Fewest values of a logged learning rate that make a schedule, and of the loss before and after the rate was gone.
FEWEST_RATES, BEFORE, AFTER = 5, 2, 5
#: Share of the fall before the rate was gone that must lie in the later half of that time: otherwise the loss had
#: levelled off before.
LATER_HALF = 0.1
#: Share of that fall that may still follow in the rest of the run, and by which the loss may move around its median.
FOLLOWS, STANDS = 1 / 3, 0.15
#: Median of a standard normal's absolute value.
MEDIAN_OF_NORMAL = 0.6745
#: Standard deviations of the noise at the end beyond which a fall is more than noise.
BEYOND_NOISE = 4.0


@dataclass(frozen=True, slots=True)
class Decay:
    """How a learning rate came down.

    Attributes
    ----------
    step : float
        First step from which the rate stays below the given small share of its peak.
    share : float
        Share of the run that had gone by then.
    left : float
        The rate at the end, as a share of its peak.
    logged : bool
        Whether it was logged, not computed from the configuration.
    """

    step: float
    share: float
    left: float
    logged: bool


class Likelihoods:
    """What speaks for a learning rate that came down too early, and against it."""

    STOPPED_BY_IT = LikelihoodRatio(
        100.0,
        "the learning rate was below {gone:share} of its peak after {part:share} of the run; {said} fell by "
        "{fell:figure} until then and {fell_or_rose} in the rest of the run",
    )
    STOPPED_BY_IT_AS_CONFIGURED = LikelihoodRatio(
        30.0,
        "the configured schedule brings the learning rate below {gone:share} of its peak after {part:share} of the "
        "run; "
        "{said} fell by {fell:figure} until then and {fell_or_rose} in the rest of the run",
    )
    LITTLE_IS_KNOWN = LikelihoodRatio(0.05, "chance level is not known, so nothing shows how much was left to learn")


@rule(
    "OP409",
    "rate-decays-too-early",
    seen_as=("My loss falls, but very slowly", "My training loss stays high"),
    unless=("adversarial", "reinforcement", "contrastive", "annealed", "boosting"),
    likelihoods=Likelihoods,
)
def rate_decays_too_early(
    course: Curve,
    symptoms: Symptoms,
    achieved: Achieved | None,
    rate_curve: Series | None,
    params: Mapping[str, Any],
    numeric_params: Mapping[str, float],
    active: bool,
    ending: Ending | None,
    *,
    prior: float = 0.03,
    gone: float = 0.05,
    early: float = 0.5,
    enough: float = 0.5,
) -> Outcome:
    """The learning rate schedule ended before the learning did.

    What it measures
    ----------------
    The rule finds the step after which the logged learning rate stays below 5% of its peak. If no learning rate is
    logged, it computes this epoch from the configured factor of an exponential or stepwise schedule.

    The rule reports this if it happened in the first half of the run, the loss was falling until then and has been flat
    since, and much is left to learn. Three schedules are sound: one that ends near zero at the end of the run, one that
    steps down at half or three quarters of it, and one that lowers the learning rate because the loss was already flat.
    The rule also says nothing after a good fit.

    Why it matters
    --------------
    The weights can move only as far as the sum of the learning rates takes them. With a factor of 0.33 per epoch, 96%
    of that sum is used up after three epochs, and every later epoch is wasted.

    What to do
    ----------
    Stretch the schedule over the whole run: use a larger factor, longer steps or a minimum learning rate. Or lower the
    learning rate only when validation stops improving.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    gone : a learning rate below this share of its peak hardly moves the weights.
    early : it is early if it comes before this share of the run. Stepping down at half and at three quarters is common.
    enough : a run that has brought its loss this share below chance level is not held back.

    References
    ----------
    Seminar: "Learning Rate", "Underfitting". Li, Yumer and Ramanan (2020), Budgeted training, ICLR: rates are best
    brought to nothing at the end of what can be spent.
    """
    if active or symptoms.has("overfitting", "diverged"):
        return None
    decay = (
        _logged(rate_curve, gone)
        if rate_curve is not None
        else _configured(course, params, numeric_params, gone, ending)
    )
    if decay is None or decay.share >= early or (achieved is not None and (achieved.share or 0) >= enough):
        return None
    fall = _stopped(course, decay.step)
    if fall is None:
        return None
    row = Likelihoods.STOPPED_BY_IT if decay.logged else Likelihoods.STOPPED_BY_IT_AS_CONFIGURED
    after = f"{'' if fall[1] >= 0 else 'rose '}by {figure(abs(fall[1]), 2)}"
    observations = [row(gone=gone, part=decay.share, said=course.said, fell=fall[0], fell_or_rose=after)]
    if achieved is None or achieved.share is None:
        observations.append(Likelihoods.LITTLE_IS_KNOWN())
    text, changes = _prescription(params, numeric_params, decay)
    return rate_decays_too_early.hypothesis(
        prior=prior,
        observations=observations,
        message=f"learning rate fell below {percent(gone)} of its peak after {percent(decay.share)} of the run, and "
        "the loss has been flat since",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with a constant learning rate: if the loss falls further, the schedule stopped it",
        verdict="underfitting",
    )


def _logged(rate_curve: Series, gone: float) -> Decay | None:
    """When the logged learning rate was gone for good."""
    good = np.isfinite(rate_curve.values)
    steps, rates = rate_curve.steps[good], rate_curve.values[good]
    if rates.size < FEWEST_RATES or not float(rates.max()) > 0 or not steps[-1] > steps[0]:
        return None
    at_work = np.flatnonzero(rates >= gone * rates.max())
    if not at_work.size or at_work[-1] == rates.size - 1:
        return None
    step = float(steps[at_work[-1] + 1])
    share = (step - float(steps[0])) / float(steps[-1] - steps[0])
    return Decay(step, share, float(rates[-1] / rates.max()), logged=True)


def _configured(
    course: Curve, params: Mapping[str, Any], numeric_params: Mapping[str, float], gone: float, ending: Ending | None
) -> Decay | None:
    """When the rate is gone by an exponential or stepwise schedule with one factor, in a run that counts epochs."""
    progress = ending.progress if ending is not None else None
    factor, epochs = _factor(params, numeric_params), _epochs_of_a_step(params, numeric_params)
    if factor is None or epochs is None or progress is None or progress.unit != "epoch" or not 0 < gone < 1:
        return None
    # After k of its steps the rate is factor**k of its peak.
    done = epochs[1] * float(np.ceil(np.log(gone) / np.log(factor[1])))
    first = float(course.steps[0])
    share = done / progress.reached
    left = factor[1] ** (progress.reached // epochs[1])
    return Decay(first + share * (float(course.steps[-1]) - first), share, left, logged=False)


def _schedule(params: Mapping[str, Any]) -> str:
    return str(params.get("scheduler") or "").lower()


def _factor(params: Mapping[str, Any], numeric_params: Mapping[str, float]) -> tuple[str, float] | None:
    """The name and the value of the factor of a schedule that multiplies the rate."""
    if not any(word in _schedule(params) for word in ("exp", "step")):
        return None
    for key, factor in numeric_params.items():
        words = read(key).words
        if "gamma" in words and "focal" not in words and 0 < factor < 1:
            return key, factor
    return None


def _epochs_of_a_step(params: Mapping[str, Any], numeric_params: Mapping[str, float]) -> tuple[str, float] | None:
    """The name and the value of the epochs between two steps of a schedule; 1 if it goes down every epoch."""
    if "step" not in _schedule(params):
        return "", 1.0
    for key, epochs in numeric_params.items():
        if {"step", "size"} <= read(key).words and epochs >= 1:
            return key, epochs
    return None


def _stopped(course: Curve, step: float) -> tuple[float, float] | None:
    """By how much the loss fell until the rate was gone, and after that; None if something else stopped it."""
    x, y = course.finite
    before, after = y[x <= step], y[x > step]
    if before.size < BEFORE or after.size < AFTER:
        return None
    there = float(np.interp(step, x, y))
    half = float(np.interp((float(x[0]) + step) / 2, x, y))
    fell, later = float(y[0]) - there, half - there
    level = float(np.median(after))
    stands = abs(there - level) <= FOLLOWS * fell and abs(level - _end(after)) <= STANDS * fell
    noise = BEYOND_NOISE * _spread(after)
    if not (fell > noise and later > max(LATER_HALF * fell, noise / BEYOND_NOISE) and stands):
        return None
    return fell, there - _end(after)


def _end(after: FloatArray) -> float:
    return float(np.median(after[-max(1, after.size // 4) :]))


def _spread(after: FloatArray) -> float:
    """The standard deviation of single values of a flat curve, from its differences."""
    return float(np.median(np.abs(np.diff(after))) / (MEDIAN_OF_NORMAL * np.sqrt(2)))


def _prescription(
    params: Mapping[str, Any], numeric_params: Mapping[str, float], decay: Decay
) -> tuple[str, tuple[Change, ...]]:
    """A longer step or a larger factor, so that the rate comes to the same share at the end of the run."""
    step, factor = _epochs_of_a_step(params, numeric_params), _factor(params, numeric_params)
    if step is not None and step[0] and decay.share > 0:
        changes = (Change(step[0], step[1], int(np.ceil(step[1] / decay.share))),)
    elif factor is not None:
        changes = (Change(factor[0], factor[1], float(f"{factor[1] ** decay.share:.3g}")),)
    else:
        return "stretch the schedule over the whole run, or set a minimum learning rate", ()
    return in_words(changes), changes
