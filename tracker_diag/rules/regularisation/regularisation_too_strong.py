"""RG802 regularisation-too-strong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule

#: How many times the decay those optimisers take that multiply it by the rate alone. Chen et al. (2023), Lion: three to
#: ten times that of AdamW.
DECOUPLED = {"adamw": 5, "lamb": 5, "lion": 20}


@rule("RG802", "regularisation-too-strong", evidence="PC", unless=("boosting",))
def regularisation_too_strong(
    shape: Shape,
    symptoms: Symptoms,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    learned: Learned | None = None,
    dropout: float | None = None,
    weight_decay: float | None = None,
    *,
    prior: float = 0.03,
    strong_dropout: float = 0.6,
    strong_decay: float = 0.1,
) -> Outcome:
    """So much dropout or weight decay that nothing can be learned.

    What it measures
    ----------------
    Dropout and weight decay against their usual range, and what too much of them does: training far above validation,
    both resting at a high level.

    Why it matters
    --------------
    Regularisation smooths the cost landscape; too much of it flattens it. Dropout of 0.9 leaves a tenth of the units
    to learn with, at ten times the variance.

    What to do
    ----------
    Halve it until training reaches the level validation could have.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    strong_dropout : dropout above this is unusual.
    strong_decay : weight decay above this is unusual; with AdamW, which decouples it from the gradient, five times as
        much is, and with Lion, whose rates are lower, twenty times.

    References
    ----------
    Seminar: "Regularisation". Srivastava et al. (2014), JMLR 15:1929: 0.5 for hidden units, 0.2 for inputs.
    """
    signs: list[Sign] = []
    changes: list[Change] = []
    strong: list[str] = []
    if dropout is not None and 0 <= dropout < 1:
        if dropout > strong_dropout:
            signs.append(Sign(f"dropout of {dropout:g}", min(60.0, 6 * (1 - strong_dropout) / (1 - dropout)), "params"))
            changes.append(Change(names.get("dropout", "dropout"), dropout, 0.2))
            strong.append(f"dropout of {dropout:g}")
        elif dropout <= 0.3:
            signs.append(Sign(f"dropout of {dropout:g} is moderate", 0.5, "params"))
    limit = strong_decay * DECOUPLED.get(str(params.get("optimizer") or "").lower(), 1)
    thinned = bool(changes)
    if weight_decay is not None and weight_decay > limit:
        ratio = min(60.0, 10 * weight_decay / limit) if limit > 0 else 60.0
        signs.append(Sign(f"weight decay of {weight_decay:g}", ratio, "params"))
        changes.append(Change(names.get("weight_decay", "weight_decay"), weight_decay, 1e-4))
        strong.append(f"weight decay of {weight_decay:g}")
    # Dropout of a half leaves training at most at twice the loss of validation in nearly all sound runs. Decay raises
    # both, and what mixes or smooths the labels raises training for a reason of its own.
    mixed = any(params.get(name) for name in ("mixup", "augmentation", "label_smoothing"))
    noisy = (shape.apart < -0.25 or shape.noise_ratio > 2) and not mixed and (thinned or not changes)
    if noisy:
        signs.append(Sign("training, with its noise, ends far above validation", 8.0))
    if symptoms.has("underfitting", "frozen") or shape.stands:
        signs.append(Sign("little or nothing is learned", 2.0))
    elif symptoms.has("diverged", "unstable"):
        signs.append(Sign("the run came apart", 1.5 if changes else 0.5))
    elif symptoms.has("overfitting", "unrepresentative-train"):
        signs.append(Sign("the run overfits", 0.05))
    elif not noisy:
        signs.append(Sign("the run learns", 0.2))
    if not changes and not noisy:
        return None
    text = (
        "; ".join(f"lower {c.param} from {c.before:g} to {c.after:g}" for c in changes)
        or "halve dropout, augmentation or label smoothing"
    )
    return suspicion(
        "RG802",
        "regularisation-too-strong",
        prior=prior,
        signs=signs,
        message=f"{' and '.join(strong) or 'regularisation'} seems to keep the network from learning",
        advice=text,
        prescription=Prescription(text, tuple(changes)),
        settles="run once without dropout and weight decay",
        verdict="" if learned is not None and learned.known and learned.most > 0.5 else "underfitting",
    )
