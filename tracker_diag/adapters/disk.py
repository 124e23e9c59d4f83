"""Files of a run on disk: read as data of a bounded size, and written so that no link leads anywhere else.

What a folder holds may have been put there by somebody else. Reading takes regular files only. Writing and deleting
happen in real folders below the run's own: a symbolic link on the way is refused, one in place of a file is replaced or
deleted itself, never what it points to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from tracker_diag.adapters import own
from tracker_diag.adapters.base import DeniedError, TrackerError
from tracker_diag.core.files import NO_WAITING
from tracker_diag.core.files import NotAFileError as NotAFileError
from tracker_diag.core.files import open_regular as open_regular
from tracker_diag.core.files import read_file as read_file

try:
    import fcntl

    _LOCKS = True
except ModuleNotFoundError:  # Windows, where drafts are not locked, and a second sweep at once may remove them
    _LOCKS = False

DRAFT = ".tracker-diag-"
"""How the names of drafts begin: what a killed process left of them is removed by the next one."""
# Drafts of the first release, which it left behind where it was killed.
_OLD_DRAFT = re.compile(rf"\.(?:(?:{'|'.join(map(re.escape, own.REPORTS))})\.)?[0-9a-f]{{32}}")
KIB, MIB = 2**10, 2**20
# What others may read of new files here: said once, since it can only be read by setting it.
_UMASK = os.umask(0)
os.umask(_UMASK)


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
        drafts: list[tuple[Path, Path]] = []
        for name, content in files.items():
            target = _target(root, name, make=True)
            place = root if drafts_in_root else target.parent
            drafts.append((stack.enter_context(_draft(place, content)), target))
        for draft, target in drafts:
            draft.replace(target)


def delete_files(root: Path, names: Iterable[str], *, keep: str = "") -> int:
    """Delete files below a folder, and those folders that are empty then; gives how many there were.

    Parameters
    ----------
    root : Path
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
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            target = _target(root, name, make=False)
            target.unlink()
            deleted += 1
        for above in list(PurePosixPath(name).parents)[:-1]:
            if PurePosixPath(keep).is_relative_to(above):
                break
            with contextlib.suppress(OSError):
                (root / above).rmdir()
    return deleted


def is_draft(name: str) -> bool:
    """Whether a file of that name is a draft, of this release or of the first."""
    return name.startswith(DRAFT) or _OLD_DRAFT.fullmatch(name) is not None


def remove_drafts(folder: Path) -> None:
    """Remove the drafts that a killed process left in a folder; those that are being written are locked, and stay."""
    try:
        found = [entry.path for entry in os.scandir(folder) if is_draft(entry.name)]
    except OSError:
        return
    for path in found:
        with contextlib.suppress(OSError):
            _remove_unlocked(path)


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
        folder = Path(tempfile.mkdtemp(prefix=DRAFT, dir=place))
        # Until it is locked, another process may take it for one that was left behind.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(folder, os.O_RDONLY)
            if _held(descriptor):
                break
            os.close(descriptor)
    try:
        yield folder
    finally:
        os.close(descriptor)
        shutil.rmtree(folder, ignore_errors=True)


def folder_below(root: Path, name: str) -> Path:
    """Give a folder below another, for :func:`remove_drafts`; it need not exist.

    Raises
    ------
    TrackerError
        If a symbolic link is on the way, or in its place.
    """
    return _target(root, f"{name}/file", make=False).parent


def refusal(error: OSError, what_to_do: str) -> TrackerError:
    """Say what the file system refused, and what to do; one that does not let us write at all is a DeniedError."""
    kind = DeniedError if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else TrackerError
    return kind(f"{error.filename2 or error.filename or 'file'}: {error.strerror or error}; {what_to_do}")


@contextlib.contextmanager
def _draft(parent: Path, content: bytes) -> Iterator[Path]:
    """Make a file beside its target that holds the content; locked while it is in use, and gone afterwards."""
    remove_drafts(parent)
    while True:
        descriptor, name = tempfile.mkstemp(prefix=DRAFT, dir=parent)
        if _held(descriptor):
            break
        os.close(descriptor)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            path.chmod(0o666 & ~_UMASK)
            file.write(content)
            file.flush()
            yield path
    finally:
        path.unlink(missing_ok=True)


def _held(descriptor: int) -> bool:
    """Lock a draft; False where another process had just taken it for one that was left behind."""
    if not _LOCKS:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return os.fstat(descriptor).st_nlink > 0


def _remove_unlocked(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | NO_WAITING | getattr(os, "O_NOFOLLOW", 0))
    try:
        if _LOCKS:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            shutil.rmtree(path)
        else:
            Path(path).unlink()
    finally:
        os.close(descriptor)


def _target(root: Path, name: str, *, make: bool) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise TrackerError(f"{name[:80]!r} names no file inside the run; nothing was written")
    place = root
    for part in parts[:-1]:
        place = place / part
        if place.is_symlink():
            raise TrackerError(f"{place} is a link, and nothing is written through one; put a folder in its place")
        if make:
            place.mkdir(exist_ok=True)
    return place / parts[-1]
