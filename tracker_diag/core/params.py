"""The parameters of a run as flat, parsed values that keep the names they were logged under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Params:
    """Parameters without nesting.

    Attributes
    ----------
    values : mapping of str to value
        By flat name (``optimizer.lr``): bool, int, float, str, None, or a tuple of these.
    sources : mapping of str to str
        For each flat name, the name of the logged parameter it lies in.
    notes : tuple of str
        What was cut, in words.
    """

    values: Mapping[str, Any]
    sources: Mapping[str, str]
    notes: tuple[str, ...] = ()


def flatten(params: Mapping[str, Any]) -> Params:
    """Flatten nested parameters and parse those logged as text."""
    values: dict[str, Any] = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            values.update({f"{name}.{key}": inner for key, inner in value.items()})
        elif isinstance(value, str):
            try:
                values[name] = float(value)
            except ValueError:
                values[name] = value
        else:
            values[name] = value
    return Params(MappingProxyType(values), MappingProxyType({name: name for name in values}))
