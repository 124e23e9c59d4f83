"""Which parameter plays which role: names are scored by their words, values are checked and brought into one spelling."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from tracker_diag.core.words import phrases, read, vocabulary, words

# A name's score is its phrase's weight less these for each word that nothing explains.
LEAF_WORD, OUTER_WORD, DIGIT = 0.25, 0.08, 0.03
LEAST_SCORE = 0.19
EQUAL_STANDING = 0.051
# A word that is only understood from another parameter (scikit-learn's alpha) comes before its usual meaning.
BESIDE = 1.5

_ON = frozenset({"true", "yes", "on", "y", "enabled", "enable"})
_OFF = frozenset({"false", "no", "off", "scratch", "n", "none", "disabled", "disable", "null", ""})
_DIGITS = re.compile(r"\d+")
_CLASS_PATH = re.compile(r"(?:<(?:class|function) ')?(?:[A-Za-z_]\w*\.)+([A-Z]\w*)(?:'>)?\Z")
_INTS = re.compile(r"\s*\d{1,7}(?:\s*[-,x_;/ ]\s*\d{1,7})*\s*\Z")
_UNFIT = object()


@dataclass(slots=True)
class FoundParams:
    """Parameters by role."""

    values: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_params(values: Mapping[str, Any], extra: Mapping[str, tuple[frozenset[str], ...]]) -> FoundParams:
    """The parameter for each role, and its value in one spelling.

    A parameter plays one role: the best scored of those that its value fits. Of several for one role the best scored is
    taken, then one that says something before one that is off, then the shortest name.

    Parameters
    ----------
    values : mapping of str to value
        As `tracker_diag.core.params.flatten` gives them.
    extra : mapping of str to tuple of frozenset of str
        Further phrases for a role, which come before all of the vocabulary's.
    """
    candidates: dict[str, list[tuple[tuple[bool, float, int, str], Any]]] = {}
    unfit: dict[str, list[str]] = {}
    everything: frozenset[str] | None = None
    for name, value in values.items():
        fits = fits_of(name)
        if extra:
            own = [(r, 9.0, "", "") for r, several in extra.items() if any(p <= read(name).words for p in several)]
            fits = (*own, *fits)
        refused = None
        for role, score, phrase, beside in fits:
            if beside:
                if everything is None:
                    everything = frozenset(values)
                if not any(words(beside) <= read(other).words for other in everything):
                    continue
            fit = coerce(role, value, phrase)
            if fit is not _UNFIT:
                off = fit is False or fit in ("none", 0) or fit is None
                candidates.setdefault(role, []).append(((off and score < 9.0, -score, len(name), name), fit))
                break
            if refused is None and score >= 1 and _says_something(role, value):
                refused = role
        else:
            if refused is not None:
                unfit.setdefault(refused, []).append(name)
    found = FoundParams()
    for role, several in candidates.items():
        key, value = min(several, key=lambda x: x[0])
        found.values[role], found.names[role] = value, key[3]
        rivals = [x for x in several if x[1] != value and x[0][0] == key[0] and x[0][1] - key[1] < EQUAL_STANDING]
        if rivals and role not in _MANY:
            others = ", ".join(f"{k[3]} = {v}" for k, v in sorted(rivals, key=lambda x: x[0])[:3])
            found.notes.append(f"{role}: {key[3]} = {value} was taken, not {others}"[:300])
    for role, several in unfit.items():
        if role not in found.values:
            name = min(several)
            found.notes.append(f"{role}: {name} = {str(values[name])[:40]!r} is no {_KINDS_IN_WORDS.get(_kind(role), 'fitting value')}")
    _by_value(found, values)
    _derive(found, values)
    return found


# Roles that several parameters may fill side by side without contradiction.
_MANY = frozenset({"augmentation", "precision", "normalisation", "model", "seed", "hidden_units", "pretrained", "dropout", "mixup"})
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
        listed = _widths(values.get(name))
        if not isinstance(listed, tuple):
            listed = _numbered(name, values)
        if isinstance(listed, tuple):
            found.values["layer_widths"], found.names["layer_widths"] = listed, name
            take("layers", len(listed), "hidden_units")
    if "patience" in found.values:
        take("early_stopping", found.values["patience"], "patience")
        if found.values["early_stopping"] is True:
            found.values["early_stopping"] = found.values["patience"]
    if "loss_function" in found.values:
        task = next((t for t, names in vocabulary()["tasks"].items() if found.values["loss_function"] in names.split()), None)
        take("task", task, "loss_function")


def _numbered(name: str, values: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The widths of layers that have a parameter each: ``fc1_dim`` and ``fc2_dim``, ``layers.0.units`` and ``layers.1.units``."""
    pattern = _DIGITS.sub("#", name)
    if pattern.count("#") != 1:
        return None
    several = {int(_DIGITS.findall(n)[0]): _whole(1)(v) for n, v in values.items() if _DIGITS.sub("#", n) == pattern}
    return tuple(several[i] for i in sorted(several)) if len(several) > 1 and _UNFIT not in several.values() else None


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
def _book() -> tuple[frozenset[str], list[tuple[str, list[tuple[frozenset[str], float, str, str]], Any, frozenset[str]]]]:
    roles = []
    for role, entry in vocabulary()["params"].items():
        known = [(words(text), float(weight), text, "") for text, weight in entry["words"].items()]
        known += [(words(text), BESIDE, text, near) for text, near in entry.get("beside", {}).items()]
        roles.append((role, known, phrases(entry.get("veto", "").split()), words(entry.get("also", ""))))
    return words(vocabulary()["neutral"]), roles


@lru_cache(maxsize=16384)
def fits_of(name: str) -> tuple[tuple[str, float, str, str], ...]:
    """The roles a parameter's name fits, best first: role, score, the phrase found, and what must be logged beside it."""
    neutral, roles = _book()
    cut = read(name)
    leaf = next((frozenset(s) for s in reversed(cut.segments) if not neutral.issuperset(s)), cut.words)
    out = []
    for role, known, veto, also in roles:
        best = ("", -math.inf, "")
        for phrase, weight, text, beside in known:
            if not phrase <= cut.words or not phrase & leaf:
                continue
            if any(v <= cut.words and not v <= phrase for v in veto):
                continue
            score = weight - sum(_cost(w, leaf) for w in cut.words - phrase - neutral - also)
            if score > best[1]:
                best = (text, score, beside)
        if best[1] >= LEAST_SCORE:
            out.append((role, round(best[1], 4), best[0], best[2]))
    return tuple(sorted(out, key=lambda x: -x[1]))


def _cost(word: str, leaf: frozenset[str]) -> float:
    if word.isdigit():
        return DIGIT + min(int(word[:4]), 999) * 1e-4
    return LEAF_WORD if word in leaf else OUTER_WORD


def _says_something(role: str, value: Any) -> bool:
    """Whether a value that does not fit is worth a note: -1, 0 and None are ways to say "not set"."""
    kind = _kind(role)
    if kind == "rate":
        return value is not None
    return isinstance(value, str) and kind in ("count", "count_or_zero", "fraction")


@cache
def _kind(role: str) -> str:
    return str(vocabulary()["params"][role]["value"]) if role in vocabulary()["params"] else "any"


def coerce(role: str, value: Any, phrase: str = "") -> Any:
    """The value in the role's one spelling, or a marker that it does not fit.

    Parameters
    ----------
    role : str
    value : object
        Of a flat parameter.
    phrase : str
        The words by which the name was recognised; they speak where the value is but True (``bf16 = True``).
    """
    kind = _kind(role)
    only = _only(role, phrase)
    if only is not None and (not isinstance(value, str) or value.strip().lower() not in only):
        return _UNFIT
    if isinstance(value, tuple) and len(value) == 1 and kind != "widths":
        value = value[0]
    check = _CHECKS.get(kind)
    fit = check(value) if check is not None else _choice(kind, value, phrase)
    if fit is True and role == "precision":
        return phrase
    return fit


@cache
def _only(role: str, phrase: str) -> frozenset[str] | None:
    """The values that a phrase takes which usually means another role, or None if it takes all."""
    text = vocabulary()["params"].get(role, {}).get("only", {}).get(phrase)
    return None if text is None else frozenset(text.split())


def fits(value: Any) -> bool:
    """Whether `coerce` took the value."""
    return value is not _UNFIT


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _ranged(low: float, high: float, *, open_low: bool = False, off: bool = False) -> Callable[[Any], Any]:
    """A check for a finite number in a range; with ``off``, None and False mean zero."""

    def check(value: Any) -> Any:
        if off and (value is None or value is False):
            return 0.0
        number = _number(value)
        if number is None or not low <= number <= high or (open_low and number == low):
            return _UNFIT
        return number

    return check


def _whole(least: int) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        number = _number(value)
        if number is None or number != math.floor(number) or number < least or number > 1e15:
            return _UNFIT
        return int(number)

    return check


def _widths(value: Any) -> Any:
    """A width, or a tuple of widths (``(64, 64)``, ``"64-64-10"``)."""
    if isinstance(value, str) and _INTS.match(value) and len(value) < 200:
        value = tuple(int(part) for part in re.findall(r"\d+", value))
    if isinstance(value, tuple):
        widths = tuple(_whole(1)(part) for part in value)
        return widths if widths and _UNFIT not in widths else _UNFIT
    return _whole(1)(value)


def _first_width(value: Any) -> Any:
    widths = _widths(value)
    return widths[0] if isinstance(widths, tuple) else widths


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _ON else False if word in _OFF else _UNFIT
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    return _UNFIT


def _flag_or_number(value: Any) -> Any:
    flag = _flag(value)
    if isinstance(value, bool) or flag is False or isinstance(value, str):
        return flag
    if value is None:
        return False
    return _ranged(0, 1e15)(value)


def _word_or_flag(value: Any) -> Any:
    if isinstance(value, str):
        flag = _flag(value)
        return _short(value) if flag is _UNFIT else flag
    if value is None or isinstance(value, tuple):
        return bool(value)
    flag = _flag(value)
    return _number(value) if flag is _UNFIT and _number(value) is not None else flag


def _word_or_truth(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return _UNFIT if number and (isinstance(value, float) or value not in (0, 1)) else _word_or_flag(value)


def _word(value: Any) -> Any:
    return _short(value) if isinstance(value, str) and value.strip() and len(value) < 200 else _UNFIT


def _short(value: str) -> str:
    """A text without the modules of a class path."""
    path = _CLASS_PATH.match(value.strip())
    return path[1] if path else value.strip()


def _seed(value: Any) -> Any:
    return _whole(0)(value)


def _any(value: Any) -> Any:
    return False if value is None else value


_strength = _ranged(0, 1e9, off=True)
_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "rate": _ranged(0, 1e6),
    "share_or_zero": _strength,
    "fraction": _ranged(0, 1, off=True),
    "share": _ranged(0, 1, open_low=True),
    "clip": _ranged(0, math.inf, off=True),
    "count": _whole(1),
    "count_or_zero": _whole(0),
    "examples": _whole(1),
    "features": _whole(1),
    "widths": _first_width,
    "flag": _flag,
    "flag_or_number": _flag_or_number,
    "word_or_flag": _word_or_flag,
    "word_or_truth": _word_or_truth,
    "word": _word,
    "seed": _seed,
    "any": _any,
}
_STRICT = frozenset({"task", "normalisation"})


def _choice(kind: str, value: Any, phrase: str) -> Any:
    """A value of the vocabulary's tables; True is answered by the name's own words, and an unknown word stays as it is."""
    if value is False or value is None:
        return "none" if kind == "normalisation" else _UNFIT
    if value is True:
        value = phrase
        strict = True
    else:
        strict = kind in _STRICT
    if not isinstance(value, str) or not value.strip() or len(value) > 300:
        return _UNFIT
    known = _canonical_value(kind, value)
    if known is not None:
        return known
    return _UNFIT if strict or not re.search(r"[^\W\d]", value) else _last_part(value)


def _last_part(value: str) -> str:
    """``torch.optim.adam.Adam`` and ``<class 'a.b.Adam'>`` by their last name."""
    found = re.findall(r"[A-Za-z_][\w]*", re.sub(r"\bobject at 0x\w+|>|<class|<function", " ", value))
    return str(found[-1]).lower() if found and "." in value else value.strip().lower()


@lru_cache(maxsize=4096)
def _canonical_value(kind: str, value: str) -> str | None:
    table = vocabulary()["values"]
    exact: Mapping[str, str] = table.get(f"{kind}_exact", {})
    for text in (_last_part(value), value.lower()):
        plain = re.sub(r"[\W_]+", "", text)
        if plain in exact:
            return exact[plain]
        for name, spelled in table[kind].items():
            if any(s in plain for s in spelled):
                return str(name)
    return None
