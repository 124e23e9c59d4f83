"""RG801 no-regularisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, in_words, stop_at_best, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule

_KINDS = (
    "dropout",
    "weight_decay",
    "augmentation",
    "label_smoothing",
    "mixup",
    "stochastic_depth",
    "early_stopping",
    "input_noise",
)


@rule("RG801", "no-regularisation", evidence="P")
def no_regularisation(
    shape: Shape,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    epochs: float | None = None,
    traits: frozenset[str] = frozenset(),
    *,
    prior: float = 0.05,
    proposed: float = 0.3,
    tiny: float = 1e-5,
) -> Outcome:
    """Neither dropout, weight decay, augmentation nor noise, and the run overfits.

    What it measures
    ----------------
    Which regularisers the configuration names with a value above zero, and whether validation turned or stayed
    behind. Weight decay, augmentation and early stopping count. None at all is sound where the curves do not overfit.

    Why it matters
    --------------
    "Regularisation (dropout, noise, or some form of stochastic process) is an important aspect of training neural
    networks."

    What to do
    ----------
    "Add dropout before each linear layer." Then weight decay and augmentation. Where validation turned, stop as well:
    at the best step, or later by as much as dropout slows learning down, since it leaves 1 − p of the units to learn.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    proposed : dropout that is proposed.
    tiny : weight decay below this does nothing.

    References
    ----------
    Seminar: "Regularisation". Srivastava et al. (2014), JMLR 15:1929; Loshchilov and Hutter (2019), ICLR.
    """
    if "boosting" in traits or not symptoms.has("overfitting", "unrepresentative-train"):
        return None
    known = [k for k in _KINDS if k in params]
    if not known:
        return None
    used = [k for k in known if params[k] and not (isinstance(params[k], int | float) and params[k] <= tiny)]
    signs = [
        Sign("training explains what validation does not", 5.0 if symptoms.has("overfitting") else 3.0),
        Sign(f"no regularisation is configured ({', '.join(known)})", 10.0, "params")
        if not used
        else Sign(f"{', '.join(used)} {'is' if len(used) == 1 else 'are'} configured", 0.4, "params"),
    ]
    if shape.val_blind:
        signs.append(Sign("validation never gained on knowing nothing, which regularisation does not change", 0.03))
    name = names.get("dropout", "dropout")
    before = params.get("dropout")
    # The larger the gap, the more noise: a tenth of dropout is little, a half the most that is usual.
    target = round(min(0.5, max(proposed, shape.apart / 2)), 1)
    changes: tuple[Change, ...] = () if before and before >= target else (Change(name, before, target),)
    slowed = (1 - (before or 0)) / (1 - target) if changes else 1.0
    changes += stop_at_best(symptoms, names, epochs, slowed)
    text = (f"{in_words(changes)}, and " if changes else "") + "add weight decay or augmentation"
    return suspicion(
        "RG801",
        "no-regularisation",
        prior=prior,
        signs=signs,
        message="the run overfits, and little holds it back",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with dropout 0.3",
    )
