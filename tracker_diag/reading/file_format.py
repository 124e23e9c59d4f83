"""What a format of files offers, in its file under ``files``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tracker_diag.core.foreign_files import MIB, NotAFileError, read_file
from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.foreign_yaml import read_yaml_mapping
from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import Run

LARGEST, LARGEST_BESIDE = 256 * MIB, MIB
"""Bytes of a file of curves, and of one of settings beside it; larger ones are not read."""

_log = logging.getLogger(__name__)


class ReadingError(ValueError):
    """What was to be read cannot be; one line that says what to give instead."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files of one run.

    Attributes
    ----------
    id : str
        What the run is called: where it lies, below the folder that was searched.
    home : Path
        The folder of the run, or its one file.
    files : tuple of Path
        At least one, in the order of names.
    typed : bool
        Whether the user named the file, so that it may be a link.
    """

    id: str
    home: Path
    files: tuple[Path, ...]
    typed: bool = False


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format of files.

    Attributes
    ----------
    title : str
        What it is called, as a phrase.
    names : tuple of str
        Patterns of file names.
    read : callable
        The runs of found files; raises ReadingError or InvalidRunError where they cannot be read.
    home : callable
        The folder of the run that a file belongs to; files with the same one are one run.
    general : bool
        Whether any file may be called so: then it is looked for only in the folder that was named, and only where there
        is nothing else.
    """

    title: str
    names: tuple[str, ...]
    read: Callable[[Found], tuple[Run, ...]]
    home: Callable[[Path], Path] = lambda path: path.parent
    general: bool = False

    @property
    def special(self) -> int:
        """How special its file names are: letters that are no pattern."""
        return max(len(name.replace("*", "")) for name in self.names)

    def takes(self, name: str) -> bool:
        """Whether a file of that name is of this format."""
        return any(fnmatchcase(name.lower(), pattern) for pattern in self.names)


def content(found: Found, most: int = LARGEST) -> bytes:
    """Read the one file of a run whole.

    Raises
    ------
    ReadingError
        If it is no regular file, is larger, or may not be read.
    """
    path = found.files[-1]
    try:
        return read_file(path, most, typed=found.typed)
    except NotAFileError as error:
        raise ReadingError(clean(error)) from None
    except OSError as error:
        raise ReadingError(f"{clean(path)}: {error.strerror}") from None


def json_of(found: Found) -> Any:
    """Parse the one file of a run as JSON.

    Raises
    ------
    ReadingError
        If it cannot be read, or is not JSON.
    """
    try:
        return read_json(content(found))
    except ReadingError:
        raise
    except ValueError as error:
        raise ReadingError(f"{clean(found.files[-1])}: not valid JSON ({clean(error, 120)})") from None


def settings_beside(folder: Path, names: Iterable[str]) -> dict[str, Any]:
    """Read settings that lie beside the curves: those files that are there, as YAML or JSON.

    A run can be diagnosed without them: one that cannot be read is left out, and told in the log.

    Returns
    -------
    dict
        Those of later files over those of earlier ones.
    """
    params: dict[str, Any] = {}
    for name in names:
        try:
            text = read_file(folder / name, LARGEST_BESIDE)
            said = (
                read_json(text)
                if name.endswith(".json")
                else read_yaml_mapping(text.decode(errors="replace"), with_tags=True)
            )
        except FileNotFoundError:
            continue
        except (ValueError, OSError) as error:
            _log.warning("%s was skipped: %s", clean(folder / name), clean(error, 200))
            continue
        params |= {str(key): value for key, value in said.items()} if isinstance(said, Mapping) else {}
    return params
