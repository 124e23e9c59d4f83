"""AR702 too-few-hidden-units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Change,
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    higher,
    in_words,
    rule,
)
from tracker_diag.rules.architecture._capacity import HIGH_LEVEL, KEEPS_UP, in_units
from tracker_diag.rules.architecture._widths import resized

#: Units per input that a regression needs: the lower end of the rule of thumb,
PER_INPUT = 2
#: and number of inputs up to which the rule of thumb is followed: as with classes, it ends where they are many.
MANY_INPUTS = 50
#: Units that any network needs, if neither classes nor inputs ask for more.
UNITS = 8
#: Units that pass next to nothing on, whatever the task.
NEXT_TO_NOTHING = 2
#: Explained share of chance level below which training, through so few units, levels off at a high loss.
HIGHEST_LEVEL = 0.8
#: Times the units per class that are proposed: the upper end of "five to ten times",
TIMES_WANTED = 2
#: and fewest units that are proposed: a usual small layer.
PROPOSED = 16
#: Width up to which the last of several layers is an output: one number, or the two answers of a decision.
OUTPUTS = 2
#: Layers of the smallest autoencoder: one in, the code, one out.
AUTOENCODER = 3


class Likelihoods:
    """What speaks for too few units, and against it."""

    NEXT_TO_NOTHING = LikelihoodRatio(60.0, "a hidden layer has only {units}", "params")
    FEWER_THAN_CLASSES = LikelihoodRatio(8.0, "a hidden layer has {units} for {n_classes} classes", "params")
    FEWER_THAN_WANTED = LikelihoodRatio(1.5, "a hidden layer has {units}, where {wanted:figure} are usual", "params")
    CAPACITY_ENOUGH = LikelihoodRatio(0.05, "{reason}, so capacity is not the limit")
    NOTHING_LEARNED = LikelihoodRatio(4.0, "nothing is learned")
    LEARNS_NOTHING = LikelihoodRatio(0.8, "nothing is learned, although a layer of this width should learn a little")
    HIGH_LEVEL = LikelihoodRatio(5.0, "training and validation level off together at a high loss")
    LEARNS = LikelihoodRatio(0.3, "the run learns")


@rule(
    "AR702",
    "too-few-hidden-units",
    seen_as=("Training and validation loss both stay high",),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=higher("hidden_units"),
)
def too_few_hidden_units(
    features: Features,
    symptoms: Symptoms,
    hidden_units: float,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    explained: Explained | None,
    n_classes: int | None,
    n_inputs: float | None,
    layers_described: Layout | None,
    *,
    prior: float = 0.03,
    per_class: float = 5.0,
    many_classes: int = 100,
) -> Outcome:
    """Too few hidden units to express the task.

    What it measures
    ----------------
    The width of the narrowest hidden layer, compared with the number of classes (or of inputs, for a regression), and
    whether training and validation level off together at a high loss. The width comes from the description of the
    network or from a parameter. Not counted: the last width of a list if it is that of the output layer, and the
    bottleneck of an autoencoder. A layer at least as wide as the input is never narrow. Attention scores, gates and
    layers that join others are left out, since they are narrow by design.

    Why it matters
    --------------
    "It may not have the capacity to express the task required": a layer of one unit passes on one number, whatever
    comes after it.

    What to do
    ----------
    "For classification use five to ten times the number of classes as a good initial guess, for regression two to
    three times the number of input or output variables." The rule of thumb does not hold for many classes.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    per_class : units per class of the rule of thumb.
    many_classes : the rule of thumb is not used for more classes than this.

    References
    ----------
    Seminar: "Number of Hidden Units".
    """
    configured = "hidden_units" in names
    if not configured and layers_described is not None and not layers_described.plain:
        return too_few_hidden_units.skip("layers that score, gate or join others are narrow by design")
    hidden = _described(layers_described, n_classes) or _hidden(
        params.get("layer_widths"), names.get("hidden_units", ""), n_classes
    )
    narrow = min(hidden, default=hidden_units)
    if narrow <= 0:
        return None
    classes = n_classes if n_classes and n_classes <= many_classes else None
    wanted = _wanted(classes, n_inputs, per_class)
    if narrow >= wanted:
        return None
    target = int(max(PROPOSED, TIMES_WANTED * wanted if classes else wanted))
    name = names.get("hidden_units", "hidden_units")
    text = in_words((Change(name, narrow, target),))
    changes = resized(names, params, lambda w: max(w, target) if not hidden or w in hidden else w)
    level = HIGHEST_LEVEL if narrow <= NEXT_TO_NOTHING else HIGH_LEVEL
    configured_as = _configured(narrow, wanted, classes, n_inputs, known=configured or bool(n_inputs))
    seen = _seen(features, symptoms, explained, level)
    if configured_as.key == Likelihoods.FEWER_THAN_WANTED.key and seen.key == Likelihoods.NOTHING_LEARNED.key:
        # A layer that is a little narrow learns a little.
        seen = Likelihoods.LEARNS_NOTHING()
    return too_few_hidden_units.hypothesis(
        prior=prior,
        observations=[configured_as, seen],
        message=configured_as.message,
        advice=text,
        prescription=Prescription(text, changes),
        settles=f"run once with {name} {target}",
        # What rests together at a high level has not learned its training set.
        verdict="underfitting" if seen.key == Likelihoods.HIGH_LEVEL.key else "",
    )


def _wanted(classes: int | None, n_inputs: float | None, per_class: float) -> float:
    """Units by the rule of thumb; ``classes`` only where they are few enough for it."""
    if classes:
        return per_class * classes
    return PER_INPUT * n_inputs if n_inputs and n_inputs <= MANY_INPUTS else UNITS


def _configured(
    narrow: float, wanted: float, classes: int | None, n_inputs: float | None, *, known: bool
) -> Observation:
    """What the narrowest layer says. One as wide as the input, which has to be ``known``, passes on everything."""
    units = in_units(narrow)
    if known and narrow <= NEXT_TO_NOTHING and not (n_inputs and n_inputs <= narrow):
        return Likelihoods.NEXT_TO_NOTHING(units=units)
    if classes and narrow < classes:
        return Likelihoods.FEWER_THAN_CLASSES(units=units, n_classes=classes)
    return Likelihoods.FEWER_THAN_WANTED(units=units, wanted=wanted)


def _enough(features: Features, symptoms: Symptoms) -> str:
    """What shows that the width is not the limit, the surest first."""
    if symptoms.has("diverged"):
        return "the run diverged"
    if symptoms.has("overfitting"):
        return "the run overfits"
    if features.memorised:
        return "the model memorises its training set"
    return "the loss never came down to chance level"


def _seen(features: Features, symptoms: Symptoms, explained: Explained | None, level: float) -> Observation:
    """What the curves say about the capacity."""
    if symptoms.has("diverged", "overfitting") or features.memorised or features.above:
        return Likelihoods.CAPACITY_ENOUGH(reason=_enough(features, symptoms))
    if symptoms.has("underfitting", "frozen"):
        return Likelihoods.NOTHING_LEARNED()
    if features.apart < KEEPS_UP and explained is not None and explained.known and explained.train < level:
        return Likelihoods.HIGH_LEVEL()
    return Likelihoods.LEARNS()


def _described(laid: Layout | None, n_classes: int | None) -> list[float]:
    """Widths of the hidden layers that see all of their input, without the code of an autoencoder."""
    if laid is None or not laid.plain:
        return []
    return _without_code([float(unit.width) for unit in laid.hidden if unit.dense and unit.width], n_classes)


def _without_code(widths: list[float], n_classes: int | None) -> list[float]:
    if widths == widths[::-1] and not n_classes and len(widths) >= AUTOENCODER:
        narrowest = min(widths)
        return [w for w in widths if w > narrowest]
    return widths


def _hidden(widths: object, name: str, n_classes: int | None) -> list[float]:
    """Widths of the hidden layers: of a list without its output layer, and without the code of an autoencoder."""
    found = [float(w) for w in widths if w > 0] if isinstance(widths, tuple | list) else []
    if len(found) <= 1 or re.search(r"\d", name):
        return found
    if (without := _without_code(found, n_classes)) != found:
        return without
    return found[:-1] if found[-1] <= OUTPUTS or found[-1] == n_classes else found
