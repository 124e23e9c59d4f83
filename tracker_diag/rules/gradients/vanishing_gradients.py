"""GR602 vanishing-gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.core.run import Series


@rule("GR602", "vanishing-gradients", evidence="GCP", unless=("boosting",))
def vanishing_gradients(
    shape: Shape,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    layers: float | None = None,
    activation: str | None = None,
    gradient_norm: Series | None = None,
    *,
    prior: float = 0.03,
    deep: int = 8,
    vanished: float = 1e-6,
) -> Outcome:
    """Gradients shrink to nothing on their way back.

    What it measures
    ----------------
    The logged gradient norm, where there is one; else a loss that stands at the uninformed level, or comes to rest at
    once at a high level, in a network that is deep without shortcuts or has saturating units.

    Why it matters
    --------------
    "Weights will be multiplied with each other many times that will lead to very small numbers which will almost kill
    gradients on back-propagation."

    What to do
    ----------
    Fewer layers, residual connections, normalisation, He or Xavier initialisation, ReLU-like units.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    deep : layers from which on plain networks lose their gradient.
    vanished : gradient norm at which nothing is learned any more.

    References
    ----------
    Seminar: "Initialisation", "Network contains Bad Gradients". Hochreiter (1991); Glorot and Bengio (2010), AISTATS.
    """
    signs: list[Sign] = []
    if gradient_norm is not None and np.isfinite(gradient_norm.values).sum() >= 3:
        median = float(np.median(gradient_norm.values[np.isfinite(gradient_norm.values)]))
        signs.append(Sign(f"the median gradient norm is {median:.2g}", 30.0 if median < vanished else 0.1, "data"))
    flat_early = shape.quick <= 0.05 and not shape.memorised and not shape.gain > 0.02
    if shape.begins_there:
        signs.append(Sign("the loss stays at the uninformed level", 4.0))
    elif symptoms.has("frozen", "underfitting") and shape.lost_at is None:
        signs.append(Sign("nothing is learned", 2.0))
    elif flat_early and shape.apart < 0.2:
        signs.append(Sign("the loss came to rest at once, at a high level", 2.0))
    elif not signs:
        return None
    else:
        signs.append(Sign("the run learns", 0.1))
    if layers is not None:
        normalised = params.get("normalisation", "none") != "none"
        plain = not params.get("residual") and not normalised and not params.get("pretrained")
        if layers >= deep:
            signs.append(
                Sign(
                    f"{layers:g} layers" + (" without shortcuts or normalisation" if plain else ""),
                    12.0 if plain else 2.0,
                    "params",
                )
            )
        elif layers <= 4:
            signs.append(Sign(f"only {layers:g} layers", 0.3, "params"))
    saturates = str(activation or "").lower() in ("sigmoid", "tanh", "softsign", "hard_sigmoid")
    if saturates:
        signs.append(Sign(f"{activation} saturates", 3.0, "params"))
    name = names.get("layers", "layers")
    text = "use fewer layers, or residual connections and normalisation; He or Xavier initialisation; ReLU-like units"
    changes: tuple[Change, ...] = (Change(name, layers, 4),) if layers is not None and layers >= deep else ()
    if saturates:
        changes += (Change(names.get("activation", "activation"), activation, "relu"),)
    return suspicion(
        "GR602",
        "vanishing-gradients",
        prior=prior,
        signs=signs,
        message="the gradient does not seem to reach the first layers",
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the gradient norm of the first and of the last layer",
    )
