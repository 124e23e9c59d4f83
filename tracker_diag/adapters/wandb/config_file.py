"""The configuration of a run as the client writes it beside the log: ``files/config.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.foreign_yaml import read_yaml_mapping


def read_config(text: str) -> dict[str, Any]:
    """Read the values of a configuration, ``lr: {desc: null, value: 0.1}``.

    Raises
    ------
    ValueError
        If it is not YAML, refers to parts of itself, or is larger or deeper than any configuration.
    """
    return {
        key: entry["value"]
        for key, entry in read_yaml_mapping(text).items()
        if key != "_wandb" and isinstance(entry, Mapping) and "value" in entry
    }
