"""OP401 learning-rate-too-high."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.saturation import Saturation
from tracker_diag.roles.learning_rates import OF_ONE_LENGTH, between, rounded, usual_rates
from tracker_diag.rules.api import (
    Change,
    Curve,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    in_words,
    lower,
    rule,
)
from tracker_diag.rules.hypothesis import foremost

#: Times the baseline above which a first value is high: sound initialisations start closer to it.
HIGH_START = 1.3
#: Factor below the highest usual learning rate from which on a rate is certainly usual: the range has no sharp end.
WELL_BELOW = 3
#: Times the highest usual learning rate that is not known to work: the rates of sound runs, ours and public ones, end
#: at 20. Plain SGD has no such limit: linear probes are trained at 30.
BEYOND_DOUBT = 50
#: Shown in place of a share of 0, which reads as nothing at all.
LEAST_SHARE = 1e-3
#: Share of the run within which half of the improvement comes if the steps are too long for the rest.
AT_ONCE = 0.1


class Likelihoods:
    """What speaks for a learning rate that is too high, and against it."""

    LOST = LikelihoodRatio(8.0, "the loss diverged")
    SWINGS = LikelihoodRatio(8.0, "the loss does not settle")
    FELL_TO_NOTHING = LikelihoodRatio(2.0, "the loss fell from a high first value to chance level and stayed there")
    SET_BACK = LikelihoodRatio(
        8.0,
        "the training loss rose by {rise:figure} midway; in all it fell by {fall:figure}, from {first:figure} to "
        "{best:figure}",
    )
    SET_BACK_AND_REGAINED = LikelihoodRatio(
        3.0,
        "the training loss rose by {rise:figure} midway and recovered; in all it fell by {fall:figure}, from "
        "{first:figure} to {best:figure}",
    )
    SATURATED = LikelihoodRatio(4.0, "the output layer is saturated")
    RESTS_AT_ONCE = LikelihoodRatio(
        4.0,
        "half of the fall in training loss came within {part:share} of the run, as with steps that are too long",
        own=True,
    )
    STAYS = LikelihoodRatio(4.0, "the loss stays at chance level, as with steps so long that they undo each other")
    JUMPS = LikelihoodRatio(1.5, "the loss has spikes")
    SMOOTH = LikelihoodRatio(0.2, "the loss shows neither oscillation nor spikes")
    SETTLES = LikelihoodRatio(0.15, "the curves show no instability")
    FAR_ABOVE = LikelihoodRatio(
        4.0,
        "learning rate {rate:figure} is {times:figure} times the highest rate usual for {optimizer} ({high:figure})",
        "params",
        most=60.0,
    )
    USUAL = LikelihoodRatio(0.15, "learning rate {rate:figure} is not above the usual range for {optimizer}", "params")


@rule(
    "OP401",
    "learning-rate-too-high",
    seen_as=("My loss is NaN or infinite", "My loss explodes", "My loss jumps, or swings up and down"),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=lower("learning_rate"),
)
def learning_rate_too_high(
    features: Features,
    symptoms: Symptoms,
    train: Curve | None,
    improvement: float | None,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    learning_rate: float | None,
    restarts: bool | None,
    saturation: Saturation | None,
    *,
    prior: float = 0.1,
    step_down: float = 10.0,
    setback: float = 0.15,
) -> Outcome:
    """The learning rate is too high, judged by its usual range or by the curve.

    What it measures
    ----------------
    Curves: a loss that diverges or oscillates, or that falls from a high first value to chance level; validation that
    climbs while training does not improve; a saturated output; a training loss that rises again midway.

    Configuration: the learning rate, compared with the usual ones for its optimiser. A high learning rate alone is
    never more than an `info`. At 50 times the highest usual learning rate or more, the curve is enough for a warning if
    half of its improvement comes within a tenth of the run and the training set is not memorised. (In the labelled
    runs on which the rules were tested, the highest learning rate of a sound run is 20 times the highest usual one.)

    Why it matters
    --------------
    A high learning rate "hardly gets you to the global minimum (good chance of overshooting it)".

    What to do
    ----------
    "Find the highest value which doesn't make the error explode. Set the learning rate one order of magnitude lower
    than this."

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
        They are high, because the learning rate is "the most important hyperparameter".
    step_down : if a learning rate in the usual range proved too high, it is divided by this factor.
    setback : a rise of the training loss by this share of the total improvement (from the first value, or the
        baseline if it is known, to the best value) counts. Sound runs lose next to nothing. A rise is not counted if
        the schedule raises the learning rate again.

    References
    ----------
    Seminar: "Learning Rate", "How to find best learning rate?". Bengio (2012), Practical recommendations for
    gradient-based training.
    """
    low, high = usual_rates(params.get("optimizer"), params)
    by_rate_alone = str(params.get("optimizer") or "").lower() in OF_ONE_LENGTH
    beyond_doubt = by_rate_alone and learning_rate is not None and learning_rate >= BEYOND_DOUBT * high
    seen = _seen(features, symptoms, train, improvement, setback, bool(restarts), saturation, beyond_doubt=beyond_doubt)
    observations = [seen]
    target = None
    if learning_rate is not None:
        observations += _configured(learning_rate, high, params.get("optimizer") or "any optimiser")
    if learning_rate and learning_rate > high:
        target = rounded(between(low, high))
    elif learning_rate and step_down > 1:
        target = rounded(learning_rate / step_down)
    name = names.get("learning_rate", "learning_rate")
    changes = (Change(name, learning_rate, target),) if target else ()
    text = in_words(changes) or "divide the learning rate by 10"
    return learning_rate_too_high.hypothesis(
        prior=prior,
        observations=observations,
        message=_message(observations, learning_rate),
        advice=text + "; add warm-up or a decay schedule",
        prescription=Prescription(text, changes),
        settles=f"run once with {name} {figure(target)}" if target else "run once with a tenth of the learning rate",
        verdict="underfitting" if seen.key in (Likelihoods.RESTS_AT_ONCE.key, Likelihoods.STAYS.key) else "unstable",
    )


def _message(observations: list[Observation], learning_rate: float | None) -> str:
    first = foremost(observations)
    return first.message + ("" if first.source == "params" or not learning_rate else _at(learning_rate))


def _at(learning_rate: float) -> str:
    return f" (learning rate {figure(learning_rate)})"


def _seen(
    features: Features,
    symptoms: Symptoms,
    train: Curve | None,
    improvement: float | None,
    setback: float,
    restarts: bool,
    saturation: Saturation | None,
    *,
    beyond_doubt: bool,
) -> Observation:
    """What the curves say: the first of these that holds."""
    if symptoms.has("diverged"):
        return Likelihoods.LOST()
    if symptoms.has("unstable"):
        return Likelihoods.SWINGS()
    if features.stuck_at_baseline and not features.starts_at_baseline and features.first.times > HIGH_START:
        return Likelihoods.FELL_TO_NOTHING()
    if features.setback > setback and not features.stuck_at_baseline and not restarts:
        row = Likelihoods.SET_BACK_AND_REGAINED if features.regained else Likelihoods.SET_BACK
        rise = features.setback * (improvement or 0.0)
        first, best = _shown(train, "start"), _shown(train, "best")
        return row(rise=rise, fall=abs(first - best), first=first, best=best)
    if saturation is not None:
        return Likelihoods.SATURATED()
    if beyond_doubt and features.starts_at_baseline:
        return Likelihoods.STAYS()
    if beyond_doubt and features.quick <= AT_ONCE and not features.memorised:
        return Likelihoods.RESTS_AT_ONCE(part=features.quick or LEAST_SHARE)
    if symptoms.has("loss-spikes"):
        return Likelihoods.JUMPS()
    return Likelihoods.SMOOTH() if features.starts_at_baseline or features.above else Likelihoods.SETTLES()


def _shown(curve: Curve | None, which: str) -> float:
    """A level of a curve in its own sign."""
    return math.nan if curve is None else curve.shown(getattr(curve, which))


def _configured(rate: float, high: float, optimizer: object) -> list[Observation]:
    """What the learning rate says, compared with the usual ones."""
    if rate > high:
        return [Likelihoods.FAR_ABOVE(times=rate / high, rate=rate, high=high, optimizer=optimizer)]
    return [Likelihoods.USUAL(rate=rate, optimizer=optimizer)] if rate <= high / WELL_BELOW else []
