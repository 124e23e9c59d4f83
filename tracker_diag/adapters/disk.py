"""Files of a run on disk: read as data of a bounded size, and written so that no link leads anywhere else.

What a folder holds may have been put there by somebody else, and may change at any moment. So a path below the run's
folder is never followed as a whole: each folder on it is opened by itself and must be a real one, and what is made,
renamed or deleted is named relative to the last of them. A link in place of a file is replaced or deleted itself, never
what it points to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from tracker_diag.adapters.base import DeniedError, TrackerError
from tracker_diag.core.foreign_files import KIB as KIB
from tracker_diag.core.foreign_files import MIB as MIB
from tracker_diag.core.foreign_files import NO_LINKS, NO_WAITING
from tracker_diag.core.foreign_files import NotAFileError as NotAFileError
from tracker_diag.core.foreign_files import open_regular as open_regular
from tracker_diag.core.foreign_files import read_file as read_file

try:
    import fcntl

    _LOCKS = True
except ModuleNotFoundError:  # Windows
    _LOCKS = False

_DRAFT = re.compile(r"\.tracker-diag-[0-9a-f]{24}\.draft")
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)


def write_files(root: Path, files: Mapping[str, bytes], *, drafts_in_root: bool = False) -> None:
    """Write files below a folder, each whole or not at all: all drafts first, then each is put in place.

    Parameters
    ----------
    root : Path
        An existing folder, whatever leads to it.
    files : mapping of str to bytes
        Path below the folder, with slashes, to content. Folders on the way are made.
    drafts_in_root : bool
        Drafts lie in ``root``, not beside their targets: where each file of a folder means something to its readers.

    Raises
    ------
    TrackerError
        If a symbolic link is on the way.
    OSError
    """
    with contextlib.ExitStack() as stack:
        drafts: list[tuple[int, str, int, str]] = []  # folder and name of a draft, of its target
        for name, content in files.items():
            *above, _ = _parts(name)
            target = stack.enter_context(_opened(root, above, make=True))
            place = stack.enter_context(_opened(root, [])) if drafts_in_root else target
            with _told_as(root / name):
                drafts.append((place, stack.enter_context(_draft(place, content)), target, name))
        for place, draft, target, name in drafts:
            with _told_as(root / name):
                os.replace(draft, PurePosixPath(name).name, src_dir_fd=place, dst_dir_fd=target)


def delete_files(root: Path, names: Iterable[str], *, keep: str = "") -> int:
    """Delete files below a folder, and those folders that are empty then; gives how many there were.

    Parameters
    ----------
    root : Path
        The folder.
    names : iterable of str
        Paths below it, with slashes.
    keep : str
        A folder below it that stays, empty or not, with those on the way to it.

    Raises
    ------
    TrackerError
        If a symbolic link is on the way.
    OSError
    """
    deleted = 0
    for name in names:
        *above, last = _parts(name)
        with (
            contextlib.suppress(FileNotFoundError, NotADirectoryError),
            _opened(root, above) as place,
            _told_as(root / name),
        ):
            os.unlink(last, dir_fd=place)
            deleted += 1
        for folder in list(PurePosixPath(name).parents)[:-1]:
            if PurePosixPath(keep).is_relative_to(folder):
                break
            remove_if_empty(root, str(folder))
    return deleted


def remove_if_empty(root: Path, below: str) -> None:
    """Remove a folder below another, if it is there and nothing is in it."""
    *above, last = _parts(below)
    with contextlib.suppress(OSError), _opened(root, above) as place:
        os.rmdir(last, dir_fd=place)


def is_draft(name: str) -> bool:
    """Whether a file of that name is a draft of ours."""
    return _DRAFT.fullmatch(name) is not None


def remove_drafts(root: Path, below: str = "") -> None:
    """Remove the drafts that a killed process left in a folder; those that are being written are locked, and stay.

    Parameters
    ----------
    root : Path
        A folder above it, or itself.
    below : str
        The folder, as a path below ``root``; need not exist.

    Raises
    ------
    TrackerError
        If a symbolic link is on the way.
    """
    with contextlib.suppress(OSError), _opened(root, _parts(below) if below else []) as place:
        _remove_drafts(place)


@contextlib.contextmanager
def draft_folder(place: Path) -> Iterator[Path]:
    """Make a folder to be filled and then renamed; it is removed at the end if it was not.

    Parameters
    ----------
    place : Path
        The folder in which it is made.
    """
    remove_drafts(place)
    while True:
        folder = place / draft_name()
        folder.mkdir()
        # Until it is locked, another process may take it for one that was left behind.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(folder, _FOLDER)
            if _held(descriptor):
                break
            os.close(descriptor)
    try:
        yield folder
    finally:
        os.close(descriptor)
        shutil.rmtree(folder, ignore_errors=True)


def refusal(error: OSError, what_to_do: str) -> TrackerError:
    """Say what the file system refused, and what to do; one that does not let us write at all is a DeniedError."""
    kind = DeniedError if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else TrackerError
    return kind(f"{error.filename2 or error.filename or 'file'}: {error.strerror or error}; {what_to_do}")


def _parts(name: str) -> tuple[str, ...]:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise TrackerError(f"{name[:80]!r} is not the name of a file in the run; nothing was written")
    return parts


@contextlib.contextmanager
def _opened(root: Path, parts: Iterable[str], *, make: bool = False) -> Iterator[int]:
    """Open a folder below another, one part of its path after the other; gives its descriptor."""
    if os.open not in os.supports_dir_fd:
        raise TrackerError("this system cannot write files safely: use a tracking server, or --dry-run")
    descriptor, path = os.open(root, _FOLDER), root
    try:
        for part in parts:
            path = path / part
            with _told_as(path):
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=descriptor)
                try:
                    below = os.open(part, _FOLDER | NO_LINKS, dir_fd=descriptor)
                except OSError:
                    if stat.S_ISLNK(os.stat(part, dir_fd=descriptor, follow_symlinks=False).st_mode):
                        raise TrackerError(
                            f"{path} is a link, and tracker-diag writes through none: replace it with a folder"
                        ) from None
                    if make:
                        raise FileExistsError(errno.EEXIST, "File exists where a folder is needed") from None
                    raise
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _told_as(path: Path) -> Iterator[None]:
    """Give an error the whole path: the system knows only the last part of it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def draft_name() -> str:
    """Make up a name for a draft that nobody can guess, and nobody else gives a file."""
    return f".tracker-diag-{secrets.token_hex(12)}.draft"


@contextlib.contextmanager
def _draft(place: int, content: bytes) -> Iterator[str]:
    """Make a file in a folder that holds the content; locked while it is in use, and gone afterwards."""
    _remove_drafts(place)
    while True:
        name = draft_name()
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINKS, 0o666, dir_fd=place)
        if _held(descriptor):
            break
        os.close(descriptor)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=place)


def _held(descriptor: int) -> bool:
    """Lock a draft; False where another process had just taken it for one that was left behind."""
    if not _LOCKS:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return os.fstat(descriptor).st_nlink > 0


def _remove_drafts(place: int) -> None:
    for name in os.listdir(place):
        if is_draft(name):
            with contextlib.suppress(OSError):
                _remove_unlocked(place, name)


def _remove_unlocked(place: int, name: str) -> None:
    descriptor = os.open(name, os.O_RDONLY | NO_WAITING | NO_LINKS, dir_fd=place)
    try:
        if _LOCKS:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            shutil.rmtree(name, dir_fd=place)
        else:
            os.unlink(name, dir_fd=place)
    finally:
        os.close(descriptor)
