"""AR702 too-few-hidden-units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    higher,
    rule,
)
from tracker_diag.rules.architecture._capacity import HIGH_LEVEL, KEEPS_UP
from tracker_diag.rules.architecture._widths import resized

#: Units an input that a regression wants: the lower end of the rule of thumb,
PER_INPUT = 2
#: and inputs up to which it is taken at its word: it ends where they are many, as with classes.
MANY_INPUTS = 50
#: Units that any network wants, where neither classes nor inputs say more.
UNITS = 8
#: Units that pass next to nothing on, whatever the task.
NEXT_TO_NOTHING = 2
#: Share of what knowing nothing costs below which training, through so few, rests at a high level.
HIGHEST_LEVEL = 0.8
#: Times the units per class that are proposed: the upper end of "five to ten times",
TIMES_WANTED = 2
#: and units that are proposed at least: a usual small layer.
PROPOSED = 16
#: Width up to which the last of several layers is an output: one number, or the two answers of a decision.
OUTPUTS = 2
#: Layers of the smallest autoencoder: one in, the code, one out.
AUTOENCODER = 3


class Likelihoods:
    """What speaks for too few units, and against it."""

    NEXT_TO_NOTHING = LikelihoodRatio(60.0, "a layer of {units:g} units passes next to nothing", "params")
    FEWER_THAN_CLASSES = LikelihoodRatio(8.0, "{units:g} units are fewer than the {n_classes} classes", "params")
    FEWER_THAN_WANTED = LikelihoodRatio(1.5, "{units:g} units, where {wanted:g} are a good first guess", "params")
    CAPACITY_ENOUGH = LikelihoodRatio(0.05, "capacity is not what the run lacks")
    NOTHING_LEARNED = LikelihoodRatio(4.0, "nothing is learned")
    LEARNS_NOTHING = LikelihoodRatio(0.8, "nothing is learned, where so many units learn a little")
    HIGH_LEVEL = LikelihoodRatio(5.0, "training and validation come to rest together at a high level")
    LEARNS = LikelihoodRatio(0.3, "the run learns")


@rule(
    "AR702",
    "too-few-hidden-units",
    seen_as=("Training loss stops high, and validation with it",),
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
    """Too few units to express the task.

    What it measures
    ----------------
    The width of the narrowest hidden layer, by the description of the network or by a parameter (a list that ends as an
    output does, or that narrows to a code and widens again, is read as such) against the classes (or, for a regression,
    the inputs), and whether training and validation come to rest together at a high level. A layer as wide as the input
    passes on all there is. Layers that score, gate or join others are left out: they may be as narrow as they like.

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
    per_class : units per class.
    many_classes : classes from which on the rule of thumb says nothing.

    References
    ----------
    Seminar: "Number of Hidden Units".
    """
    configured = "hidden_units" in names
    if not configured and layers_described is not None and not layers_described.plain:
        return too_few_hidden_units.skip("layers that score, gate or join others may be as narrow as they like")
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
    text = f"raise {name} from {narrow:g} to {target}"
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
        message=f"a hidden layer of {narrow:g} units",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with four times the units",
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
    """What the narrowest layer says; one as wide as the input, which has to be ``known``, passes on all there is."""
    if known and narrow <= NEXT_TO_NOTHING and not (n_inputs and n_inputs <= narrow):
        return Likelihoods.NEXT_TO_NOTHING(units=narrow)
    if classes and narrow < classes:
        return Likelihoods.FEWER_THAN_CLASSES(units=narrow, n_classes=classes)
    return Likelihoods.FEWER_THAN_WANTED(units=narrow, wanted=wanted)


def _seen(features: Features, symptoms: Symptoms, explained: Explained | None, level: float) -> Observation:
    """What the curves say of the capacity."""
    if symptoms.has("diverged", "overfitting") or features.memorised or features.above:
        return Likelihoods.CAPACITY_ENOUGH()
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
