"""A configuration file as plain data of a bounded size, whatever somebody put into it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from tracker_diag.core.foreign_files import read_file
from tracker_diag.core.outgoing import clean

MOST_BYTES = 2**18
"""Of a configuration; the default one, with all its comments, has a tenth."""
DEEPEST = 20
"""Levels: an experiment's thresholds lie on the fifth, and pyproject.toml holds tables of other tools."""
MOST_VALUES = 10_000
"""Values, each alias counted as all that it stands for; all thresholds there are are a few hundred."""
LONGEST = 10_000
"""Letters of one text."""
MOST_PARTS = 50
"""Of a dotted name of TOML, in whatever table it stands."""

# Parsing a dotted name takes tomllib time in proportion to the square of its parts. Every part begins where no other
# can have begun, and no repetition is tried twice, so that this takes time in proportion to the text.
_PART = r"""(?:(?<![\w\\-])(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+)"""
_DOTTED = re.compile(f"{_PART}{{{MOST_PARTS}}}")


class SettingsError(ValueError):
    """Settings that cannot be used. One line says where the fault is, and names the nearest valid name."""

    def __init__(self, text: str) -> None:
        super().__init__(clean(text, 500))


class TooMuchError(ValueError):
    """A configuration that is nested more deeply, or holds more, than any needs to."""


def read_settings_file(path: Path) -> Any:
    """Read a YAML file; of a TOML file, the table ``tool.tracker-diag``, None where it has none.

    Raises
    ------
    ValueError
        If it is not a regular file of at most 256 KiB, not YAML or TOML, or holds more than 20 levels or 10,000 values.
    OSError
        If it cannot be opened.
    """
    text = read_file(path, MOST_BYTES, typed=True).decode()
    try:
        return _toml(text) if path.suffix == ".toml" else _yaml(text)
    except yaml.YAMLError as error:
        raise ValueError(_said(error, text)) from None
    except ValueError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except Exception as error:  # noqa: BLE001
        # What the parsers raise for a tag without a value, a date of month 13 or the like is theirs to choose.
        raise ValueError(f"{type(error).__name__}: {error}") from None


def _said(error: yaml.YAMLError, text: str) -> str:
    """Say where a YAML file is wrong, and how."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        what = ": ".join(part for part in (error.context, error.problem) if part)
        return f"line {mark.line + 1}, column {mark.column + 1}: {what}"
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return f"line {line}, column {column}: {error.reason}"
    return str(error)


def _yaml(text: str) -> Any:
    _check_yaml(text)
    # Never libyaml's binding: it recurses in C, where nothing keeps the process from crashing.
    return yaml.safe_load(text)


def _check_yaml(text: str) -> None:
    """Refuse a bomb, event by event: before anything is built, merged or recursed into."""
    sizes: dict[str, int] = {}
    open_parts: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            if anchor not in sizes:
                raise TooMuchError(f"*{anchor} refers to nothing defined before it")
            total += sizes[anchor]
        elif isinstance(event, yaml.CollectionStartEvent):
            open_parts.append((anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = open_parts.pop()
            if name is not None:
                sizes[name] = total - before
        elif isinstance(event, yaml.ScalarEvent):
            if len(event.value) > LONGEST:
                # Not only of no use: a number to the base of 60, as YAML has them, takes time in proportion to the
                # square of its length.
                raise TooMuchError(f"a text of more than {LONGEST:,} characters")
            total += 1
            if anchor is not None:
                sizes[anchor] = 1
        _check(len(open_parts), total)


def _toml(text: str) -> Any:
    if found := _DOTTED.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise TooMuchError(f"line {line}: a name of more than {MOST_PARTS} parts")
    tool = tomllib.loads(text).get("tool")
    data = tool.get("tracker-diag") if isinstance(tool, dict) else None
    left, total = [(data, 1)], 0
    while left:
        value, level = left.pop()
        total += 1
        _check(level if isinstance(value, dict | list) else 0, total)
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        left += [(x, level + 1) for x in inner]
    return data


def _check(level: int, total: int) -> None:
    if level > DEEPEST:
        raise TooMuchError(f"nested more than {DEEPEST} levels deep")
    if total > MOST_VALUES:
        raise TooMuchError(f"more than {MOST_VALUES:,} values")
