"""Any value as strict JSON data of a bounded size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

DEEPEST, MOST_VALUES = 50, 100_000
"""Levels and values of plain data that are kept; rules read no deeper, and far fewer."""
LARGEST_BITS = 1024
"""Bits; larger integers exceed every float."""
CUT = "…"
"""What stands for data that were cut."""


def plain(value: Any) -> Any:
    """Turn a value into strict JSON data, whatever it is.

    Tuples and sets become lists, numpy's scalars and arrays Python's, NaN and ±Infinity their strings, and integers
    that no reader of JSON can be relied on to hold (beyond any float) hexadecimal texts.

    Returns
    -------
    object
        At most 50 levels and 100,000 values; what lies beyond becomes ``…``. Data of a run may hold itself, or the
        same part a million times.
    """
    return _Plain().of(value, DEEPEST)


class _Plain:
    """One pass over a value, and how many parts of it may still be taken."""

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def of(self, value: Any, levels: int) -> Any:
        self.left -= 1
        if levels == 0 or self.left < 0:
            return CUT
        if isinstance(value, StrEnum):
            return str(value)
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            return value if value.bit_length() <= LARGEST_BITS else hex(value)
        if isinstance(value, Mapping):
            return {self._key(k): self.of(v, levels - 1) for k, v in value.items() if self.left >= 0}
        if isinstance(value, list | tuple):
            return [self.of(v, levels - 1) for v in value if self.left >= 0]
        if isinstance(value, set | frozenset):
            # Set order differs between processes (hash randomisation).
            return sorted((self.of(v, levels - 1) for v in value), key=repr)
        if hasattr(value, "tolist") and type(bare := value.tolist()) is not type(value):
            return self.of(bare, levels)
        if isinstance(value, float):
            return _real_number(value)
        return _text(value)

    def _key(self, key: Any) -> str:
        return key if type(key) is str else str(self.of(key, 2))


def _real_number(value: float) -> Any:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  an object's own text is its own affair
        return type(value).__name__
