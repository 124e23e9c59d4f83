"""Runs from files and folders."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import InvalidRunError, Run
from tracker_diag.reading.file_format import FileFormat, Found, ReadingError
from tracker_diag.reading.registry import all_formats

DEEPEST, MOST_FILES, MOST_RUNS = 8, 200_000, 10_000
"""Levels below a folder that are searched, files that are looked at, and runs that are read."""

_log = logging.getLogger(__name__)


def read_file(path: Path) -> tuple[Run, ...]:
    """Read the runs of one file, whose format its name tells.

    Raises
    ------
    ReadingError
        If there is no format of that name, or it cannot be read.
    """
    kind = next((one for one in all_formats() if one.takes(path.name)), None)
    if kind is None:
        raise ReadingError(f"{clean(path)}: unknown file format; {forms()}")
    home = path if kind.general else path.parent
    return kind.read(Found(_name(path, kind), home, (path,), typed=True))


def read_folder(folder: Path) -> tuple[Run, ...]:
    """Read all runs below a folder.

    Links are not followed. A run that cannot be read is left out and told in the log, as long as another one can.

    Raises
    ------
    ReadingError
        If there is none, or none can be read.
    """
    found = list(find(folder))
    if not found:
        raise ReadingError(f"{clean(folder)}: no runs found; {forms()}")
    runs: list[Run] = []
    failed: list[str] = []
    for kind, files in found:
        try:
            runs.extend(kind.read(files))
        except (ReadingError, InvalidRunError) as error:
            failed.append(clean(error))
    if not runs:
        raise ReadingError(failed[0] + (f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""))
    for reason in failed:
        _log.warning("a run was skipped: %s", reason)
    return tuple(runs)


def find(folder: Path) -> Iterator[tuple[FileFormat, Found]]:
    """Find the runs below a folder, in the order of their places.

    Where one of a more special format is, more general ones below its folder belong to it and are no runs of their
    own.

    Raises
    ------
    ReadingError
        If there is more than is searched.
    """
    homes: dict[tuple[int, Path], list[Path]] = {}
    formats = all_formats()
    for path, top in _files(folder):
        place = next((i for i, one in enumerate(formats) if one.takes(path.name)), None)
        if place is not None and (top or not formats[place].general):
            homes.setdefault((place, formats[place].home(path)), []).append(path)
    if any(not formats[place].general for place, _ in homes):
        homes = {key: files for key, files in homes.items() if not formats[key[0]].general}
    taken: dict[Path, int] = {}
    for place, home in sorted(homes):
        taken.setdefault(home, place)
    kept = {
        (place, home)
        for place, home in homes
        if not any(taken.get(above, place) < place for above in (home, *home.parents))
    }
    if len(kept) > MOST_RUNS:
        raise ReadingError(
            f"{clean(folder)}: {len(kept):,} runs, but at most {MOST_RUNS:,} are read at once; give a smaller folder"
        )
    for place, home in sorted(kept, key=lambda key: (key[1], key[0])):
        files = tuple(homes[place, home])
        below = home.with_suffix("") if home.is_file() else home
        inside = below.relative_to(folder).as_posix() if below.is_relative_to(folder) else "."
        name = _folder_name(below) if inside == "." else inside
        yield formats[place], Found(name, home, files)


def forms() -> str:
    """What can be read, as a sentence without its full stop."""
    formats = ", ".join(one.title for one in all_formats())
    return f"readable are {formats}, MLflow's mlruns or mlflow.db, and a wandb folder"


def _files(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Files below a folder, in the order of names, and whether each lies in the folder itself."""
    seen = 0
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        depth = len(here.relative_to(folder).parts)
        folders[:] = sorted(x for x in folders if not x.startswith(".") and depth < DEEPEST)
        for name in sorted(names):
            seen += 1
            if seen > MOST_FILES:
                raise ReadingError(
                    f"{clean(folder)}: more than {MOST_FILES:,} files; give the folder that holds the runs"
                )
            path = here / name
            if not path.is_symlink():
                yield path, depth == 0


def _name(path: Path, kind: FileFormat) -> str:
    return path.stem if kind.general else _folder_name(kind.home(path))


def _folder_name(path: Path) -> str:
    return path.name or path.resolve().name or "run"
