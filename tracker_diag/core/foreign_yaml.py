"""YAML that somebody else wrote, read without trusting it: plain data, and nothing is made that a tag names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

MOST_LEVELS, MOST_PARTS, LONGEST = 50, 20_000, 10_000
"""Levels and parts of a file, and characters of one of its texts, that are read."""


# Never libyaml's binding: it recurses in C, where nothing keeps the process from crashing.
class _Plain(yaml.SafeLoader):
    """Reads what has a tag of another library as that tag's name."""


def _tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> str:
    del loader, suffix
    return node.value if isinstance(node, yaml.ScalarNode) and node.value else node.tag


_Plain.add_multi_constructor("", _tag)


def read_yaml_mapping(text: str, *, with_tags: bool = False) -> dict[str, Any]:
    """Read a mapping.

    Parameters
    ----------
    text : str
        The file's.
    with_tags : bool
        Whether parts may have tags of another library, as those of which Lightning writes hyperparameters that are
        objects; each becomes a text. Otherwise such a file is refused.

    Raises
    ------
    ValueError
        If it is not YAML, not a mapping, refers to parts of itself, or is larger or deeper than any configuration.
    """
    try:
        _check(text)
        found = yaml.load(text, Loader=_Plain if with_tags else yaml.SafeLoader)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except Exception as error:  # noqa: BLE001
        # What the parser raises for a tag without a value, a date of month 13 or the like is its own to choose.
        raise ValueError(f"{type(error).__name__}: {error}") from None
    if not isinstance(found, Mapping):
        raise ValueError("not a mapping")
    return {key: value for key, value in found.items() if isinstance(key, str)}


def _check(text: str) -> None:
    """Refuse what is too much, event by event, before anything is built."""
    level = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("refers to itself")
        if number > MOST_PARTS or level > MOST_LEVELS:
            raise ValueError(f"more than {MOST_PARTS:,} parts, or {MOST_LEVELS} levels")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST:
            # A number to the base of 60, as YAML has them, takes time in proportion to the square of its length.
            raise ValueError(f"a text of more than {LONGEST:,} characters")
