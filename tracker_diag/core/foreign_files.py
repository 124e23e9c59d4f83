"""Files that somebody else put there, read as data of a bounded size."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

KIB, MIB = 2**10, 2**20
"""Bytes."""
NO_WAITING, NO_LINKS = getattr(os, "O_NONBLOCK", 0), getattr(os, "O_NOFOLLOW", 0)
"""Flags for opening what may be a pipe, or a link; there are none on Windows."""


class NotAFileError(ValueError):
    """A name under which no regular file of a reasonable size lies."""


def read_file(path: Path, most: int, *, typed: bool = False) -> bytes:
    """Read a regular file whole.

    Parameters
    ----------
    path : Path
        Of the file.
    most : int
        Bytes; a larger file is not read.
    typed : bool
        The user named the file, so it may be a link; one that was found must not publish what it points to.

    Raises
    ------
    NotAFileError
        If it is not a regular file, or larger.
    OSError
        If it cannot be opened.
    """
    with open_regular(path, most, typed=typed) as file:
        return file.read(most + 1)[:most]


def open_regular(path: Path, most: int, *, typed: bool = False) -> BinaryIO:
    """Open a regular file for reading; a pipe or a device, which might never end, is not waited for.

    Parameters
    ----------
    path : Path
        As for :func:`read_file`.
    most : int
        As for :func:`read_file`.
    typed : bool
        As for :func:`read_file`.

    Raises
    ------
    NotAFileError
        If it is not a regular file, or larger.
    OSError
        If it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | NO_WAITING | (0 if typed else NO_LINKS))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotAFileError(f"{path}: is a link, not a regular file") from None
        raise
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
        if not stat.S_ISREG(found.st_mode):
            raise NotAFileError(f"{path}: is not a regular file")
        if found.st_size > most:
            raise NotAFileError(f"{path}: has {found.st_size:,} bytes, more than the limit of {most:,}")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise
