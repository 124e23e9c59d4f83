"""Files that were asked for by an option: written whole or not at all, and one line where they cannot be."""

from __future__ import annotations

from pathlib import Path

from tracker_diag.cli.errors import UsageError


def check_folder(path: Path | None, option: str) -> None:
    """Refuse a file in a folder that does not exist, before anything is done."""
    if path is not None and not path.parent.is_dir():
        raise UsageError(f"{option} {path}: no folder {path.parent}; create it first")


def write_whole(path: Path, text: str, option: str) -> None:
    """Write a file: whoever reads it may come at any moment, and finds the old one or the new one.

    What is no file, such as a pipe or ``/dev/null``, is written into and stays what it is.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    from tracker_diag.adapters.base import TrackerError
    from tracker_diag.adapters.disk import write_files

    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_text(text, encoding="utf-8")
            return
        write_files(path.parent, {path.name: text.encode()})
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror or error}") from None
    except TrackerError as error:
        raise UsageError(f"{option} {path}: {error}") from None
