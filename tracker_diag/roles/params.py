"""The parameters of a run as flat, parsed values that keep the names they were logged under."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from numbers import Real
from types import MappingProxyType
from typing import Any, NamedTuple

from tracker_diag.core.plain import LARGEST_BITS

MAX_DEPTH = 50
MAX_VALUES = 5_000
MAX_ITEMS = 256
MAX_NAME = 500
MAX_STRUCTURE = 16_000

_WORDS = {"true": True, "false": False, "none": None, "null": None}
_INT = re.compile(r"[+-]?\d{1,18}\Z")
_LITERAL = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<mark>[\[\](){},:=])
      | (?P<word>[^\s\[\](){},:='"]+)
    )""",
    re.VERBOSE,
)
_TORCH = re.compile(r"([A-Za-z_][\w.]*)\s*\(\s*Parameter Group 0\s+(.*)\)\s*\Z", re.DOTALL)
_TORCH_ITEM = re.compile(r"(\w+):\s+(\([^)]*\)|\[[^]]*\]|\S+)")
_SCALED = re.compile(r"([A-Za-z][A-Za-z_]*)\s*[:=]\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\Z")
_CLOSERS = {"[": "]", "(": ")", "{": "}"}


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


@dataclass(frozen=True, slots=True)
class _Call:
    """``AdamW(lr=0.001)`` as it was written."""

    name: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]


class _NotALiteralError(ValueError):
    pass


def flatten(params: Mapping[str, Any]) -> Params:
    """Flatten nested parameters and parse those logged as text.

    Nested names are joined by a dot. ``{"value": …, "desc": …}``, as W&B wraps each entry, is unwrapped, and ``_wandb``
    left out. A text is read as a number, a truth value, ``None``, a list, a mapping, or a call with keywords
    (``AdamW(lr=0.001)``, torch's ``SGD (Parameter Group 0 lr: 0.1)``), whose name is the value and whose keywords are
    nested in it. Nothing is evaluated.

    Parameters
    ----------
    params : mapping of str to object
        As logged.

    Returns
    -------
    Params
        Bounded in time and size: at most 50 levels, 5,000 values, 5,000 items of lists (256 of each), and 16,000
        characters of text that holds a structure. What is cut is noted.
    """
    flat = _Flattening()
    for name, value in islice(params.items(), MAX_VALUES):
        if name != "_wandb":
            flat.queue.append(_Item(name, name, 1, value))
    if len(params) > MAX_VALUES:
        flat.cut[f"only the first {MAX_VALUES:,} of {len(params):,} parameters were read"] = None
    while flat.queue:
        flat.take(flat.queue.popleft())
    return Params(MappingProxyType(flat.values), MappingProxyType(flat.sources), tuple(sorted(flat.cut)))


class _Item(NamedTuple):
    """A value to be flattened, under its name; ``source`` is the name under which it was logged."""

    name: str
    source: str
    depth: int
    value: Any


class _Flattening:
    """One pass over parameters, and how much may still be read."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.cut: dict[str, None] = {}
        self.queue: deque[_Item] = deque()
        self.letters = MAX_STRUCTURE
        self.items = MAX_VALUES

    def take(self, item: _Item) -> None:
        """Keep a value, and put what is nested in it into the queue."""
        if len(item.name) > MAX_NAME:
            self.cut[f"parameter names over {MAX_NAME} characters were ignored"] = None
            return
        value = self._parsed(item.value) if isinstance(item.value, str) else item.value
        if isinstance(value, Mapping) and "value" in value and all(key in ("value", "desc") for key in value):
            self._put(item, [(item.name, value["value"])])
            return
        value, inner = self._unfolded(value)
        if inner:
            free = MAX_VALUES - len(self.values) - len(self.queue)
            if len(inner) > free and item.depth < MAX_DEPTH:
                self.cut[f"only the first {MAX_VALUES:,} parameter values were read"] = None
            named = ((f"{item.name}.{_key(k)}", x) for k, x in islice(inner.items(), max(free, 0)) if k != "_wandb")
            self._put(item, named)
        known = self.sources.get(item.name)
        if value is not _Call and (known is None or item.source < known):
            self.values[item.name] = _plain(value)
            self.sources[item.name] = item.source

    def _put(self, around: _Item, named: Iterable[tuple[str, Any]]) -> None:
        if around.depth >= MAX_DEPTH:
            self.cut[f"parameters nested more than {MAX_DEPTH} levels deep were ignored"] = None
            return
        self.queue.extend(_Item(name, around.source, around.depth + 1, value) for name, value in named)

    def _parsed(self, text: str) -> Any:
        parsed = _scalar(text)
        if parsed is not text or text[-1:] not in (")", "]", "}"):
            return parsed
        if len(text) > self.letters:
            self.cut["long parameter texts were not parsed"] = None
            return text
        self.letters -= len(text)
        return _structure(text)

    def _unfolded(self, value: Any) -> tuple[Any, Mapping[Any, Any]]:
        """A value and what is nested in it; ``_Call`` in place of a value that is nothing but a nest."""
        if isinstance(value, _Call):
            inner = dict(value.keywords)
            numbers = [x for x in value.arguments if isinstance(x, int | float) and not isinstance(x, bool)]
            if numbers:
                inner.setdefault("scale", numbers[-1])
            return value.name, inner
        if isinstance(value, Mapping):
            return _Call, value
        if isinstance(value, list | tuple):
            return self._listed(value)
        if isinstance(value, str) and (scaled := _SCALED.match(value[:80])):
            return scaled[1], {"scale": _scalar(scaled[2])}
        return value, {}

    def _listed(self, value: Sequence[Any]) -> tuple[Any, Mapping[Any, Any]]:
        most = min(MAX_ITEMS, self.items)
        if len(value) > most:
            self.cut["long parameter lists were cut"] = None
        items = tuple(_scalar(x) if isinstance(x, str) else x for x in islice(value, most))
        self.items -= len(items)
        if any(isinstance(x, Mapping | list | tuple | _Call) for x in items):
            return _Call, dict(enumerate(items))
        return tuple(_plain(x) for x in items), {}


def _plain(value: Any) -> Any:
    """A value of Python's own types; what is none of these is named by its type.

    An integer beyond any float is infinite: no rule can reckon with it, and of thousands of digits it has no text.
    """
    if value is None or isinstance(value, bool | float | str | tuple):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= LARGEST_BITS else _beyond(value)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        item = value.item()
        if type(item) is not type(value):
            return _plain(item)
    if isinstance(value, Real):
        try:
            return float(value)
        except OverflowError:
            return _beyond(value)
    return value.__name__ if isinstance(value, type) else type(value).__name__


def _beyond(value: Any) -> float:
    return math.inf if value > 0 else -math.inf


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key[:MAX_NAME]
    # A tuple may be nested so deeply that it has no text.
    return "tuple" if isinstance(key, tuple) else str(_plain(key))


@lru_cache(maxsize=8192)
def _cached_scalar(text: str) -> Any:
    word = text.strip()
    if not word:
        return text
    if _INT.match(word):
        return int(word)
    lower = word.lower()
    if lower in _WORDS:
        return _WORDS[lower]
    if word[0] in "+-.0123456789" or lower in ("nan", "inf", "infinity"):
        try:
            return float(word)
        except ValueError:
            return text
    return text


def _scalar(text: str) -> Any:
    """The number, truth value or None that a text spells; else the text itself."""
    if len(text) > 64:
        return text
    found = _cached_scalar(text)
    return text if isinstance(found, str) else found


@lru_cache(maxsize=1024)
def _structure(text: str) -> Any:
    """The list, mapping or call that a text spells; else the text itself."""
    torch = _TORCH.match(text) if len(text) < 2_000 else None
    if torch:
        return _Call(torch[1], (), MappingProxyType(dict(_TORCH_ITEM.findall(torch[2]))))
    tokens: list[tuple[str, str]] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _LITERAL.match(text, at)
        if found is None:
            return text
        tokens.append((str(found.lastgroup), str(found[str(found.lastgroup)])))
        at = found.end()
    try:
        value, after = _value(tokens, 0, 1)
    except _NotALiteralError:
        return text
    return value if after == len(tokens) and not isinstance(value, str) else text


def _value(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[Any, int]:
    """One value of the token list from ``at`` on, and where the next one starts."""
    if at >= len(tokens) or depth > MAX_DEPTH:
        raise _NotALiteralError
    kind, token = tokens[at]
    at += 1
    if kind == "text":
        return token[1:-1], at
    if kind == "mark":
        if token not in _CLOSERS:
            raise _NotALiteralError
        items, keywords, at = _items(tokens, at, _CLOSERS[token], depth)
        if items and (keywords or token == "{"):
            raise _NotALiteralError
        return (keywords if keywords or token == "{" else items), at
    if at < len(tokens) and tokens[at] == ("mark", "("):
        items, keywords, at = _items(tokens, at + 1, ")", depth)
        return _Call(token, items, MappingProxyType(keywords)), at
    return _scalar(token), at


def _items(
    tokens: list[tuple[str, str]], at: int, closer: str, depth: int
) -> tuple[tuple[Any, ...], dict[str, Any], int]:
    items: list[Any] = []
    keywords: dict[str, Any] = {}
    while True:
        if at >= len(tokens):
            raise _NotALiteralError
        if tokens[at] == ("mark", closer):
            return tuple(items), keywords, at + 1
        value, at = _value(tokens, at, depth + 1)
        if at < len(tokens) and tokens[at] in (("mark", ":"), ("mark", "=")):
            keywords[str(value)], at = _value(tokens, at + 1, depth + 1)
        else:
            items.append(value)
        if at < len(tokens) and tokens[at] == ("mark", ","):
            at += 1
        elif at >= len(tokens) or tokens[at] != ("mark", closer):
            raise _NotALiteralError
