"""What other packages add: rules, trackers and formats, by the entry points that they declare.

An error of such a package is reported in one line. Everything that does not need the package goes on.
"""

from __future__ import annotations

import logging
import pkgutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType
from typing import Any

from tracker_diag.core.outgoing import clean

RULES, TRACKERS, FORMATS = "tracker_diag.rules", "tracker_diag.trackers", "tracker_diag.formats"
"""Groups of entry points: modules that register rules and inputs; trackers; functions that render a report."""
THEIRS = (Exception, SystemExit)
"""Errors of another package that are caught: they must not end the whole program."""
LONGEST = 300
"""Letters of an error's own text that are shown."""

_log = logging.getLogger(__name__)


@cache
def _points(group: str) -> tuple[EntryPoint, ...]:
    """Entry points of a group, in the order of names and packages; a package that is found twice counts once."""
    found = {(point.name, point.value, _package(point)): point for point in entry_points(group=group)}
    return tuple(point for _, point in sorted(found.items()))


@cache
def declared(group: str) -> Mapping[str, EntryPoint]:
    """Entry points of a group by name, in the order of names; nothing of theirs is imported.

    Where two packages declare the same name, the one whose object's path sorts first is used, and the other is logged.
    """
    named: dict[str, EntryPoint] = {}
    for point in _points(group):
        if named.setdefault(point.name, point) is not point:
            _log.warning("%s is left out: the name is taken by %s", _said(point), _package(named[point.name]))
    return MappingProxyType(named)


def theirs(package: ModuleType, group: str) -> Mapping[str, EntryPoint]:
    """Find the entry points of a group by name, without those that have the name of one of our own.

    Parameters
    ----------
    package : module
        The package whose modules are ours of that kind.
    group : str
        One of those above.

    Returns
    -------
    mapping of str to EntryPoint
        In the order of names; nothing of theirs is imported.
    """
    taken = modules(package)
    return MappingProxyType({name: point for name, point in declared(group).items() if name not in taken})


def tell_if_hidden(name: str, group: str) -> None:
    """Log that another package gave one of our own names to something of its own, which therefore is not used."""
    point = declared(group).get(name)
    if point is not None:
        _log.warning("%s is left out: tracker_diag has one of that name", _said(point))


@cache
def modules(package: ModuleType) -> Mapping[str, bool]:
    """Find the names of a package's modules, and whether each is a package; none is imported.

    Parameters
    ----------
    package : module
        Any package.

    Returns
    -------
    mapping of str to bool
        In the order of names.
    """
    return MappingProxyType({module.name: module.ispkg for module in pkgutil.iter_modules(package.__path__)})


def load(point: EntryPoint) -> Any:
    """Import what an entry point names; what it prints goes to stderr, since stdout is for answers.

    Raises
    ------
    ImportError
        If it cannot be imported, whatever it raised; says in one line which package is to blame.
    """
    try:
        with redirect_stdout(sys.stderr):
            return point.load()
    except THEIRS as error:
        raise ImportError(f"{_said(point)} cannot be used: {in_one_line(error)}") from error


@cache
def loaded(
    group: str, around: Callable[[], AbstractContextManager[None]] = nullcontext
) -> tuple[tuple[EntryPoint, Any], ...]:
    """Each entry point of a group with its object; one that cannot be imported is left out, and told in the log.

    Two entry points may have the same name: both are loaded.

    Parameters
    ----------
    group : str
        One of those above.
    around : callable
        Gives a context in which one entry point is imported; an ImportError passes through it.
    """
    found = []
    for point in _points(group):
        try:
            with around():
                found.append((point, load(point)))
        except ImportError as error:
            _log.warning("%s", error)
            _log.info("its traceback", exc_info=error)
    return tuple(found)


def version(point: EntryPoint) -> str:
    """Name the package of an entry point, and its version: ``acme-diag 1.0``."""
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value


def in_one_line(error: BaseException) -> str:
    """Say what another package raised: ``RuntimeError: no licence``."""
    return clean(f"{type(error).__name__}: {error}".rstrip(": "), LONGEST)


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else ""


def _said(point: EntryPoint) -> str:
    package = f" of {point.dist.name} {point.dist.version}" if point.dist is not None else ""
    return f"{point.group} {point.name!r}{package}"
