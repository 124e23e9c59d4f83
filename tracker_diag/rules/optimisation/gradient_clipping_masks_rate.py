"""OP403 gradient-clipping-masks-rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rates import rounded
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.core.run import Series

_SCALE_FREE = (
    "adam",
    "adamw",
    "nadam",
    "adamax",
    "radam",
    "rmsprop",
    "adagrad",
    "adadelta",
    "lion",
    "lamb",
    "adafactor",
)


@rule("OP403", "gradient-clipping-masks-rate", evidence="PGC", unless=("boosting",))
def gradient_clipping_masks_rate(
    shape: Shape,
    symptoms: Symptoms,
    gradient_clip: float,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    learned: Learned | None = None,
    gradient_norm: Series | None = None,
    *,
    prior: float = 0.03,
    tight: float = 0.05,
    usual: float = 1.0,
) -> Outcome:
    """Clipping is so tight that the clip, not the gradient, sets the step.

    What it measures
    ----------------
    The clipping threshold, against the logged gradient norm where there is one; and whether the run learns as slowly
    as a tiny step would make it.

    Why it matters
    --------------
    "Turn gradient clipping off" while the rate is searched: a clipped step has the length clip × rate whatever the
    loss, so the rate that is found is that of the clip. Optimisers of the Adam family cancel a constant factor, so
    there a tight clip does little.

    What to do
    ----------
    Switch clipping off, or set it to the usual gradient norm (about 1), and then choose the rate.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    tight : norm below which a clip bites at nearly every step of an ordinary network.
    usual : the norm that is proposed; twice the logged median, where that is more.

    References
    ----------
    Seminar: "How to find best learning rate?". Pascanu, Mikolov and Bengio (2013), ICML, clipping by norm.
    """
    if not gradient_clip or gradient_clip < 0:
        return None
    optimizer = str(params.get("optimizer") or "").lower()
    if optimizer in _SCALE_FREE:
        return Skip("OP403", f"{optimizer} cancels a constant clip", "")
    signs: list[Sign] = []
    target = usual
    if gradient_norm is not None and np.isfinite(gradient_norm.values).any():
        median = float(np.nanmedian(gradient_norm.values[np.isfinite(gradient_norm.values)]))
        bites = median > 0.95 * gradient_clip
        target = max(usual, rounded(2 * median)) if median > 0 else usual
        signs.append(
            Sign(
                f"the median gradient norm is {median:.3g}, the clip {gradient_clip:g}", 15.0 if bites else 0.1, "data"
            )
        )
    elif gradient_clip < tight:
        signs.append(
            Sign(
                f"the clip of {gradient_clip:g} is far below an ordinary gradient norm",
                min(80.0, 4 * tight / gradient_clip),
                "params",
            )
        )
    else:
        signs.append(Sign(f"a clip of {gradient_clip:g} is usual", 0.2, "params"))
    slow = symptoms.has("slow-convergence", "undertrained") or shape.above or shape.stands
    much_left = learned is not None and learned.most < 0.6 and shape.apart < 0.05
    if symptoms.has("diverged", "overfitting"):
        signs.append(Sign("the run does not lack progress", 0.1))
    elif slow or much_left:
        signs.append(Sign("the run barely gets on", 5.0))
    name = names.get("gradient_clip", "gradient_clip")
    changes = (Change(name, gradient_clip, target),) if target > gradient_clip else ()
    text = (
        f"raise {name} from {gradient_clip:g} to {target:g}, or switch clipping off"
        if changes
        else "switch clipping off"
    )
    return suspicion(
        "OP403",
        "gradient-clipping-masks-rate",
        prior=prior,
        signs=signs,
        message=f"clipping at {gradient_clip:g} sets the length of the step",
        advice=text + ", then choose the learning rate",
        prescription=Prescription(text, changes),
        settles="log the gradient norm before clipping",
        verdict="slow-convergence",
    )
