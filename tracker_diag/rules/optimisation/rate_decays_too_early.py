"""OP409 rate-decays-too-early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    rule,
)

#: Values of a logged rate that make a schedule, and values of the loss before the rate was gone and after it.
FEWEST_RATES, BEFORE, AFTER = 5, 2, 5
#: Share of the fall until the rate was gone that must lie in the later half of that time: else it had settled before.
LATER_HALF = 0.1
#: Share of that fall that may still follow in all the rest of the run, and by which it may move around its median.
FOLLOWS, STANDS = 1 / 3, 0.15
#: Median of a standard normal's absolute value.
MEDIAN_OF_NORMAL = 0.6745
#: Deviations of the noise around the end by which a fall is more than noise.
BEYOND_NOISE = 4.0


@dataclass(frozen=True, slots=True)
class Decay:
    """How a learning rate came down.

    Attributes
    ----------
    step : float
        First step from which the rate stays at the small share of its peak that is asked for.
    share : float
        Of the run that had gone by then.
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
    """What speaks for a rate that came down too early, and against it."""

    STOPPED_BY_IT = LikelihoodRatio(
        100.0,
        "the rate was below {gone:.0%} of its peak from {share:.0%} of the run on; until then {said} fell by "
        "{fell:.3g}, after it by {after:.2g}",
    )
    STOPPED_BY_IT_AS_CONFIGURED = LikelihoodRatio(
        30.0,
        "as configured the rate is below {gone:.0%} of its peak from {share:.0%} of the run on; until then {said} fell "
        "by {fell:.3g}, after it by {after:.2g}",
    )
    LITTLE_IS_KNOWN = LikelihoodRatio(0.05, "what could still be learned is not known")


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
    """The schedule of the learning rate ended before the learning did.

    What it measures
    ----------------
    From which step on the logged learning rate stays below a twentieth of its peak; where none is logged, from which
    epoch on an exponential or a stepwise schedule of the configured factor does. It speaks where that was in the first
    half of the run, the loss was falling when it happened and has stood since, and much is left to learn. A rate that
    goes to nothing at the end of the run, one that is stepped down at a half or three quarters of it, and one that is
    lowered because the loss stood already are sound, and so is what follows after a good fit.

    Why it matters
    --------------
    Weights can only go as far as the sum of the rates takes them. Multiplied by 0.33 every epoch the rate has made 96 %
    of all its way after three, and every epoch after that is wasted.

    What to do
    ----------
    Let the schedule last as long as the run: a larger factor, a longer step, a floor for the rate; or lower it when
    validation stands, not before.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    gone : share of its peak below which a rate moves next to nothing.
    early : share of the run before which that is early: steps down at a half and at three quarters are practice.
    enough : share of what knowing nothing costs from which on, once learned, the run is no longer held back by it.

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
    observations = [row(gone=gone, share=decay.share, said=course.said, fell=fall[0], after=fall[1])]
    if achieved is None or achieved.share is None:
        observations.append(Likelihoods.LITTLE_IS_KNOWN())
    text, changes = _prescription(params, numeric_params, decay)
    return rate_decays_too_early.hypothesis(
        prior=prior,
        observations=observations,
        message=f"the learning rate was gone after {decay.share:.0%} of the run, and the loss has stood since",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with a constant rate",
        verdict="underfitting",
    )


def _logged(rate_curve: Series, gone: float) -> Decay | None:
    """When the logged rate was gone for good."""
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
    """When the rate is gone as an exponential or a stepwise schedule of one factor has it, in a run of epochs."""
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
    """The name and the value of the factor of a schedule that multiplies."""
    if not any(word in _schedule(params) for word in ("exp", "step")):
        return None
    for key, factor in numeric_params.items():
        words = read(key).words
        if "gamma" in words and "focal" not in words and 0 < factor < 1:
            return key, factor
    return None


def _epochs_of_a_step(params: Mapping[str, Any], numeric_params: Mapping[str, float]) -> tuple[str, float] | None:
    """The name and the value of the epochs between two steps of a schedule; one where it goes down every epoch."""
    if "step" not in _schedule(params):
        return "", 1.0
    for key, epochs in numeric_params.items():
        if {"step", "size"} <= read(key).words and epochs >= 1:
            return key, epochs
    return None


def _stopped(course: Curve, step: float) -> tuple[float, float] | None:
    """By how much the loss fell until the rate was gone, and after that; None where it was not this that stopped it."""
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
    """The deviation of single values of a curve that stands, by its differences."""
    return float(np.median(np.abs(np.diff(after))) / (MEDIAN_OF_NORMAL * np.sqrt(2)))


def _prescription(
    params: Mapping[str, Any], numeric_params: Mapping[str, float], decay: Decay
) -> tuple[str, tuple[Change, ...]]:
    """A longer step or a larger factor, so that the rate comes to the same share at the end of the run."""
    step, factor = _epochs_of_a_step(params, numeric_params), _factor(params, numeric_params)
    if step is not None and step[0] and decay.share > 0:
        longer = int(np.ceil(step[1] / decay.share))
        return f"raise {step[0]} from {step[1]:g} to {longer}", (Change(step[0], step[1], longer),)
    if factor is not None:
        larger = float(f"{factor[1] ** decay.share:.3g}")
        return f"raise {factor[0]} from {factor[1]:g} to {larger:g}", (Change(factor[0], factor[1], larger),)
    return "let the schedule last as long as the run, or keep a floor for the rate", ()
