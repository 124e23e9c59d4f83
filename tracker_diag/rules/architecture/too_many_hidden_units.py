"""AR703 too-many-hidden-units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, in_words, stop_at_best, suspicion
from tracker_diag.core.finding import Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.rules.architecture._widths import resized


@rule("AR703", "too-many-hidden-units", evidence="PDC", unless=("boosting",))
def too_many_hidden_units(
    shape: Shape,
    symptoms: Symptoms,
    hidden_units: float,
    n_train: int,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    epochs: float | None = None,
    n_classes: int | None = None,
    *,
    prior: float = 0.02,
    per_class: float = 10.0,
) -> Outcome:
    """Far more units than the task asks for, and the run overfits.

    What it measures
    ----------------
    The width against ten times the classes and against the training examples, and whether the curves overfit. Wide
    networks that generalise are sound.

    Why it matters
    --------------
    "It may become slow and unwieldy to train with residual noise that is hard to remove." But also: "number of hidden
    units often has quite a small impact."

    What to do
    ----------
    Stop where validation was best; where it never turned, halve the width until validation suffers.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    per_class : units a class.

    References
    ----------
    Seminar: "Number of Hidden Units".
    """
    if not symptoms.has("overfitting", "unrepresentative-train") or params.get("pretrained"):
        return None
    generous = per_class * n_classes if n_classes and n_classes <= 100 else 128
    if hidden_units <= generous:
        return None
    signs = [
        Sign(f"{hidden_units:g} units, where {generous:g} are generous", 3.0, "params"),
        Sign("training explains what validation does not", 3.0),
    ]
    if hidden_units > n_train:
        signs.append(Sign(f"more units than training examples ({n_train})", 2.0, "params"))
    name = names.get("hidden_units", "hidden_units")
    target = int(max(generous, hidden_units // 4))
    changes = stop_at_best(symptoms, names, epochs)
    text = in_words(changes) if changes else f"lower {name} from {hidden_units:g} to {target}"
    changes = changes or resized(names, params, lambda w: min(w, max(int(generous), w // 4)))
    return suspicion(
        "AR703",
        "too-many-hidden-units",
        prior=prior,
        signs=signs,
        message=f"{hidden_units:g} hidden units",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with a quarter of the units",
    )
