"""GR603 exploding-gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rates import rounded
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.core.run import Series


@rule("GR603", "exploding-gradients", evidence="GC", unless=("boosting",))
def exploding_gradients(
    shape: Shape,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    layers: float | None = None,
    gradient_clip: float | None = None,
    gradient_norm: Series | None = None,
    *,
    prior: float = 0.03,
    times: float = 100.0,
) -> Outcome:
    """Gradients grow without bounds.

    What it measures
    ----------------
    The logged gradient norm against its own median; else a loss that is lost in the midst of a run that learned, or
    jumps. Single infinite norms under mixed precision are the loss scaler at work.

    Why it matters
    --------------
    "Network contains Bad Gradients": one step along such a gradient undoes what thousands have learned.

    What to do
    ----------
    Clip the norm at about its median; lower the rate; normalise layers; for recurrent networks shorten the sequences.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    times : norm over its median.

    References
    ----------
    Seminar: "Network contains Bad Gradients". Pascanu, Mikolov and Bengio (2013), ICML.
    """
    signs: list[Sign] = []
    target = 1.0
    if gradient_norm is not None and np.isfinite(gradient_norm.values).sum() >= 5:
        good = gradient_norm.values[np.isfinite(gradient_norm.values)]
        median = float(np.median(good))
        target = rounded(median) if median > 0 else 1.0
        tail = float(np.median(good[-max(1, good.size // 10) :]))
        grown = median > 0 and tail > times * median
        signs.append(
            Sign(f"the gradient norm ends at {tail:.2g}, its median is {median:.2g}", 30.0 if grown else 0.15, "data")
        )
    if symptoms.has("diverged"):
        late = shape.lost_at is not None and shape.lost_at > 0.05
        signs.append(
            Sign(
                "the loss was lost after the run had learned" if late else "the loss was lost at once",
                4.0 if late else 2.0,
            )
        )
    elif symptoms.has("loss-spikes"):
        signs.append(Sign("the loss jumps", 2.0))
    elif not signs:
        return None
    if gradient_clip:
        signs.append(Sign(f"gradients are clipped at {gradient_clip:g}", 0.2, "params"))
    if layers is not None and layers >= 8 and params.get("normalisation", "none") == "none":
        signs.append(Sign(f"{layers:g} layers without normalisation", 2.0, "params"))
    clipped = gradient_clip is not None and 0 < gradient_clip <= target
    name = names.get("gradient_clip", "gradient_clip")
    changes = () if clipped else (Change(name, gradient_clip, target),)
    text = (
        "lower the learning rate; normalise layers"
        if clipped
        else f"clip the gradient norm at {target:g}{', about its median' if target != 1 else ''}, "
        "and lower the learning rate"
    )
    return suspicion(
        "GR603",
        "exploding-gradients",
        prior=prior,
        signs=signs,
        message="gradients seem to explode",
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the gradient norm",
    )
