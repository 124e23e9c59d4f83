"""A ``meta.yaml`` of MLflow's file store: plain data of a bounded size and depth, whoever wrote it.

The file is read event by event. MLflow writes flat mappings of texts, whole numbers and ``null``; nothing that YAML can
do besides is obeyed. Aliases multiply, deep nesting ends the process inside libyaml's binding, and a number to the base
of 60 takes time in proportion to the square of its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import TrackerError

META = "meta.yaml"
LARGEST = disk.MIB
"""Bytes of a run's or an experiment's; an ordinary one has half a thousand."""
LARGEST_OF_DATASET = 32 * disk.MIB
"""Bytes of a dataset's, which holds its profile (up to 16 MiB) and its schema (up to 1 MiB), each letter escaped."""
_DEEPEST = 5
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_FRACTION = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{0,18}")


class MalformedError(TrackerError):
    """A file that MLflow's file store cannot have written; the text names it."""


def read_meta(folder: Path, most: int = LARGEST) -> dict[str, Any]:
    """Read the ``meta.yaml`` of a folder.

    Returns
    -------
    dict
        Texts, numbers, None, and lists and mappings of these; dates and everything else are texts.

    Raises
    ------
    MalformedError
        If it cannot be read, or is not a mapping.
    """
    path = folder / META
    if folder.is_symlink():
        raise MalformedError(f"{folder} is a link: give the store that it leads to")
    try:
        content = _content(yaml.parse(disk.read_file(path, most), Loader=_Loader))
    except OSError as error:
        raise MalformedError(f"{path} cannot be read: {error.strerror}") from None
    except disk.NotAFileError as error:
        raise MalformedError(str(error)) from None
    except yaml.YAMLError as error:
        raise MalformedError(f"{path} cannot be read: {getattr(error, 'problem', None) or 'not YAML'}") from None
    except _RefusedError as error:
        raise MalformedError(f"{path} is not a file of MLflow: {error}") from None
    if not isinstance(content, dict):
        raise MalformedError(f"{path} is not a file of MLflow")
    return content


def text(meta: dict[str, Any], key: str, where: Path) -> str:
    """Give a field that holds a text; empty where there is none.

    Raises
    ------
    MalformedError
        If it holds a list or a mapping.
    """
    value = meta.get(key)
    if isinstance(value, list | dict):
        raise MalformedError(f"{where / META}: {key} must be a text, not a {type(value).__name__}")
    return "" if value is None else str(value)


def number(meta: dict[str, Any], key: str, where: Path) -> float | None:
    """Give a field that holds a number; None where there is none.

    Raises
    ------
    MalformedError
        If it holds anything else.
    """
    value = meta.get(key)
    if value is not None and not isinstance(value, int | float):
        raise MalformedError(f"{where / META}: {key} must be a number, not {str(value)[:40]!r}")
    return value


class _RefusedError(Exception):
    """Something that is YAML, and that MLflow never writes."""


def _content(events: Iterator[Any]) -> Any:
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            return _node(event, events, 1)
    return None


def _node(event: Any, events: Iterator[Any], depth: int) -> Any:
    """Build the node that an event begins, taking the events of what is in it."""
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.AliasEvent):
        raise _RefusedError("it contains an alias")
    if depth > _DEEPEST:
        raise _RefusedError(f"it is nested more than {_DEEPEST} levels deep")
    if isinstance(event, yaml.SequenceStartEvent):
        return [_node(item, events, depth + 1) for item in _until(yaml.SequenceEndEvent, events)]
    found = {}
    for key in _until(yaml.MappingEndEvent, events):
        if not isinstance(key, yaml.ScalarEvent):
            raise _RefusedError("a key is not a text")
        found[key.value] = _node(next(events), events, depth + 1)
    return found


def _until(end: type[Any], events: Iterator[Any]) -> Iterator[Any]:
    for event in events:
        if isinstance(event, end):
            return
        yield event


def _scalar(event: Any) -> Any:
    plain, value = event.implicit[0], event.value
    if plain and value in ("", "~", "null", "Null", "NULL"):
        return None
    if plain and _WHOLE.fullmatch(value):
        return int(value)
    return float(value) if plain and _FRACTION.fullmatch(value) else value
