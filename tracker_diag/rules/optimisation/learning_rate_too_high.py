"""OP401 learning-rate-too-high."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.evidence.saturation import Saturation
from tracker_diag.roles.learning_rates import OF_ONE_LENGTH, between, rounded, usual_rates
from tracker_diag.rules.api import (
    Change,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    lower,
    rule,
)

#: Times the baseline above which a first value is high: sound initialisations begin closer to it.
HIGH_START = 1.3
#: Times below the highest usual rate from which on a rate is usual without doubt: the range ends nowhere sharply.
WELL_BELOW = 3
#: Times their highest usual rate that nobody has seen to work: the rates of sound runs, ours and public ones, end at
#: 20. A rate of plain SGD has no such limit: linear probes are trained at 30.
BEYOND_DOUBT = 50
#: Share of the run within which half of what is gained is gained where training steps over what it could learn.
AT_ONCE = 0.1


class Likelihoods:
    """What speaks for a rate that is too high, and against it."""

    LOST = LikelihoodRatio(8.0, "the loss was lost or blew up")
    SWINGS = LikelihoodRatio(8.0, "the loss swings or climbs instead of settling")
    FELL_TO_NOTHING = LikelihoodRatio(
        2.0, "the loss fell from a high first value to the uninformed level and stayed there"
    )
    SET_BACK = LikelihoodRatio(8.0, "on its way training lost {lost:.0%} of what it had achieved")
    SET_BACK_AND_REGAINED = LikelihoodRatio(
        3.0, "on its way training lost {lost:.0%} of what it had achieved, and regained it"
    )
    SATURATED = LikelihoodRatio(4.0, "the output is saturated")
    RESTS_AT_ONCE = LikelihoodRatio(
        4.0,
        "half of what training gained came within {share:.0%} of the run, as where steps are too long for the rest: "
        "no rate of such an optimiser so far above the usual ones is known to work",
        own=True,
    )
    STAYS = LikelihoodRatio(4.0, "the loss stays at the uninformed level, as where steps so long undo each other")
    JUMPS = LikelihoodRatio(1.5, "the loss jumps")
    SMOOTH = LikelihoodRatio(0.2, "the loss moves smoothly or not at all")
    SETTLES = LikelihoodRatio(0.15, "the curves show no instability")
    FAR_ABOVE = LikelihoodRatio(
        4.0, "{rate:g} is {times:.3g} times the highest usual rate ({high:g})", "params", most=60.0
    )
    USUAL = LikelihoodRatio(0.15, "{rate:g} is not above the usual rates for {optimizer}", "params")


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
    """The learning rate is too high for this optimiser, batch size and curve.

    What it measures
    ----------------
    Curves: a loss that is lost or blows up, oscillation, a fall from a high first value to the baseline, validation
    that climbs while training does not improve, a saturated output, a training loss that loses on its way what it had
    achieved. Configuration: the rate against the usual ones of its optimiser; alone it is never more than an `info`.
    From fifty times the highest usual rate on, half of the gain within a tenth of the run, and nothing learned by
    heart, is enough for a warning: of the sound runs of all labelled sets that log their rate, the highest lies 20
    times above.

    Why it matters
    --------------
    A high learning rate "hardly gets you to the global minimum (good chance of overshooting it)".

    What to do
    ----------
    "Find the highest value which doesn't make the error explode. Set the learning rate one order of magnitude lower
    than this."

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about: "the most important hyperparameter".
    step_down : by what a rate in the usual range is divided that proved too high.
    setback : rise of the training loss above what it had been, in units of the improvement achieved: sound runs lose
        next to nothing. Where the schedule raises the rate again it is the schedule's doing.

    References
    ----------
    Seminar: "Learning Rate", "How to find best learning rate?". Bengio (2012), Practical recommendations for
    gradient-based training.
    """
    low, high = usual_rates(params.get("optimizer"), params)
    by_rate_alone = str(params.get("optimizer") or "").lower() in OF_ONE_LENGTH
    beyond_doubt = by_rate_alone and learning_rate is not None and learning_rate >= BEYOND_DOUBT * high
    seen = _seen(features, symptoms, setback, bool(restarts), saturation, beyond_doubt=beyond_doubt)
    observations = [seen]
    target = None
    if learning_rate is not None:
        observations += _configured(learning_rate, high, params.get("optimizer") or "any optimiser")
    if learning_rate and learning_rate > high:
        target = rounded(between(low, high))
    elif learning_rate and step_down > 1:
        target = rounded(learning_rate / step_down)
    name = names.get("learning_rate", "learning_rate")
    text = f"lower {name} from {learning_rate:g} to {target:g}" if target else "lower the learning rate tenfold"
    return learning_rate_too_high.hypothesis(
        prior=prior,
        observations=observations,
        message=f"the learning rate{f' {learning_rate:g}' if learning_rate else ''} looks too high",
        advice=text + "; warm it up, or anneal it",
        prescription=Prescription(text, (Change(name, learning_rate, target),) if target else ()),
        settles="log the gradient norm, or run once with a tenth of the rate",
        verdict="underfitting" if seen.key in (Likelihoods.RESTS_AT_ONCE.key, Likelihoods.STAYS.key) else "unstable",
    )


def _seen(
    features: Features,
    symptoms: Symptoms,
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
        return row(lost=features.setback)
    if saturation is not None:
        return Likelihoods.SATURATED()
    if beyond_doubt and features.starts_at_baseline:
        return Likelihoods.STAYS()
    if beyond_doubt and features.quick <= AT_ONCE and not features.memorised:
        return Likelihoods.RESTS_AT_ONCE(share=features.quick)
    if symptoms.has("loss-spikes"):
        return Likelihoods.JUMPS()
    return Likelihoods.SMOOTH() if features.starts_at_baseline or features.above else Likelihoods.SETTLES()


def _configured(rate: float, high: float, optimizer: object) -> list[Observation]:
    """What the rate says beside the usual ones."""
    if rate > high:
        return [Likelihoods.FAR_ABOVE(times=rate / high, rate=rate, high=high)]
    return [Likelihoods.USUAL(rate=rate, optimizer=optimizer)] if rate <= high / WELL_BELOW else []
