"""What stands on disk, byte by byte, before and after: whoever wrote where they should not have is found."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

NAMES = ("report.json", "report.html", "suggested_config.yaml", "tags.json", "diag.verdict", "precious.txt")


def tree(root: Path) -> dict[str, str]:
    """Describe all that lies below a folder, without following links: path to kind and content.

    Regular files are given by their SHA-256, links by where they lead; pipes and sockets are not opened.
    """
    found = {}
    for parent, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(parent, name)
            found[path.relative_to(root).as_posix()] = _described(path)
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Paths that were added, removed or are another now."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def canary(folder: Path) -> dict[str, str]:
    """Fill a folder with files named as ours, that nobody may touch; gives its :func:`tree`."""
    for place in (folder, folder / "diagnosis", folder / "artifacts", folder / "tags"):
        place.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (place / name).write_text(f"precious: {place.name}/{name}")
    return tree(folder)


def _described(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"link to {path.readlink()}"
    if stat.S_ISREG(mode):
        return f"file {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return "folder" if stat.S_ISDIR(mode) else f"special {stat.S_IFMT(mode):o}"
