"""GR601 dead-relu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rates import rounded, usual_rates
from tracker_diag.core.rule import Outcome, rule


@rule("GR601", "dead-relu", evidence="GCP", unless=("boosting",))
def dead_relu(
    shape: Shape,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    activation: str | None = None,
    initialiser: str | None = None,
    layers: float | None = None,
    learning_rate: float | None = None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """Units that never fire: the training error does not change from epoch to epoch.

    What it measures
    ----------------
    A loss that is frozen or stands at the uninformed level, in a network of rectified units.

    Why it matters
    --------------
    "If you find that your training error does not change from epoch to epoch it may be that all your neurons have
    died." A dead unit has no gradient, so it stays dead: only the last bias still learns, and it learns how often
    each answer occurs.

    What to do
    ----------
    Leaky ReLU or ELU; He initialisation with biases at zero; a lower rate, since one large step can kill a layer.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Network contains Bad Gradients". Lu et al. (2020), Dying ReLU and initialization, CiCP 28:1671.
    """
    signs: list[Sign] = []
    if symptoms.has("frozen"):
        signs.append(Sign("the loss does not change from epoch to epoch", 6.0))
    elif shape.begins_there:
        signs.append(Sign("the loss stays where only the last bias learns", 5.0))
    elif shape.stands and shape.lost_at is None and not shape.above:
        signs.append(Sign("the loss came down to where only the last bias learns", 2.5))
    else:
        return None
    word = str(activation or "").lower()
    if word:
        rectified = word in ("relu", "relu6")
        signs.append(Sign(f"the activation is {activation}", 1.5 if rectified else 0.05, "params"))
    low, high = usual_rates(params.get("optimizer"), params)
    if learning_rate is not None:
        signs.append(
            Sign(f"one step at a rate of {learning_rate:g} can kill a layer", 3.0, "params")
            if learning_rate > high
            else Sign(f"a rate of {learning_rate:g} seldom kills units", 0.6, "params")
        )
    if layers is not None and layers >= 8:
        signs.append(Sign(f"{layers:g} layers are a likelier reason", 0.5, "params"))
    changes: list[Change] = []
    if word in ("", "relu", "relu6"):
        changes.append(Change(names.get("activation", "activation"), activation, "leaky_relu"))
        if initialiser != "he":
            changes.append(Change(names.get("initialiser", "initialiser"), initialiser, "he"))
        if learning_rate is not None and learning_rate > high:
            target = rounded((low * high) ** 0.5)
            changes.append(Change(names.get("learning_rate", "learning_rate"), learning_rate, target))
    text = "use leaky_relu or elu in place of relu, He initialisation with biases at zero, and a lower rate"
    return suspicion(
        "GR601",
        "dead-relu",
        prior=prior,
        signs=signs,
        message="no unit seems to answer to the input",
        advice=text,
        prescription=Prescription(text, tuple(changes)),
        settles="log the share of units that are zero for a whole batch",
    )
