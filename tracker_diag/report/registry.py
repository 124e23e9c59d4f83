"""The formats that a report is shown in, by name.

A new format is one new file under ``tracker_diag/report/formats`` and nothing else: its name is the file's, and it
holds a function ``render(report) -> str``. One that lays itself out to the terminal takes the console too:
``render(report, console) -> str``. Other packages add such functions by entry points of the group
``tracker_diag.formats``. None is imported before it is asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

from tracker_diag.core import plugins
from tracker_diag.report import formats

if TYPE_CHECKING:
    from rich.console import Console

    from tracker_diag.core.report import Report

DEFAULT = "text"


class UnknownFormatError(ValueError):
    """There is no format of this name; one line that names those that there are."""


class FormatError(Exception):
    """A format of another package cannot be imported, or failed; one line that says which and why."""


def names() -> tuple[str, ...]:
    """List the names of all formats: the default first, then our others, then those of other packages."""
    return (*_ours(), *_theirs())


@cache
def find_format(name: str) -> Callable[..., str]:
    """Import the function that renders a format.

    Raises
    ------
    UnknownFormatError
        If there is none of this name.
    FormatError
        If it is another package's and cannot be imported, or is no function.
    """
    if name in _ours():
        plugins.tell_if_hidden(name, plugins.FORMATS)
        own: Callable[..., str] = import_module(f"{formats.__name__}.{name}").render
        return own
    added = _theirs().get(name)
    if added is None:
        raise UnknownFormatError(f"format {name}: choose one of {', '.join(names())}")
    try:
        function: Callable[..., str] = plugins.load(added)
    except ImportError as error:
        raise FormatError(str(error)) from error
    if not callable(function):
        raise FormatError(f"format {name} ({added.value}) cannot be used: it is no function")
    return function


def render(name: str, report: Report, console: Console) -> str:
    """Render a report in the format of this name.

    Parameters
    ----------
    name : str
        The format's.
    report : Report
        What is rendered.
    console : Console
        What a format that asks for it lays itself out to: its width, its colours, its letters. Nothing is printed.

    Raises
    ------
    UnknownFormatError
        If there is no such format.
    FormatError
        If the format is another package's, and fails or gives no text.
    """
    function = find_format(name)
    try:
        wants_console = "console" in inspect.signature(function).parameters
        text: object = function(report, console) if wants_console else function(report)
        if not isinstance(text, str):
            raise TypeError(f"it gave {type(text).__name__} in place of str")
        return text
    except plugins.THEIRS as error:
        if name in _ours():
            raise
        raise FormatError(f"format {name} ({_theirs()[name].value}) failed: {plugins.in_one_line(error)}") from error


@cache
def _ours() -> tuple[str, ...]:
    return tuple(sorted(plugins.modules(formats), key=lambda name: (name != DEFAULT, name)))


def _theirs() -> Mapping[str, EntryPoint]:
    return plugins.theirs(formats, plugins.FORMATS)
