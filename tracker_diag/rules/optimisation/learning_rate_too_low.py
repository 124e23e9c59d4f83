"""OP402 learning-rate-too-low."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.roles.learning_rates import between, rounded, usual_rates
from tracker_diag.rules.api import (
    Change,
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    higher,
    in_words,
    rule,
)
from tracker_diag.rules.hypothesis import foremost
from tracker_diag.rules.optimisation._progress import STAYS_WITH

#: Gap at the end, as a share of the baseline loss, from which on a memorised training set has left validation behind.
LEFT_BEHIND = 0.2
#: What twice the training would bring, as a share of the total improvement, from which on the pace is in question: more
#: than noise, as any schedule leaves a little.
FALLS_A_LITTLE = 0.05
#: Explained share of the baseline loss below which much of it is left.
LITTLE_EXPLAINED = 0.5
#: Times the lowest usual learning rate from which on a rate is certainly usual: the range has no sharp end.
WELL_ABOVE = 3
#: Factor by which a learning rate in the usual range is raised, up to the end of the range: between the 3 and the 10 of
#: the advice.
TIMES_HIGHER = 5


class Likelihoods:
    """What speaks for a learning rate that is too low, and against it."""

    CAME_APART = LikelihoodRatio(0.02, "the run {diverged_or_unstable}")
    ARRIVED = LikelihoodRatio(0.1, "the run learned enough to overfit")
    SLOW = LikelihoodRatio(10.0, "the loss falls so slowly that the run needs many times more steps")
    STILL_ABOVE = LikelihoodRatio(6.0, "the loss is still falling towards chance level")
    STILL_FALLS = LikelihoodRatio(3.0, "the loss is still falling at the end")
    FALLS_A_LITTLE = LikelihoodRatio(3.0, "the loss is still falling slightly at the end")
    NOTHING_MOVES = LikelihoodRatio(1.5, "the loss does not change")
    HARDLY_MOVED = LikelihoodRatio(
        4.0, "the loss stays at chance level, but predictions change from one evaluation to the next"
    )
    NEVER_LEFT = LikelihoodRatio(1.1, "the loss stays at chance level")
    MUCH_IS_LEFT = LikelihoodRatio(
        3.0, "the loss ends at {left:share} of chance level, and validation stays close to training"
    )
    SETTLED = LikelihoodRatio(0.3, "the loss fell and then levelled off")
    FAR_BELOW = LikelihoodRatio(
        3.0,
        "learning rate {rate:figure} is {times:figure} times lower than the lowest rate usual for {optimizer} "
        "({low:figure})",
        "params",
        most=60.0,
    )
    ZERO = LikelihoodRatio(60.0, "the learning rate is zero", "params")
    USUAL = LikelihoodRatio(0.25, "learning rate {rate:figure} is usual for {optimizer}", "params")


@rule(
    "OP402",
    "learning-rate-too-low",
    seen_as=(
        "My loss is flat from the start",
        "My loss falls, but very slowly",
        "My loss still falls when training ends",
    ),
    unless=("boosting", "reinforcement"),
    likelihoods=Likelihoods,
    cured_by=higher("learning_rate"),
)
def learning_rate_too_low(
    features: Features,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    active: bool,
    explained: Explained | None,
    learning_rate: float | None,
    answers_vary: bool | None,
    *,
    prior: float = 0.06,
) -> Outcome:
    """The learning rate is too low, judged by its usual range or by the curve.

    What it measures
    ----------------
    Curves: slow convergence; a loss that still falls at the end, or is still above chance level there; a high loss at
    the end while validation stays close to training.

    Configuration: the learning rate, compared with the usual ones for its optimiser. A low learning rate alone is never
    more than an `info`.

    Why it matters
    --------------
    A small learning rate "might converge to the global minimum but it takes a huge amount of time".

    What to do
    ----------
    Raise the learning rate until the loss first becomes unstable, then go back one order of magnitude.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Learning Rate", "How to find best learning rate?". Smith (2017), Cyclical learning rates, WACV: the
    range test.
    """
    low, high = usual_rates(params.get("optimizer"), params)
    observations = [_seen(features, symptoms, explained, active, vary=bool(answers_vary))]
    target = None
    if learning_rate is not None:
        observations += _configured(learning_rate, low, params.get("optimizer") or "any optimiser")
    if learning_rate is not None:
        target = rounded(between(low, high) if learning_rate < low else min(TIMES_HIGHER * learning_rate, high))
    name = names.get("learning_rate", "learning_rate")
    # A learning rate above the usual ones is not raised any further.
    changes = (Change(name, learning_rate, target),) if target and target > (learning_rate or 0) else ()
    above = learning_rate is not None and learning_rate >= high
    text = in_words(changes) or (
        "check the other causes first: the learning rate is already as high as usual ones are"
        if above
        else "raise the learning rate by a factor of 3 to 10"
    )
    tested = f"{name} {figure(target)}" if changes and target else f"{'half' if above else '5 times'} the learning rate"
    first = foremost(observations)
    at = f" (learning rate {figure(learning_rate)})" if learning_rate and first.source != "params" else ""
    return learning_rate_too_low.hypothesis(
        prior=prior,
        observations=observations,
        message=first.message + at,
        advice=text,
        prescription=Prescription(text, changes),
        settles=f"run once with {tested}, for a tenth of the steps",
        verdict="slow-convergence",
    )


def _seen(
    features: Features, symptoms: Symptoms, explained: Explained | None, active: bool, *, vary: bool
) -> Observation:
    """What the curves say: the first of these that holds."""
    if symptoms.has("diverged", "unstable"):
        return Likelihoods.CAME_APART(diverged_or_unstable="diverged" if symptoms.has("diverged") else "was unstable")
    if symptoms.has("overfitting") or (features.memorised and features.apart > LEFT_BEHIND):
        return Likelihoods.ARRIVED()
    if symptoms.has("slow-convergence"):
        return Likelihoods.SLOW()
    if features.above:
        return Likelihoods.STILL_ABOVE()
    if symptoms.has("undertrained") and not active:
        return Likelihoods.STILL_FALLS()
    if features.gain > FALLS_A_LITTLE and not active:
        return Likelihoods.FALLS_A_LITTLE()
    if symptoms.has("frozen"):
        return Likelihoods.NOTHING_MOVES()
    if features.starts_at_baseline:
        return Likelihoods.HARDLY_MOVED() if vary else Likelihoods.NEVER_LEFT()
    if explained is not None and explained.known and explained.most < LITTLE_EXPLAINED and features.apart < STAYS_WITH:
        return Likelihoods.MUCH_IS_LEFT(left=1 - explained.most)
    return Likelihoods.SETTLED()


def _configured(rate: float, low: float, optimizer: object) -> list[Observation]:
    """What the learning rate says, compared with the usual ones."""
    if rate < low:
        return [
            Likelihoods.FAR_BELOW(times=low / rate, rate=rate, low=low, optimizer=optimizer)
            if rate > 0
            else Likelihoods.ZERO()
        ]
    return [Likelihoods.USUAL(rate=rate, optimizer=optimizer)] if rate >= WELL_ABOVE * low else []
