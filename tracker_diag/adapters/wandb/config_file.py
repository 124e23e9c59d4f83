"""The configuration of a run as the client writes it beside the log: ``files/config.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

MOST_LEVELS, MOST_PARTS, LONGEST = 50, 20_000, 10_000
"""Levels and parts of a configuration, and characters of one of its texts, that are read."""


def read_config(text: str) -> dict[str, Any]:
    """Read the values of a configuration, ``lr: {desc: null, value: 0.1}``.

    Raises
    ------
    ValueError
        If it is not YAML, refers to parts of itself, or is larger or deeper than any configuration.
    """
    try:
        _check(text)
        # Never libyaml's binding: it recurses in C, where nothing keeps the process from crashing.
        config = yaml.safe_load(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except Exception as error:  # noqa: BLE001
        # What the parser raises for a tag without a value, a date of month 13 or the like is its own to choose.
        raise ValueError(f"{type(error).__name__}: {error}") from None
    if not isinstance(config, Mapping):
        raise ValueError("it is not a mapping")
    return {
        key: entry["value"]
        for key, entry in config.items()
        if isinstance(key, str) and key != "_wandb" and isinstance(entry, Mapping) and "value" in entry
    }


def _check(text: str) -> None:
    """Refuse what is too much, event by event, before anything is built."""
    level = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it refers to a part of itself")
        if number > MOST_PARTS or level > MOST_LEVELS:
            raise ValueError(f"more than {MOST_PARTS:,} parts, or {MOST_LEVELS} levels")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST:
            # A number to the base of 60, as YAML has them, takes time in proportion to the square of its length.
            raise ValueError(f"a text of more than {LONGEST:,} characters")
