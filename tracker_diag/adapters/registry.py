"""The trackers there are: a package each beside this file, and what other packages add.

A package ``adapters/<name>`` is the tracker ``<name>``; its module ``tracker.py`` holds ``TRACKER``. Other packages
declare theirs as entry points of the group ``tracker_diag.trackers``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from tracker_diag import adapters
from tracker_diag.adapters.locating import Asked, Location, LocationError, Opening, Tracker
from tracker_diag.core.outgoing import clean
from tracker_diag.core.plugins import THEIRS, TRACKERS, in_one_line, load, modules, tell_if_hidden, theirs

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter

_log = logging.getLogger(__name__)


class BrokenTrackerError(LocationError):
    """A tracker of another package raised an unexpected error, or gave what is of the wrong type."""


DEFAULT = "mlflow"
"""The tracker of runs that are named by a bare word, or not at all."""
_SHOWN = 200
"""Letters of what was typed that an error shows."""


def names() -> tuple[str, ...]:
    """List the names of all trackers; none is imported."""
    return (*_ours(), *theirs(adapters, TRACKERS))


@cache
def _ours() -> tuple[str, ...]:
    return tuple(name for name, is_package in modules(adapters).items() if is_package)


@cache
def find(name: str) -> Tracker:
    """The tracker of this name.

    Raises
    ------
    LocationError
        If there is none, or the package that adds it is broken.
    """
    if name not in names():
        raise LocationError(f"--tracker {clean(name, _SHOWN)}: choose one of {', '.join(names())}")
    if name in _ours():
        tell_if_hidden(name, TRACKERS)
        module = f"{adapters.__name__}.{name}.tracker"
        found = getattr(import_module(module), "TRACKER", None)
    else:
        point = theirs(adapters, TRACKERS)[name]
        module = point.module
        try:
            found = load(point)
        except ImportError as error:
            raise LocationError(clean(error, _SHOWN)) from error
    if not isinstance(found, Tracker):
        raise LocationError(
            f"the tracker {name!r} cannot be used: '{module}:TRACKER' has to be a {Tracker.__qualname__} "
            f"({Tracker.__module__}), and the entry point of a package has to name it with ':TRACKER'"
        )
    return found


def locate(asked: Asked, tracker: str | None = None) -> Location:
    """Tell which tracker is meant, and where, from the form of what was typed; nothing is looked up.

    Parameters
    ----------
    asked : Asked
        What was typed.
    tracker : str, optional
        The one that the user named.

    Raises
    ------
    LocationError
        If there is no such tracker, or what names the run has no form that is known, or one of another tracker.
    """
    asked = Asked(asked.run.strip(), asked.uri or None, asked.projects, certain=tracker is not None)
    if tracker is None:
        # What other packages add comes first: the forms of ours are wide (W&B takes any two words with a slash).
        found = _first(sorted(names(), key=_ours().__contains__), asked)
        if found is None and not asked.is_form:
            return Location(DEFAULT, asked.run or None, asked.uri)
    else:
        found = _located_for_sure(tracker, asked)
        others = (name for name in names() if name != tracker)
        if found is None and (other := _first(others, Asked(asked.run))) is not None:
            raise LocationError(
                f"'{clean(asked.run, _SHOWN)}' is a run of {other.tracker}, not of {tracker}: leave --tracker out"
            )
    if found is None:
        forms = "; ".join(usable.forms for name in names() if (usable := _usable(name)) is not None)
        raise LocationError(f"'{clean(asked.run, _SHOWN)}' is not the name of a run; give {forms}")
    return found


def recognise(thing: object) -> Location | None:
    """Tell where the runs are that an object of a tracker's client, or a path, stands for; None where it is no such.

    Parameters
    ----------
    thing : object
        Anything; a path as ``Path``.

    Raises
    ------
    LocationError
        If it is of a tracker, and cannot be taken so.
    """
    for name in names():
        tracker = _usable(name)
        try:
            found: object = None if tracker is None else tracker.recognise(thing)
        except LocationError:
            raise
        except THEIRS as error:
            if name in _ours():
                raise
            _log.warning("the tracker %s: %s", name, in_one_line(error))
            continue
        if isinstance(found, Location):
            return found
    return None


def _located_for_sure(name: str, asked: Asked) -> Location | None:
    tracker = find(name)
    try:
        found: object = tracker.locate(asked)
        if found is None or isinstance(found, Location):
            return found
        raise TypeError(f"locate gave {type(found).__name__}, not a Location")
    except LocationError:
        raise
    except THEIRS as error:
        raise BrokenTrackerError(f"the tracker {name}: {in_one_line(error)}") from error


def _first(several: Iterable[str], asked: Asked) -> Location | None:
    return next((found for name in several if (found := _located(name, asked)) is not None), None)


def _located(name: str, asked: Asked) -> Location | None:
    """What a tracker says of what was typed; one that is broken is told in the log, and the others are asked."""
    if _usable(name) is None:
        return None
    try:
        return _located_for_sure(name, asked)
    except BrokenTrackerError as error:
        _log.warning("%s", error)
        return None


@cache
def _usable(name: str) -> Tracker | None:
    """The tracker of this name; one that is broken is told in the log, and does not keep others from being used."""
    try:
        return find(name)
    except LocationError as error:
        _log.warning("%s", error)
        return None


def open_tracker(where: Location, opening: Opening) -> Adapter:
    """Open the tracker of a location.

    Raises
    ------
    LocationError
        If it cannot be opened in this way, or the prefix of our tags is one of a tracker's own.
    TrackerError
        If it cannot be reached, or refuses.
    """
    from tracker_diag.adapters.base import Adapter, TrackerError

    check_prefix(opening.prefix)
    tracker = find(where.tracker)
    if where.tracker in _ours():
        return tracker.open(where, opening)
    try:
        adapter: object = tracker.open(where, opening)
        if isinstance(adapter, Adapter):
            return adapter
        raise TypeError(f"open gave {type(adapter).__name__}, not an Adapter")
    except (LocationError, TrackerError):
        raise
    except THEIRS as error:
        raise BrokenTrackerError(f"the tracker {where.tracker}: {in_one_line(error)}") from error


def check_prefix(prefix: str) -> None:
    """Refuse a prefix of our tags that is a tracker's own.

    Raises
    ------
    LocationError
        If it begins as that tracker's own tags do.
    """
    for tracker in (_usable(name) for name in names()):
        for start, why in tracker.policy.reserved.items() if tracker is not None else ():
            # Names of files and keys of databases may be the same whatever their case.
            if f"{prefix.lower()}.".startswith(start):
                raise LocationError(f"prefix: {start!r} is reserved: {why}; use another, such as 'diag.'")
