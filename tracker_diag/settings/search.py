"""Where settings are read from if nobody names a file: here, or in a folder above, as far as it is the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracker_diag.core.foreign_files import NotAFileError
from tracker_diag.settings.file import SettingsError, read_settings_file

FILE_NAME = "tracker-diag.yaml"
PROJECT_FILE = "pyproject.toml"
_ROOTS = (".git", ".hg")
"""What the folder of a repository holds at its top."""


def settings_file() -> Path | None:
    """Find the file of settings for the working folder.

    In each folder ``tracker-diag.yaml`` comes before a ``pyproject.toml`` that has a table ``tool.tracker-diag``. From
    the working folder it is looked for upwards, to the top of the repository; in no repository, to the home folder.
    Outside of both only the working folder counts: anybody may write into ``/tmp``.

    Returns
    -------
    Path or None
        By its name alone in the working folder itself; None where there is no such file.

    Raises
    ------
    SettingsError
        If a ``pyproject.toml`` on the way cannot be read.
    """
    try:
        here = Path.cwd()
    except OSError:
        # It was deleted while the command ran.
        return None
    for folder in _folders(here):
        at = Path() if folder == here else folder
        if (at / FILE_NAME).is_file():
            return at / FILE_NAME
        if (at / PROJECT_FILE).is_file() and read_or_say(at / PROJECT_FILE) is not None:
            return at / PROJECT_FILE
    return None


def read_or_say(path: Path) -> Any:
    """Read a file of settings as plain data; None for one that holds none.

    Raises
    ------
    SettingsError
        If it cannot be read; says in one line which file, and why.
    """
    try:
        return read_settings_file(path)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or error}") from None
    except NotAFileError as error:
        raise SettingsError(str(error)) from None
    except ValueError as error:
        raise SettingsError(f"{path}: {' '.join(str(error).split())}") from None


def _folders(here: Path) -> Iterator[Path]:
    above = [here, *here.parents]
    last = next((folder for folder in above if _is_top(folder)), None)
    if last is None:
        home = _home()
        last = home if home in above else here
    yield from above[: above.index(last) + 1]


def _is_top(folder: Path) -> bool:
    return any((folder / name).exists() for name in _ROOTS)


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except (OSError, RuntimeError):
        return None
