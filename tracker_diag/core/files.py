"""Files that somebody else put there, read as data of a bounded size."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

NO_WAITING = getattr(os, "O_NONBLOCK", 0)
"""Flag for opening what may be a pipe; there is none on Windows."""


class NotAFileError(ValueError):
    """A name under which no regular file of a reasonable size lies."""


def read_file(path: Path, most: int) -> bytes:
    """Read a regular file whole.

    Parameters
    ----------
    path : Path
    most : int
        Bytes; a larger file is not read.

    Raises
    ------
    NotAFileError
        If it is no regular file, or larger.
    OSError
        If it cannot be opened.
    """
    with open_regular(path, most) as file:
        return file.read(most + 1)[:most]


def open_regular(path: Path, most: int) -> BinaryIO:
    """Open a regular file for reading; a pipe or a device, which might never end, is not waited for.

    Parameters
    ----------
    path : Path
    most : int
        Bytes; a larger file is not opened.

    Raises
    ------
    NotAFileError
        If it is no regular file, or larger.
    OSError
        If it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | NO_WAITING)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
        if not stat.S_ISREG(found.st_mode):
            raise NotAFileError(f"{path}: no regular file, so it is not read")
        if found.st_size > most:
            raise NotAFileError(f"{path}: {found.st_size:,} bytes are more than the {most:,} that are read")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise
