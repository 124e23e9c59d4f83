"""AR703 too-many-hidden-units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import (
    Change,
    Curve,
    LikelihoodRatio,
    Outcome,
    Prescription,
    Symptoms,
    in_words,
    lower,
    rule,
    stop_at_best,
)
from tracker_diag.rules.architecture._widths import resized

#: Number of classes up to which the rule of thumb of units per class is followed: it ends where classes are many.
MANY_CLASSES = 100
#: Units that are generous if the rule of thumb says nothing.
GENEROUS = 128
#: Factor by which the width is lowered: "number of hidden units often has quite a small impact", less would not show.
TIMES_NARROWER = 4


class Likelihoods:
    """What speaks for too many units."""

    WIDER_THAN_GENEROUS = LikelihoodRatio(
        3.0,
        "a hidden layer has {units:figure} units; {generous:figure} are often enough",
        "params",
    )
    OVERFITS = LikelihoodRatio(3.0, "the network fits training much better than validation")
    MORE_THAN_EXAMPLES = LikelihoodRatio(
        2.0, "there are more units than training examples ({n_train:figure})", "params"
    )


@rule(
    "AR703",
    "too-many-hidden-units",
    seen_as=("Validation gets worse while training gets better",),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=lower("hidden_units"),
)
def too_many_hidden_units(
    any_curve: Curve,
    symptoms: Symptoms,
    hidden_units: float,
    n_train: int,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    epochs: float | None,
    n_classes: int | None,
    *,
    prior: float = 0.02,
    per_class: float = 10.0,
) -> Outcome:
    """Far more hidden units than the task asks for, and the run overfits.

    What it measures
    ----------------
    The width, compared with ten times the number of classes and with the number of training examples, and whether the
    curves overfit. Wide networks that generalise are sound.

    Why it matters
    --------------
    "It may become slow and unwieldy to train with residual noise that is hard to remove." But also: "number of hidden
    units often has quite a small impact."

    What to do
    ----------
    Use a quarter of the width, but not less than the rule of thumb. Until then, stop where validation was best.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    per_class : units per class of the rule of thumb.

    References
    ----------
    Seminar: "Number of Hidden Units".
    """
    if not symptoms.has("overfitting", "unrepresentative-train") or params.get("pretrained"):
        return None
    generous = per_class * n_classes if n_classes and n_classes <= MANY_CLASSES else GENEROUS
    if hidden_units <= generous:
        return None
    observations = [Likelihoods.WIDER_THAN_GENEROUS(units=hidden_units, generous=generous), Likelihoods.OVERFITS()]
    if hidden_units > n_train:
        observations.append(Likelihoods.MORE_THAN_EXAMPLES(n_train=n_train))
    name = names.get("hidden_units", "hidden_units")
    target = int(max(generous, hidden_units // TIMES_NARROWER))
    changes = stop_at_best(symptoms, names, epochs)
    narrower = in_words((Change(name, hidden_units, target),))
    text = f"{narrower}; or keep the width and {in_words(changes)}, where validation was best" if changes else narrower
    changes = changes or resized(names, params, lambda w: min(w, max(int(generous), w // TIMES_NARROWER)))
    return too_many_hidden_units.hypothesis(
        prior=prior,
        observations=observations,
        message=f"run overfits with {figure(hidden_units)} hidden units, more than the {figure(generous)} of a rule of "
        "thumb",
        advice=text,
        prescription=Prescription(text, changes),
        settles=f"run once with {name} {target}",
    )
