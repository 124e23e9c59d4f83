"""Values that somebody forgot: of every type, size and depth, and trees of data with such values in them."""

from __future__ import annotations

import datetime
import math
import random
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import islice
from typing import Any

import numpy as np

Random = random.Random
DEEP = 100_000
"""Levels: far more than the interpreter can recurse into."""

NUMBERS: list[Any] = [
    0, 1, -1, 2, 3, 10, 100, 1000, 0.5, 1e-3, -0.0, 5e-324, 1e-320, 1e-300, 1e6, 1e15, 1e150, 1e300, 1e308, -1e308,
    2**53, 2**63, True, False, 1.0000000001, 65535.5, 4e38,
]  # fmt: skip
EXTREMES: list[Any] = [10**400, -(10**400), 10**5000, math.nan, math.inf, -math.inf]
TEXTS = [
    "", " ", "nan", "NaN", "-Infinity", "1e999", "1e-999", "0x1f", "#", "_#", "%", "\0", "\ud800", "\u202e",
    "\x1b[2J\r", "<script>alert(1)</script>", "{{ x }}", "[/bold]", "|", "\n# x", "`", '"', "'", "../../x", "x" * 5000,
    "9" * 5000, "٣", "½", "²", "٣٣٣", "[" * 3000, "{" * 3000, "(((", "Adam(lr=0.1)", "Adam(" * 60 + ")" * 60,
    "[[1, 2], {'a': (1,)}]", "SGD (Parameter Group 0 lr: 0.1 momentum: x)", "64-64-10", "none", "None", "true", "auto",
    "linear: 0.1", "a.b.c.d", "relu", "softmax", "sigmoid", "mse", "cross_entropy", "sgd", "adam", "cosine", "zeros",
    "classification", "regression",
]  # fmt: skip


def number(rng: Random) -> Any:
    """A number that somebody forgot."""
    kind = rng.random()
    if kind < 0.25:
        return rng.choice(EXTREMES)
    return rng.choice(NUMBERS) if kind < 0.85 else rng.uniform(-10, 10) * 10.0 ** rng.randint(-300, 300)


def text(rng: Random) -> str:
    """A text that somebody meant."""
    if rng.random() < 0.8:
        return rng.choice(TEXTS)
    return "".join(chr(rng.choice([rng.randint(0, 127), rng.randint(0, 0x10FFFF)])) for _ in range(rng.randint(1, 30)))


def anything(rng: Random, depth: int = 0) -> Any:
    """A value that no schema foresaw."""
    kind = rng.random()
    if kind < 0.45:
        return number(rng)
    if kind < 0.7:
        return text(rng)
    if kind < 0.75:
        return None
    if kind < 0.88 and depth < 3:
        inner = [anything(rng, depth + 1) for _ in range(rng.randint(0, 4))]
        return rng.choice([list, tuple, lambda x: {text(rng): y for y in x}])(inner)
    return rng.choice(objects())


@cache
def objects() -> tuple[Any, ...]:
    """Values that JSON does not have, or that nobody nests like that; made once."""
    lists: Any = []
    mappings: Any = {}
    tuples: Any = ()
    for _ in range(DEEP):
        lists, mappings, tuples = [lists], {"a": mappings}, (tuples,)
    shared: Any = [1, "x"]
    for _ in range(60):
        shared = [shared, shared]
    endless: dict[str, Any] = {}
    endless |= {"a": endless, "b": endless}
    return (
        lists, mappings, tuples, shared, endless, {1, "x", None}, frozenset({(1, 2)}), b"\xff\0", bytearray(b"x"), 1j,
        Decimal("1e999"), Fraction(10**400, 3), np.float32("nan"), np.int64(-1), np.longdouble(1), np.clongdouble(1),
        np.array([[1.0, math.nan]]), np.array("x"), np.datetime64("NaT", "s"), np.timedelta64(1, "s"), np.bool_(True),
        datetime.date(2024, 1, 1), range(3), object, object(), {1: 2, None: 3, (1,): 4, 10**5000: 5},
        {"value": mappings, "desc": None}, {"_wandb": lists}, [lists, mappings], list(range(6000)),
        dict.fromkeys(map(str, range(6000)), 1),
    )  # fmt: skip


def spoiled(rng: Random, tree: Any, changes: int) -> Any:
    """A tree of plain data with some of its parts, each as likely as any other, replaced, left out or added to."""
    for _ in range(changes):
        tree = _changed(rng, tree, rng.choice(list(_paths(tree))))
    return tree


def _paths(tree: Any, depth: int = 0) -> Iterator[tuple[Any, ...]]:
    yield ()
    if depth < 6:
        inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
        for key, part in islice(inner, 30):
            yield from ((key, *path) for path in _paths(part, depth + 1))


def _changed(rng: Random, tree: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return number(rng) if isinstance(tree, float | int) and rng.random() < 0.9 else anything(rng)
    out, what = tree.copy(), rng.random()
    if len(path) == 1 and what < 0.1:
        del out[path[0]]
    elif len(path) == 1 and what < 0.15 and isinstance(out, dict):
        out[text(rng)] = anything(rng)
    else:
        out[path[0]] = _changed(rng, out[path[0]], path[1:])
    return out
