"""RG801 no-regularisation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Change,
    Features,
    LikelihoodRatio,
    Model,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    higher,
    in_words,
    rule,
    stop_at_best,
)
from tracker_diag.rules.framework import SKLEARN, framework

#: Parameters that regularise.
KINDS = (
    "dropout",
    "weight_decay",
    "augmentation",
    "label_smoothing",
    "mixup",
    "stochastic_depth",
    "early_stopping",
    "input_noise",
)
#: Words of parameters that regularise without a role of their own: of layers, of optimisers, of image pipelines.
_ALSO = re.compile(
    r"drop_?out|drop_?rate|drop_?path|weight_?decay|regulari[sz]|(?<![a-z])(l1|l2)(?![a-z])|^penalty$|"
    r"augment|mix_?up|cut_?mix|cut_?out|jitter|flip|mosaic|erasing|mask_(time|feature)_prob|"
    r"(rotation|zoom|shear|width_shift|height_shift|brightness)_range|(random_?|rand)(crop|resized|rotat|zoom|affine)|"
    r"(input|gaussian|feature|embedding)_?noise|(?<![a-z])hsv_[hsv]",
    re.IGNORECASE,
)
#: Those of them that augment.
_AUGMENTS = re.compile(
    r"augment|mix_?up|cut_?mix|cut_?out|jitter|flip|mosaic|erasing|_range$|(random_?|rand)(crop|resized|rotat|zoom|affine)",
    re.IGNORECASE,
)
#: Values by which a parameter says that it does nothing, besides 0, None and false.
_NOTHING = ("", "none", "no", "off", "false", "null")
#: Characters of a name that are looked at.
_LONGEST = 200
#: Optimisers that decay weights unless told otherwise: by 0.01 in PyTorch, by 0.004 in Keras.
_DECAYING = ("adamw",)
#: Regularisers from which on the run has regularisation, whatever came of it.
_ENOUGH = 2
#: Dropout for each chance level by which validation ends above training: the larger the gap, the more noise.
DROPOUT_OF_GAP = 0.5
#: Weight penalty (alpha) that is proposed for scikit-learn's networks, which have no dropout: 100 times their own.
PENALTY = 0.01
#: The most dropout that is usual.
MOST_DROPOUT = 0.5


class Likelihoods:
    """What speaks for too little regularisation, and against it."""

    OVERFITS = LikelihoodRatio(5.0, "the model fits training much better than validation")
    UNREPRESENTATIVE = LikelihoodRatio(3.0, "the model fits training much better than validation")
    NONE_CONFIGURED = LikelihoodRatio(10.0, "the run uses no regularisation ({known})", "params")
    ONE_CONFIGURED = LikelihoodRatio(0.4, "the run is regularised by {used}", "params")
    BLIND = LikelihoodRatio(0.03, "validation never got better than chance level, which regularisation does not change")


@rule(
    "RG801",
    "no-regularisation",
    seen_as=("Validation gets worse while training gets better", "Validation is far worse than training"),
    likelihoods=Likelihoods,
    cured_by=higher("dropout", "weight_decay", "label_smoothing", "stochastic_depth"),
)
def no_regularisation(
    features: Features,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    traits: frozenset[str],
    epochs: float | None,
    layers_described: Layout | None,
    flat_params: Mapping[str, Any],
    network: Model | None,
    *,
    prior: float = 0.05,
    proposed: float = 0.3,
    tiny: float = 1e-5,
) -> Outcome:
    """Little or no regularisation, and the run overfits.

    What it measures
    ----------------
    The rule counts the active regularisers: those that the configuration sets above zero, and those among the layers of
    the model. It also looks at whether validation loss rises again or stays above training loss. Regularisers are:

    - weight decay, augmentation and early stopping;
    - a parameter whose name says that it regularises (`kernel_regularizer`, `rotation_range`, `mosaic`, …);
    - a layer that augments or adds noise;
    - AdamW, which decays weights unless told not to.

    The rule says nothing if two or more are active. No regularisation at all is sound if the curves do not overfit.

    Why it matters
    --------------
    "Regularisation (dropout, noise, or some form of stochastic process) is an important aspect of training neural
    networks."

    What to do
    ----------
    "Add dropout before each linear layer." Then add weight decay and augmentation. If validation loss rose again,
    also stop near the best step; with added dropout somewhat later, because it slows learning down.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    proposed : dropout to propose; more if validation ends far above training. For scikit-learn, which has no dropout,
        a weight penalty of 0.01 is proposed.
    tiny : a regulariser (dropout, weight decay, …) of this value or less does nothing.

    References
    ----------
    Seminar: "Regularisation". Srivastava et al. (2014), JMLR 15:1929; Loshchilov and Hutter (2019), ICLR.
    """
    if "boosting" in traits or not symptoms.has("overfitting", "unrepresentative-train"):
        return None
    given = {k: params[k] for k in KINDS if k in params}
    given |= {k: used for k, used in _described(layers_described).items() if used or not given.get(k)}
    if "weight_decay" not in given and str(params.get("optimizer") or "").lower() in _DECAYING:
        given["weight_decay"] = True
    known = [k for k in KINDS if k in given]
    used = [k for k in known if _acts(given[k], tiny)]
    if not used:
        used = _named(flat_params, tiny)
    if len(used) >= _ENOUGH or not (known or used):
        return None
    observations = [
        Likelihoods.OVERFITS() if symptoms.has("overfitting") else Likelihoods.UNREPRESENTATIVE(),
        _configured(known, used),
    ]
    if features.val_blind:
        observations.append(Likelihoods.BLIND())
    penalty = framework(network, flat_params) == SKLEARN
    kind = "weight_decay" if penalty else "dropout"
    name, before = names.get(kind, "alpha" if penalty else kind), params.get(kind)
    # To a tenth: the curves do not say more.
    noise = round(min(MOST_DROPOUT, max(proposed, DROPOUT_OF_GAP * features.apart)), 1)
    target = PENALTY if penalty else noise
    changes: tuple[Change, ...] = () if before and before >= target else (Change(name, before, target),)
    slowed = (1 - (before or 0)) / (1 - target) if changes and not penalty else 1.0
    changes += stop_at_best(symptoms, names, epochs, slowed)
    settles = (
        f"run once with {_wanted(changes[0])}"
        if changes
        else "run once with one more regulariser, and compare the best validation loss"
    )
    slower = " (this run was best earlier, but dropout slows training)" if slowed > 1 and len(changes) > 1 else ""
    more = "" if penalty and changes else _more(used)
    text = "; ".join(part for part in (f"{in_words(changes)}{slower}", more) if part)
    regularised = f"with only {used[0]} to regularise it" if used else "without any regularisation"
    return no_regularisation.hypothesis(
        prior=prior,
        observations=observations,
        message=f"run overfits {regularised}",
        advice=text,
        prescription=Prescription(text, changes),
        settles=settles,
    )


def _wanted(change: Change) -> str:
    return f"{change.param} {figure(change.after)}"


def _more(used: list[str]) -> str:
    """What to add to the regularisers in use."""
    if "weight_decay" in used:
        return "add augmentation"
    return (
        "add weight decay"
        if any(_AUGMENTS.search(name[:_LONGEST]) for name in used)
        else "add weight decay or augmentation"
    )


def _described(laid: Layout | None) -> dict[str, float | bool]:
    """What the layers say. Weight penalties are included only if the layers show their settings."""
    if laid is None:
        return {}
    # One whose strength is not known counts. Dropout as a function of PyTorch shows in no module.
    strengths = ({"dropout": max(laid.dropout, default=0.0)} if laid.ordered or laid.dropout else {}) | (
        {} if laid.decay is None else {"weight_decay": laid.decay}
    )
    layers = {kind: True if math.isnan(strength) else strength for kind, strength in strengths.items()}
    return layers | ({"input_noise": True} if laid.noise else {})


def _named(flat_params: Mapping[str, Any], tiny: float) -> list[str]:
    """Active parameters whose names say that they regularise."""
    return [name for name, value in flat_params.items() if _ALSO.search(name[:_LONGEST]) and _acts(value, tiny)]


def _acts(value: Any, tiny: float) -> bool:
    """Whether a regulariser of this value does anything."""
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING
    return bool(value) and not (isinstance(value, int | float) and not value > tiny)


def _configured(known: list[str], used: list[str]) -> Observation:
    """What the configuration says."""
    if not used:
        return Likelihoods.NONE_CONFIGURED(known=", ".join(f"{kind.replace('_', ' ')} is off" for kind in known))
    return Likelihoods.ONE_CONFIGURED(used=used[0])
