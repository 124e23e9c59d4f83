"""Data classes to strict JSON data and back, by their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from tracker_diag.core.plain import plain

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of a data class, as it stands in JSON data.

    Attributes
    ----------
    name : str
        What it is called in Python.
    key : str
        What it is called in JSON data: the ``alias`` in its metadata, else its name.
    hint : type
        As it is annotated, evaluated.
    metadata : mapping
        That of the field.
    """

    name: str
    key: str
    hint: Any
    metadata: Mapping[str, Any]

    @property
    def is_bounded(self) -> bool:
        """Whether it is a number that its metadata bound, and so is always finite."""
        return not {"ge", "le"}.isdisjoint(self.metadata)


@cache
def entries(kind: Any) -> tuple[Entry, ...]:
    """List the fields of a data class, in their order."""
    hints = get_type_hints(kind)
    return tuple(Entry(f.name, f.metadata.get("alias", f.name), hints[f.name], f.metadata) for f in fields(kind))


def to_plain(record: Any) -> dict[str, Any]:
    """Write an instance of a data class as strict JSON data.

    A data class within becomes an object of the fields of the class that its own field is declared with: what a
    subclass adds is left out. Texts and bounded numbers keep their form; all else is written by ``plain``.
    """
    kind: Any = type(record)
    data: dict[str, Any] = _writer(kind)(record)
    return data


def from_plain(kind: type[T], data: Mapping[str, Any]) -> T:
    """Read an instance of a data class from what ``to_plain`` wrote; other keys are passed over.

    The numbers of tuples become floats, also where they are the strings NaN, Infinity or -Infinity. Whether texts,
    bounded numbers and the values of mappings are what they should be is not checked.

    Raises
    ------
    LookupError
        If a field is missing, or a part of a tuple of fixed length.
    ValueError
        If a number of a tuple is none, or a value is not one of an enumeration's.
    """
    hint: Any = kind
    record: T = _reader(hint)(data)
    return record


@cache
def _writer(hint: Any) -> Callable[[Any], Any]:
    origin, first = get_origin(hint), next(iter(get_args(hint)), None)
    if isinstance(hint, type) and is_dataclass(hint):
        parts = [(e.key, e.name, _same if e.is_bounded else _writer(e.hint)) for e in entries(hint)]
        return lambda record: {key: write(getattr(record, name)) for key, name, write in parts}
    if isinstance(first, type) and is_dataclass(first):
        part = _writer(first)
        if origin is tuple:
            return lambda records: [part(x) for x in records]
        if origin is UnionType:
            return lambda record: None if record is None else part(record)
    # ``plain`` gives texts back as they are, at many times the cost; most fields are texts.
    return _same if hint in (str, str | None) else plain


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    if isinstance(hint, type) and is_dataclass(hint):
        parts = [(e.name, e.key, _same if e.is_bounded else _reader(e.hint)) for e in entries(hint)]
        return lambda data: hint(**{name: read(data[key]) for name, key, read in parts})
    if hint is float or (isinstance(hint, type) and issubclass(hint, Enum)):
        return hint
    origin, args = get_origin(hint), get_args(hint)
    if origin is tuple or origin is UnionType:
        return _reader_of_parts(origin, args)
    return dict if origin is Mapping and Any not in args else _same


def _reader_of_parts(origin: Any, args: tuple[Any, ...]) -> Callable[[Any], Any]:
    reads = [*map(_reader, args)]
    first = reads[0]
    if origin is UnionType:
        return lambda value: None if value is None else first(value)
    if args[-1] is Ellipsis:
        return lambda values: tuple(map(first, values))
    return lambda values: tuple(read(values[i]) for i, read in enumerate(reads))


def _same(value: Any) -> Any:
    return value
