"""OP402 learning-rate-too-low."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rates import rounded, usual_rates
from tracker_diag.core.rule import Outcome, rule


@rule("OP402", "learning-rate-too-low", evidence="CP", unless=("boosting",))
def learning_rate_too_low(
    shape: Shape,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    learned: Learned | None = None,
    learning_rate: float | None = None,
    active: bool = False,
    *,
    prior: float = 0.06,
) -> Outcome:
    """The learning rate is too low for this optimiser, batch size and curve.

    What it measures
    ----------------
    Curves: slow convergence, a loss still falling or still above the uninformed level at the end, much left
    unexplained while validation stays with training. Configuration: the rate against the usual ones of its optimiser;
    alone it is never more than an `info`.

    Why it matters
    --------------
    A small learning rate "might converge to the global minimum but it takes a huge amount of time".

    What to do
    ----------
    Raise the rate until the loss first becomes unstable, then go back one order of magnitude.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Learning Rate", "How to find best learning rate?". Smith (2017), Cyclical learning rates, WACV: the
    range test.
    """
    low, high = usual_rates(params.get("optimizer"), params)
    signs: list[Sign] = []
    if symptoms.has("diverged", "unstable"):
        signs.append(Sign("the run came apart", 0.02))
    elif symptoms.has("overfitting") or (shape.memorised and shape.apart > 0.2):
        signs.append(Sign("training got where it was going", 0.1))
    elif symptoms.has("slow-convergence"):
        signs.append(Sign("at this pace the run needs many times its steps", 10.0))
    elif shape.above:
        signs.append(Sign("the loss is still on its way down to the uninformed level", 6.0))
    elif symptoms.has("undertrained") and not active:
        signs.append(Sign("the loss still falls at the end", 3.0))
    elif shape.gain > 0.05 and not active:
        signs.append(Sign("the loss still falls a little at the end", 3.0))
    elif symptoms.has("frozen"):
        signs.append(Sign("nothing moves", 1.5))
    elif shape.begins_there:
        signs.append(Sign("the loss never left the uninformed level", 1.1))
    elif learned is not None and learned.known and learned.most < 0.5 and shape.apart < 0.05:
        signs.append(Sign(f"{1 - learned.most:.0%} of the loss is left and validation stays with training", 3.0))
    else:
        signs.append(Sign("the curves settle at a learned level", 0.3))
    if learning_rate is not None:
        if learning_rate < low:
            signs.append(
                Sign(
                    f"{learning_rate:g} is {low / learning_rate:.3g} times below the lowest usual rate ({low:g})",
                    min(60.0, 3 * low / learning_rate),
                    "params",
                )
                if learning_rate > 0
                else Sign("the rate is zero", 60.0, "params")
            )
        elif learning_rate >= 3 * low:
            signs.append(
                Sign(
                    f"{learning_rate:g} is a usual rate for {params.get('optimizer') or 'any optimiser'}",
                    0.25,
                    "params",
                )
            )
    target = None
    if learning_rate:
        target = rounded((low * high) ** 0.5) if learning_rate < low else rounded(min(5 * learning_rate, high))
    name = names.get("learning_rate", "learning_rate")
    text = (
        f"raise {name} from {learning_rate:g} to {target:g}" if target else "raise the learning rate three- to tenfold"
    )
    return suspicion(
        "OP402",
        "learning-rate-too-low",
        prior=prior,
        signs=signs,
        message=f"the learning rate{f' {learning_rate:g}' if learning_rate else ''} looks too low",
        advice=text,
        prescription=Prescription(
            text, (Change(name, learning_rate, target),) if target and target != learning_rate else ()
        ),
        settles="run once with ten times the rate for a tenth of the steps",
        verdict="slow-convergence",
    )
