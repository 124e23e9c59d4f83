"""Which parameter plays which role: names are scored by their words, values are checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from tracker_diag.roles.keras_fit import default_batch_size
from tracker_diag.roles.param_values import UNFIT, coerce, kind_of, whole, widths_of
from tracker_diag.roles.words import phrases, read, vocabulary, words

# A name's score is its phrase's weight less these for each word that nothing explains.
LEAF_WORD, OUTER_WORD, DIGIT = 0.25, 0.08, 0.03
LEAST_SCORE = 0.19
EQUAL_STANDING = 0.051
# A word that is only understood from another parameter (scikit-learn's alpha) comes before its usual meaning.
BESIDE = 1.5
# A name that the user's own words fit comes before all that the vocabulary knows.
OWN = 9.0

_DIGITS = re.compile(r"\d+")


@dataclass(slots=True)
class FoundParams:
    """Parameters by role."""

    values: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def drop(self, role: str) -> None:
        """Forget what was found for a role."""
        self.values.pop(role, None)
        self.names.pop(role, None)

    def complete(self, others: Mapping[str, Any]) -> None:
        """Take the values of roles that none was found for, or one that is switched off."""
        for role, value in others.items():
            if not self.values.get(role):
                self.values[role] = value
                self.names.pop(role, None)

    def rename(self, role: str, other: str) -> None:
        """Take what was found for a role for another, unless that has something of its own."""
        if role in self.values and other not in self.values:
            self.values[other], self.names[other] = self.values[role], self.names[role]
            self.drop(role)


def find_params(values: Mapping[str, Any], extra: Mapping[str, tuple[frozenset[str], ...]]) -> FoundParams:
    """The parameter for each role, and its value in one spelling.

    A parameter plays one role: the best scored of those that its value fits. Of several for one role the best scored is
    taken, then one that says something before one that is off, then the shortest name.

    Parameters
    ----------
    values : mapping of str to value
        As `tracker_diag.roles.params.flatten` gives them.
    extra : mapping of str to tuple of frozenset of str
        Further phrases for a role, which come before all of the vocabulary's.
    """
    candidates: dict[str, list[tuple[tuple[bool, float, int, str], Any]]] = {}
    unfit: dict[str, list[str]] = {}
    logged: dict[str, bool] = {}
    for name, value in values.items():
        own = [(r, OWN, "", "") for r, several in extra.items() if any(p <= read(name).words for p in several)]
        fits = (*own, *fits_of(name))
        refused = None
        for role, score, phrase, beside in fits:
            if beside:
                if beside not in logged:
                    options = phrases(beside.split(","))
                    logged[beside] = any(near <= read(other).words for near in options for other in values)
                if not logged[beside]:
                    continue
            fit = coerce(role, value, phrase)
            if fit is not UNFIT:
                off = fit is False or fit in ("none", 0) or fit is None
                candidates.setdefault(role, []).append(((off and score < OWN, -score, len(name), name), fit))
                break
            if refused is None and score >= 1 and _says_something(role, value):
                refused = role
        else:
            if refused is not None:
                unfit.setdefault(refused, []).append(name)
    found = FoundParams()
    _choose(found, candidates)
    for role, refusals in unfit.items():
        if role not in found.values:
            name, wanted = min(refusals), _KINDS_IN_WORDS.get(kind_of(role), "valid value")
            refused = f"its value {str(values[name])[:40]!r} is not a {wanted}"
            found.notes.append(f"{name} was read as {role}, but {refused}, so it was ignored")
    _by_value(found, values)
    _derive(found, values)
    return found


def _choose(found: FoundParams, candidates: Mapping[str, list[tuple[tuple[bool, float, int, str], Any]]]) -> None:
    """Take the best of the parameters for each role, and note those that would have done as well."""
    for role, several in candidates.items():
        key, value = min(several, key=lambda x: x[0])
        found.values[role], found.names[role] = value, key[3]
        rivals = [x for x in several if x[1] != value and x[0][0] == key[0] and x[0][1] - key[1] < EQUAL_STANDING]
        if rivals and role not in _MANY:
            others = ", ".join(f"{k[3]} = {v}" for k, v in sorted(rivals, key=lambda x: x[0])[:3])
            found.notes.append(f"{role}: used {key[3]} = {value}, not {others}"[:300])


# Roles that several parameters may fill side by side without contradiction.
_MANY = frozenset(
    {"augmentation", "precision", "normalisation", "model", "seed", "hidden_units", "pretrained", "dropout", "mixup"}
)
_KINDS_IN_WORDS = {
    "rate": "positive number", "count": "positive whole number", "count_or_zero": "whole number",
    "fraction": "number from 0 to 1", "examples": "number of examples", "optimizer": "known optimiser",
}  # fmt: skip


def _derive(found: FoundParams, values: Mapping[str, Any]) -> None:
    """What one role says about another that was not logged."""

    def take(role: str, value: Any, source: str) -> None:
        if role not in found.values and value is not None:
            found.values[role], found.names[role] = value, found.names[source]

    if "hidden_units" in found.values:
        name = found.names["hidden_units"]
        listed = widths_of(values.get(name))
        if not isinstance(listed, tuple):
            listed = _numbered(name, values)
        if isinstance(listed, tuple):
            found.values["layer_widths"], found.names["layer_widths"] = listed, name
            take("layers", len(listed), "hidden_units")
    by_class = [name for name in values if name.startswith("class_weight.")]
    if by_class:
        # A mapping has no value of its own: its entries have, each under the name of its class.
        found.values["class_weight"], found.names["class_weight"] = True, "class_weight"
    if "patience" in found.values:
        take("early_stopping", found.values["patience"], "patience")
        if found.values["early_stopping"] is True:
            found.values["early_stopping"] = found.values["patience"]
    if "batch_size" not in found.values and (size := default_batch_size(values)):
        found.values["batch_size"], found.names["batch_size"] = size, "batch_size"
    if "loss_function" in found.values:
        task = next(
            (t for t, names in vocabulary()["tasks"].items() if found.values["loss_function"] in names.split()), None
        )
        take("task", task, "loss_function")


def _numbered(name: str, values: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The widths of layers that have a parameter each: ``fc1_dim`` and ``fc2_dim``, ``layers.0.units`` and so on."""
    around = _DIGITS.split(name)
    if len(around) != 2:
        return None
    several = {int(_DIGITS.findall(n)[0]): whole(1)(v) for n, v in values.items() if _DIGITS.split(n) == around}
    return tuple(several[i] for i in sorted(several)) if len(several) > 1 and UNFIT not in several.values() else None


def _by_value(found: FoundParams, values: Mapping[str, Any]) -> None:
    """Roles that no name gave, from values that can mean nothing else."""
    taken = set(found.names.values())
    texts = {n: re.sub(r"[\W_]+", "", v).lower() for n, v in values.items() if isinstance(v, str) and len(v) < 60}
    for role, telling in vocabulary()["telling"].items():
        if role not in found.values:
            known = telling.split()
            names = [n for n, text in texts.items() if text in known and n not in taken]
            if len({texts[n] for n in names}) == 1:
                name = min(names, key=lambda n: (len(n), n))
                found.values[role], found.names[role] = coerce(role, values[name]), name


@cache
def _book() -> tuple[
    frozenset[str], list[tuple[str, list[tuple[frozenset[str], float, str, str]], Any, frozenset[str]]]
]:
    roles = []
    for role, entry in vocabulary()["params"].items():
        known = [(words(text), float(weight), text, "") for text, weight in entry["words"].items()]
        known += [(words(text), BESIDE, text, near) for text, near in entry.get("beside", {}).items()]
        roles.append((role, known, phrases(entry.get("veto", "").split()), words(entry.get("also", ""))))
    return words(vocabulary()["neutral"]), roles


@lru_cache(maxsize=16384)
def fits_of(name: str) -> tuple[tuple[str, float, str, str], ...]:
    """The roles a parameter's name fits, best first: role, score, phrase, and what must be logged beside it."""
    neutral, roles = _book()
    cut = read(name)
    leaf = next((frozenset(s) for s in reversed(cut.segments) if not neutral.issuperset(s)), cut.words)
    out = []
    for role, known, veto, also in roles:
        best = ("", -math.inf, "")
        for phrase, weight, text, beside in known:
            if not phrase <= cut.words or not phrase & leaf:
                continue
            if any(v <= cut.words and not v <= phrase for v in veto) or (beside and not cut.words <= phrase | neutral):
                continue
            score = weight - sum(_cost(w, leaf) for w in cut.words - phrase - neutral - also)
            if score > best[1]:
                best = (text, score, beside)
        if best[1] >= LEAST_SCORE:
            out.append((role, round(best[1], 4), best[0], best[2]))
    return tuple(sorted(out, key=lambda x: -x[1]))


def _cost(word: str, leaf: frozenset[str]) -> float:
    if word.isdecimal():
        return DIGIT + min(int(word[:4]), 999) * 1e-4
    return LEAF_WORD if word in leaf else OUTER_WORD


def _says_something(role: str, value: Any) -> bool:
    """Whether a value that does not fit is worth a note: -1, 0 and None are ways to say "not set"."""
    kind = kind_of(role)
    if kind == "rate":
        return value is not None
    return isinstance(value, str) and kind in ("count", "count_or_zero", "fraction")
