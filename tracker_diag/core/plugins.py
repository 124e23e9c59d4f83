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
def _points(group: str) -> tuple[EntryPoint, ...]:
    """Entry points of a group, in the order of names and packages; a package that is found twice counts once."""
    found = {(point.name, point.value, _package(point)): point for point in entry_points(group=group)}
    return tuple(point for _, point in sorted(found.items()))


@cache
def declared(group: str) -> Mapping[str, EntryPoint]:
    """Entry points of a group by name, in the order of names; nothing of theirs is imported.

    Where two packages declare the same name, the first by name of the package has it, and the other is told in the log.
    """
    named: dict[str, EntryPoint] = {}
    for point in _points(group):
        if named.setdefault(point.name, point) is not point:
            _log.warning("%s is left out: %s has that name", _said(point), _package(named[point.name]))
    return MappingProxyType(named)


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
    """Name and object of each entry point of a group; one that cannot be imported is left out, and logged.

    Names may be given twice: what matters here is what they name.
    """
    for point in _points(group):
        try:
            found = load(point)
        except ImportError as error:
            _log.warning("%s", error)
            _log.info("its traceback", exc_info=error)
            continue
        yield point.name, found


def versions(group: str) -> tuple[str, ...]:
    """``package version`` of each package that adds to a group, sorted."""
    return tuple(sorted({f"{p.dist.name} {p.dist.version}" for p in _points(group) if p.dist is not None}))


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else ""


def _said(point: EntryPoint) -> str:
    package = f" of {point.dist.name} {point.dist.version}" if point.dist is not None else ""
    return f"{point.group} {point.name!r}{package}"
