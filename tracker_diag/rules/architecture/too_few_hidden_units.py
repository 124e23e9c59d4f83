"""AR702 too-few-hidden-units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Prescription
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.rules.architecture._widths import resized


@rule("AR702", "too-few-hidden-units", evidence="PDC", unless=("boosting",))
def too_few_hidden_units(
    shape: Shape,
    symptoms: Symptoms,
    hidden_units: float,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    learned: Learned | None = None,
    n_classes: int | None = None,
    n_features: float | None = None,
    *,
    prior: float = 0.03,
    per_class: float = 5.0,
    many_classes: int = 100,
) -> Outcome:
    """Too few units to express the task.

    What it measures
    ----------------
    The width of the narrowest hidden layer (a list that ends as an output does, or that narrows to a code and widens
    again, is read as such) against the classes (or, for a regression, the inputs), and whether
    training and validation come to rest together at a high level.

    Why it matters
    --------------
    "It may not have the capacity to express the task required": a layer of one unit passes one number, whatever comes
    after it.

    What to do
    ----------
    "For classification use five to ten times the number of classes as a good initial guess, for regression two to
    three times the number of input or output variables." The rule of thumb ends where classes are many.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    per_class : units a class.
    many_classes : classes from which on the rule of thumb says nothing.

    References
    ----------
    Seminar: "Number of Hidden Units".
    """
    hidden = _hidden(params.get("layer_widths"), names.get("hidden_units", ""), n_classes)
    narrow = min(hidden, default=hidden_units)
    if narrow <= 0:
        return None
    wanted = (
        per_class * n_classes
        if n_classes and n_classes <= many_classes
        else 2 * n_features
        if n_features and n_features <= 50
        else 8
    )
    if narrow >= wanted:
        return None
    signs: list[Sign] = []
    if narrow <= 2:
        signs.append(Sign(f"a layer of {narrow:g} units passes next to nothing", 60.0, "params"))
    elif n_classes and narrow < n_classes <= many_classes:
        signs.append(Sign(f"{narrow:g} units are fewer than the {n_classes} classes", 8.0, "params"))
    else:
        signs.append(Sign(f"{narrow:g} units, where {wanted:g} are a good first guess", 1.5, "params"))
    if symptoms.has("diverged", "overfitting") or shape.memorised or shape.above:
        signs.append(Sign("capacity is not what the run lacks", 0.05))
    elif symptoms.has("underfitting", "frozen"):
        signs.append(Sign("nothing is learned", 4.0))
    elif shape.apart < 0.1 and learned is not None and learned.known and learned.train < 0.7:
        signs.append(Sign("training and validation come to rest together at a high level", 5.0))
    else:
        signs.append(Sign("the run learns", 0.3))
    target = int(max(16, 2 * wanted if n_classes and n_classes <= many_classes else wanted))
    name = names.get("hidden_units", "hidden_units")
    text = f"raise {name} from {narrow:g} to {target}"
    return suspicion(
        "AR702",
        "too-few-hidden-units",
        prior=prior,
        signs=signs,
        message=f"a hidden layer of {narrow:g} units",
        advice=text,
        prescription=Prescription(
            text, resized(names, params, lambda w: max(w, target) if not hidden or w in hidden else w)
        ),
        settles="run once with four times the units",
    )


def _hidden(widths: object, name: str, n_classes: int | None) -> list[float]:
    """Widths of the hidden layers: of a list without its output layer, and without the code of an autoencoder."""
    found = [float(w) for w in widths if w > 0] if isinstance(widths, tuple | list) else []
    if len(found) < 2 or re.search(r"\d", name):
        return found
    if found == found[::-1] and not n_classes and len(found) > 2:
        return [w for w in found if w > min(found)]
    return found[:-1] if found[-1] <= 2 or found[-1] == n_classes else found
