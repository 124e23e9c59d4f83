"""Plain data: strict JSON of a bounded size, whatever the value is."""

from __future__ import annotations

import datetime
import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.fields import from_plain, to_plain
from tracker_diag.core.finding import Severity
from tracker_diag.core.plain import DEEPEST, MOST_VALUES, plain


def nested(levels: int, wrap: Any) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: (x,), lambda x: {"a": x}, lambda x: [{"a": x}]])
def test_what_is_nested_too_deeply_is_cut(wrap: Any) -> None:
    assert json.dumps(plain(nested(100_000, wrap))).count("\\u2026") == 1
    assert "\\u2026" not in json.dumps(plain(nested(DEEPEST // 2 - 1, wrap)))


def test_the_same_part_a_million_times_is_cut() -> None:
    shared: Any = [1]
    for _ in range(60):
        shared = [shared, shared]
    endless: dict[str, Any] = {}
    endless |= {"a": endless, "b": endless}
    for value in (shared, endless):
        assert len(json.dumps(plain(value))) < 20 * MOST_VALUES


def test_no_curve_is_cut() -> None:
    values = [0.5] * (MOST_VALUES - 1)
    assert plain(values) == values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (10**5000, hex(10**5000)),
        (-(2**2000), hex(-(2**2000))),
        (2**1023, 2**1023),
        ({1: "a", None: 2, 10**5000: 3}, {"1": "a", "None": 2, hex(10**5000): 3}),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a", 1}), ["a", "b", 1]),
        (np.longdouble(0.5), "0.5"),
        (np.array([[1.0, math.nan]]), [[1, "NaN"]]),
        (np.float32(0.5), 0.5),
        (datetime.date(2024, 1, 1), "2024-01-01"),
        (Decimal("0.1"), "0.1"),
        (b"x", "b'x'"),
        (Severity.OK, "ok"),
        (True, True),
        (2.0, 2),
        (-math.inf, "-Infinity"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_value_has_its_form(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


def test_an_object_without_a_text_is_named_by_its_class() -> None:
    class Silent:
        def __str__(self) -> str:
            raise ValueError

    assert plain([Silent()]) == ["Silent"]


def test_a_set_gives_the_same_in_every_process() -> None:
    """What a run's fingerprint rests on: else the run would be due at every sweep."""
    words = "from tracker_diag.core.plain import plain; print(plain(set('abcdefghij')))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", words], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=3),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.integers() | st.text(), x, max_size=3) | st.tuples(x),
    )
)
def test_it_is_strict_and_settled(value: Any) -> None:
    once = plain(value)
    assert json.loads(json.dumps(once, allow_nan=False)) == once
    assert plain(once) == once


@dataclass(frozen=True)
class Part:
    end: float = field(metadata={"alias": "to"})
    share: float = field(default=0.0, metadata={"ge": 0, "le": 1})


@dataclass(frozen=True)
class Longer(Part):
    more: int = 3


@dataclass(frozen=True)
class Whole:
    part: Part
    parts: tuple[Part, ...]
    perhaps: Part | None
    pair: tuple[int, float]
    level: Severity
    kind: Literal["a", "b"]
    levels: tuple[Severity, ...]
    names: Mapping[str, str]
    anything: Mapping[str, Any]


def whole(perhaps: Part | None) -> Whole:
    return Whole(
        Part(2.0, 1.0), (Part(1.5), Longer(math.inf)), perhaps, (1, -math.inf), Severity.OK, "a", (Severity.INFO,),
        {"b": "c"}, {"d": [2.0]},
    )  # fmt: skip


def test_a_data_class_becomes_an_object_of_its_fields() -> None:
    assert json.dumps(to_plain(whole(Part(0.5)))) == json.dumps(
        {
            "part": {"to": 2, "share": 1.0},
            "parts": [{"to": 1.5, "share": 0.0}, {"to": "Infinity", "share": 0.0}],
            "perhaps": {"to": 0.5, "share": 0.0},
            "pair": [1, "-Infinity"],
            "level": "ok",
            "kind": "a",
            "levels": ["info"],
            "names": {"b": "c"},
            "anything": {"d": [2]},
        }
    )


@pytest.mark.parametrize("perhaps", [None, Part(0.5)])
def test_an_object_is_read_as_its_data_class(perhaps: Part | None) -> None:
    expected = whole(perhaps)
    read = from_plain(Whole, to_plain(expected))
    assert read == Whole(**{**vars(expected), "parts": (Part(1.5), Part(math.inf)), "anything": {"d": [2]}})
    assert read.levels[0] is Severity.INFO


def test_a_pair_of_one_is_no_pair() -> None:
    with pytest.raises(IndexError):
        from_plain(Whole, {**to_plain(whole(None)), "pair": [1]})
