"""OP401 learning-rate-too-high."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rates import rounded, usual_rates
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.core.run import Series


@rule("OP401", "learning-rate-too-high", evidence="CP", unless=("boosting",))
def learning_rate_too_high(
    shape: Shape,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    learning_rate: float | None = None,
    rate_curve: Series | None = None,
    *,
    prior: float = 0.1,
    step_down: float = 10.0,
    setback: float = 0.15,
) -> Outcome:
    """The learning rate is too high for this optimiser, batch size and curve.

    What it measures
    ----------------
    Curves: a loss that is lost or blows up, oscillation, a fall from a high first value to the uninformed level,
    validation that climbs while training does not improve, a training loss that loses on its way what it had achieved.
    Configuration: the rate against the usual ones of its
    optimiser; alone it is never more than an `info`.

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
    signs: list[Sign] = []
    if symptoms.has("diverged"):
        signs.append(Sign("the loss was lost or blew up", 8.0))
    elif symptoms.has("unstable"):
        signs.append(Sign("the loss swings or climbs instead of settling", 8.0))
    elif shape.stands and not shape.begins_there and shape.first_excess > 1.3:
        signs.append(Sign("the loss fell from a high first value to the uninformed level and stayed there", 2.0))
    elif shape.setback > setback and not shape.stands and not _restarts(params, rate_curve):
        lost = f"on its way training lost {shape.setback:.0%} of what it had achieved"
        signs.append(Sign(f"{lost}, and regained it" if shape.regained else lost, 3.0 if shape.regained else 8.0))
    elif symptoms.has("loss-spikes"):
        signs.append(Sign("the loss jumps", 1.5))
    elif shape.begins_there or shape.above:
        signs.append(Sign("the loss moves smoothly or not at all", 0.2))
    else:
        signs.append(Sign("the curves settle", 0.15))
    if learning_rate is not None:
        if learning_rate > high:
            signs.append(
                Sign(
                    f"{learning_rate:g} is {learning_rate / high:.3g} times the highest usual rate ({high:g})",
                    min(60.0, 4 * learning_rate / high),
                    "params",
                )
            )
        elif learning_rate <= high / 3:
            signs.append(
                Sign(
                    f"{learning_rate:g} is a usual rate for {params.get('optimizer') or 'any optimiser'}",
                    0.15,
                    "params",
                )
            )
    target = None
    if learning_rate and learning_rate > high:
        target = rounded((low * high) ** 0.5)
    elif learning_rate and step_down > 1:
        target = rounded(learning_rate / step_down)
    name = names.get("learning_rate", "learning_rate")
    text = f"lower {name} from {learning_rate:g} to {target:g}" if target else "lower the learning rate tenfold"
    return suspicion(
        "OP401",
        "learning-rate-too-high",
        prior=prior,
        signs=signs,
        message=f"the learning rate{f' {learning_rate:g}' if learning_rate else ''} looks too high",
        advice=text + "; warm it up, or anneal it",
        prescription=Prescription(text, (Change(name, learning_rate, target),) if target else ()),
        settles="log the gradient norm, or run once with a tenth of the rate",
        verdict="unstable",
    )


def _restarts(params: Mapping[str, Any], rate_curve: Series | None) -> bool:
    """Whether the schedule raises the rate again on its way, as warm restarts and cycles do."""
    schedule = str(params.get("scheduler") or "").lower()
    if any(word in schedule for word in ("restart", "cycl", "sgdr")):
        return True
    if rate_curve is None or len(rate_curve) < 3:
        return False
    rates = rate_curve.values[np.isfinite(rate_curve.values)]
    fallen = np.minimum.accumulate(rates[int(np.argmax(rates)) :]) if rates.size else rates
    return bool(rates.size and (rates[int(np.argmax(rates)) :] > 1.5 * fallen).any())
