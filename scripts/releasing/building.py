"""Builds sdist and wheel, and says in what two wheels differ."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from scripts.releasing.steps import StepError, run


@dataclass(frozen=True, slots=True)
class Built:
    """Where the two files lie that are released."""

    sdist: Path
    wheel: Path


def build(tree: Path, dist: Path) -> Built:
    """Build the sdist from a folder, and the wheel from that sdist, into a folder that holds nothing else."""
    run(sys.executable, "-m", "build", "--outdir", dist, tree, cwd=tree)
    (sdist,), (wheel,) = dist.glob("*.tar.gz"), dist.glob("*.whl")
    return Built(sdist, wheel)


def build_wheel(tree: Path, folder: Path) -> Path:
    """Build the wheel from a folder itself, as ``pip install .`` does."""
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, tree, cwd=tree)
    (wheel,) = folder.glob("*.whl")
    return wheel


def wheel_files(wheel: Path) -> dict[str, bytes]:
    """Give the files of a wheel by name, all but the list of their digests."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith(".dist-info/RECORD")}


def sdist_files(sdist: Path) -> list[str]:
    """Give the names of the files of an sdist, without the folder that holds them all."""
    with tarfile.open(sdist) as archive:
        return sorted(member.name.partition("/")[2] for member in archive.getmembers() if member.isfile())


def same(one: Path, other: Path) -> int:
    """Compare two wheels file by file, and count the files.

    Raises
    ------
    StepError
        If a file is in one of them only, or has another content.
    """
    first, second = wheel_files(one), wheel_files(other)
    names = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    if names:
        raise StepError(f"the two wheels differ in {len(names)} files: {', '.join(names[:10])}")
    return len(first)
