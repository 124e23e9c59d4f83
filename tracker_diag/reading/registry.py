"""The kinds of data in memory and the formats of files, found by walking ``kinds`` and ``files``.

A new one is one new file, which holds ``KIND`` or ``FORMAT``. None is imported before something is to be read.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from tracker_diag.core.plugins import modules
from tracker_diag.reading import files, kinds

if TYPE_CHECKING:
    from tracker_diag.reading.file_format import FileFormat
    from tracker_diag.reading.kind import Kind


@cache
def all_kinds() -> tuple[Kind, ...]:
    """Import all kinds of data in memory, in the order of their names."""
    return tuple(import_module(f"{kinds.__name__}.{name}").KIND for name in modules(kinds))


@cache
def all_formats() -> tuple[FileFormat, ...]:
    """Import all formats of files, those with the most special file names first."""
    found = [import_module(f"{files.__name__}.{name}").FORMAT for name in modules(files)]
    return tuple(sorted(found, key=lambda one: (-one.special, one.title)))
