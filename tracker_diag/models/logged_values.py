"""Values as they were logged: many trackers keep the text of a value, and None as a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

#: Letters of a value that names or counts something.
LONGEST = 200
#: Values of a list of sizes, and digits of one of them.
_LIST = re.compile(r"[(\[]?(?:\s{0,9}\d{1,9}[\s,]{0,9}){0,100}[)\]]?")


def first(params: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Find the first of some parameters that says anything.

    Parameters
    ----------
    params : mapping
        As they were logged.
    names : iterable of str
        What it may be called.

    Returns
    -------
    Any
        None where none does.
    """
    known = (params.get(name) for name in names)
    return next((value for value in known if value not in (None, "", "None", "null")), None)


def text(value: Any) -> str | None:
    """Read a word.

    Parameters
    ----------
    value : Any
        As it was logged.

    Returns
    -------
    str or None
        None where it is no text, or a long one.
    """
    return value if isinstance(value, str) and len(value) <= LONGEST else None


def count(value: Any) -> int | None:
    """Read a whole number from zero on.

    Parameters
    ----------
    value : Any
        As it was logged.

    Returns
    -------
    int or None
        None where it is none.
    """
    if isinstance(value, str) and len(value) <= 18 and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18 else None


def number(value: Any) -> float | None:
    """Read a number.

    Parameters
    ----------
    value : Any
        As it was logged.

    Returns
    -------
    float or None
        None where it is none, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)[:LONGEST]) == LONGEST:
        return None
    try:
        known = float(value)
    except ValueError:
        return None
    return known if isfinite(known) else None


def counts(value: Any) -> list[int] | None:
    """Read a list of whole numbers, or one alone.

    Parameters
    ----------
    value : Any
        As it was logged: ``(100,)``, ``[64, 32]``, ``7``.

    Returns
    -------
    list of int or None
        None where it is none.
    """
    if isinstance(value, list | tuple):
        known = [count(size) for size in value[:LONGEST]]
        return [size for size in known if size is not None] if None not in known else None
    if isinstance(value, str) and len(value) <= LONGEST and _LIST.fullmatch(value):
        return [int(size) for size in re.findall(r"\d{1,9}", value)]
    one = count(value)
    return None if one is None else [one]
