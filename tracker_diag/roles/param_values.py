"""Values of parameters, checked for their role and brought into one spelling."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from tracker_diag.roles.words import vocabulary

_ON = frozenset({"true", "yes", "on", "y", "enabled", "enable"})
_OFF = frozenset({"false", "no", "off", "scratch", "n", "none", "disabled", "disable", "null", ""})
_CLASS_PATH = re.compile(r"(?:<(?:class|function) ')?(?:[A-Za-z_]\w*\.)+([A-Z]\w*)(?:'>)?\Z")
_INTS = re.compile(r"\s*\d{1,7}(?:\s*[-,x_;/ ]\s*\d{1,7})*\s*\Z")
UNFIT = object()


@cache
def kind_of(role: str) -> str:
    """Which check the values of a role must pass."""
    return str(vocabulary()["params"][role]["value"]) if role in vocabulary()["params"] else "any"


def coerce(role: str, value: Any, phrase: str = "") -> Any:
    """The value in the role's one spelling, or a marker that it does not fit.

    Parameters
    ----------
    role : str
        What the parameter was taken for.
    value : object
        Of a flat parameter.
    phrase : str
        The words by which the name was recognised; they speak where the value is but True (``bf16 = True``).
    """
    kind = kind_of(role)
    only = _only(role, phrase)
    if only is not None and (not isinstance(value, str) or value.strip().lower() not in only):
        return UNFIT
    # A list of one number of layers is a width: ``hidden_layers = [64]``.
    if isinstance(value, tuple) and len(value) == 1 and kind != "widths" and role != "layers":
        value = value[0]
    check = _CHECKS.get(kind)
    fit = check(value) if check is not None else _choice(kind, value, phrase)
    if fit is True and role == "precision":
        return phrase
    # StepLR's step size counts epochs, and other rates are in hertz.
    return UNFIT if phrase in ("step size", "rate") and isinstance(fit, int | float) and fit >= 1 else fit


@cache
def _only(role: str, phrase: str) -> frozenset[str] | None:
    """The values that a phrase takes which usually means another role, or None if it takes all."""
    text = vocabulary()["params"].get(role, {}).get("only", {}).get(phrase)
    return None if text is None else frozenset(text.split())


def fits(value: Any) -> bool:
    """Whether `coerce` took the value."""
    return value is not UNFIT


def _number(value: Any) -> float | None:
    # An integer may be larger than any float: comparing, unlike converting, is exact.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        return None
    return value


def _ranged(low: float, high: float, *, open_low: bool = False, off: bool = False) -> Callable[[Any], Any]:
    """A check for a finite number in a range; with ``off``, None and False mean zero."""

    def check(value: Any) -> Any:
        if off and (value is None or value is False):
            return 0.0
        number = _number(value)
        if number is None or not low <= number <= high or (open_low and number == low):
            return UNFIT
        return number

    return check


def whole(least: int) -> Callable[[Any], Any]:
    """Give a check for a whole number from ``least`` on."""

    def check(value: Any) -> Any:
        number = _number(value)
        if number is None or number != math.floor(number) or number < least or number > 1e15:
            return UNFIT
        return int(number)

    return check


def widths_of(value: Any) -> Any:
    """A width, or a tuple of widths (``(64, 64)``, ``"64-64-10"``)."""
    if isinstance(value, str) and _INTS.match(value) and len(value) < 200:
        value = tuple(int(part) for part in re.findall(r"\d+", value))
    if isinstance(value, tuple):
        widths = tuple(whole(1)(part) for part in value)
        return widths if widths and UNFIT not in widths else UNFIT
    return whole(1)(value)


def _first_width(value: Any) -> Any:
    widths = widths_of(value)
    return widths[0] if isinstance(widths, tuple) else widths


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _ON else False if word in _OFF else UNFIT
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    return UNFIT


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
        return _short(value) if flag is UNFIT else flag
    if value is None or isinstance(value, tuple):
        return bool(value)
    flag = _flag(value)
    return _number(value) if flag is UNFIT and _number(value) is not None else flag


def _word_or_truth(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return UNFIT if number and (isinstance(value, float) or value not in (0, 1)) else _word_or_flag(value)


def _word(value: Any) -> Any:
    return _short(value) if isinstance(value, str) and value.strip() and len(value) < 200 else UNFIT


def _short(value: str) -> str:
    """A text without the modules of a class path."""
    path = _CLASS_PATH.match(value.strip())
    return path[1] if path else value.strip()


def _seed(value: Any) -> Any:
    return whole(0)(value)


def _any(value: Any) -> Any:
    return False if value is None else value


_strength = _ranged(0, 1e9, off=True)
_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "rate": _ranged(0, 1e6),
    "share_or_zero": _strength,
    "fraction": _ranged(0, 1, off=True),
    "share": _ranged(0, 1, open_low=True),
    "clip": _ranged(0, math.inf, off=True),
    "count": whole(1),
    "count_or_zero": whole(0),
    "examples": whole(1),
    "features": whole(1),
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
    """A value of the vocabulary's tables; the name's own words answer for True, and an unknown word stays as it is."""
    if value is False or value is None:
        return "none" if kind == "normalisation" else UNFIT
    if value is True:
        value = phrase
        strict = True
    else:
        strict = kind in _STRICT
    if not isinstance(value, str) or not value.strip() or len(value) > 300:
        return UNFIT
    known = _canonical_value(kind, value)
    if known is not None:
        return known
    return UNFIT if strict or not re.search(r"[^\W\d]", value) else _last_part(value)


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
