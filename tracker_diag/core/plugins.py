"""What other packages add: rules, trackers and formats, by the entry points that they declare."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

RULES, TRACKERS, FORMATS = "tracker_diag.rules", "tracker_diag.trackers", "tracker_diag.formats"
"""Groups of entry points: modules that register rules and inputs; trackers; functions that render a report."""

_log = logging.getLogger(__name__)


@cache
def declared(group: str) -> Mapping[str, EntryPoint]:
    """Entry points of a group by name, in the order of names; nothing of theirs is imported."""
    return MappingProxyType({point.name: point for point in sorted(entry_points(group=group), key=lambda p: p.name)})


def load(point: EntryPoint) -> Any:
    """Import what an entry point names.

    Raises
    ------
    ImportError
        If it cannot be imported, whatever it raised; says in one line which package is to blame.
    """
    try:
        return point.load()
    except Exception as error:
        raise ImportError(f"{_said(point)} cannot be used: {type(error).__name__}: {error}") from error


def loaded(group: str) -> Iterator[tuple[str, Any]]:
    """Name and object of each entry point of a group; one that cannot be imported is left out, and logged."""
    for name, point in declared(group).items():
        try:
            found = load(point)
        except ImportError as error:
            _log.warning("%s", error)
            _log.info("its traceback", exc_info=error)
            continue
        yield name, found


def versions(group: str) -> tuple[str, ...]:
    """``package version`` of each package that adds to a group, sorted."""
    return tuple(sorted({f"{p.dist.name} {p.dist.version}" for p in declared(group).values() if p.dist is not None}))


def _said(point: EntryPoint) -> str:
    package = f" of {point.dist.name} {point.dist.version}" if point.dist is not None else ""
    return f"{point.group} {point.name!r}{package}"
