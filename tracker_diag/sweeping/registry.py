"""The formats that a sweep is written in, by name.

A new format is one new file under ``tracker_diag/sweeping/formats`` and nothing else: its name is the file's, and it
holds a function ``render(swept, asked) -> str``. None is imported before it is asked for.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from tracker_diag.core import plugins
from tracker_diag.sweeping import formats

if TYPE_CHECKING:
    from tracker_diag.sweeping.document import Asked
    from tracker_diag.sweeping.result import Swept


@cache
def names() -> tuple[str, ...]:
    """List the names of all formats, in the order of the alphabet."""
    return tuple(sorted(plugins.modules(formats)))


def render(name: str, swept: Swept, asked: Asked) -> str:
    """Write a sweep in the format of this name.

    Parameters
    ----------
    name : str
        One of ``names()``.
    swept : Swept
        What the sweep did.
    asked : Asked
        What the document has to know beside the runs.

    Returns
    -------
    str
        The whole document; ends with the end of a line, unless it is empty.
    """
    text: str = import_module(f"{formats.__name__}.{name}").render(swept, asked)
    return text
