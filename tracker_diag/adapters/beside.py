"""A diagnosis kept as files in a folder: the reports, and ``tags.json`` with the tags.

The folder may have been somebody else's. What its ``tags.json`` says is taken for tags a diagnosis may have written,
and only files that ``own`` names are replaced or deleted, whatever else lies there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import Diagnosis, Removal
from tracker_diag.core import own
from tracker_diag.core.foreign_json import read_json_mapping
from tracker_diag.core.outgoing import well_formed

TAGS_FILE = "tags.json"
POLICY = own.TagPolicy(longest=8000)
"""As recent MLflow servers and W&B have it."""
_LARGEST = disk.MIB  # seven tags of the longest, each letter escaped
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ADVICE = "check the folder's permissions"


def read(root: Path, folder: str) -> dict[str, str]:
    """Read the tags of a diagnosis, its fingerprint among them; a file that we cannot have written holds none.

    Parameters
    ----------
    root : Path
        A folder, which need not exist.
    folder : str
        Where the diagnosis lies below it, with slashes.
    """
    try:
        found = read_json_mapping(disk.read_file(root / folder / TAGS_FILE, _LARGEST)) or {}
    except (OSError, disk.NotAFileError):
        return {}
    tags = found.get("tags")
    return {name: value for name, value in tags.items() if _is_tag(name, value)} if isinstance(tags, dict) else {}


def write(root: Path, folder: str, diagnosis: Diagnosis) -> None:
    """Write a diagnosis in place of an earlier one, the fingerprint last.

    Parameters
    ----------
    root : Path
        An existing folder.
    folder : str
        Where the diagnosis lies below it, with slashes; made if need be.
    diagnosis : Diagnosis
        What takes the place of the earlier one.

    Raises
    ------
    DeniedError
        If the folder may only be read.
    TrackerError
        If a link is on the way, or anything is refused; the fingerprint is then absent.
    """
    tags = POLICY.as_written(diagnosis.tags)
    drop_fingerprint(root, folder)
    try:
        disk.write_files(root, {f"{folder}/{name}": content for name, content in diagnosis.artifacts.items()})
        disk.delete_files(root, [f"{folder}/{name}" for name in own.REPORTS if name not in diagnosis.artifacts])
    except OSError as error:
        raise disk.refusal(error, _ADVICE) from None
    _write_tags(root, folder, tags)
    _write_tags(root, folder, {**tags, own.FINGERPRINT: diagnosis.fingerprint})


def drop_fingerprint(root: Path, folder: str) -> None:
    """Say that what lies here is not a complete diagnosis.

    The tags are written even where there were none: a folder that holds them is not taken for an empty one, and
    removed, by another process that writes here at the same time.

    Raises
    ------
    DeniedError
        If the folder may only be read.
    TrackerError
        If a link is on the way, or anything is refused.
    """
    kept = read(root, folder)
    kept.pop(own.FINGERPRINT, None)
    _write_tags(root, folder, kept)


def remove(root: Path, folder: str) -> Removal:
    """Take away what ``write`` wrote, and the folder if it is empty then.

    Raises
    ------
    DeniedError
        If the folder may only be read.
    TrackerError
        If a link is on the way, or anything is refused.
    """
    tags = read(root, folder)
    place = root / folder
    try:
        # Reports without tags are not a diagnosis, should this be the last thing that happens here.
        disk.delete_files(root, [f"{folder}/{TAGS_FILE}"])
        artifacts = disk.delete_files(root, [f"{folder}/{name}" for name in own.REPORTS])
        disk.remove_drafts(root, folder)
        others = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
    except OSError as error:
        raise disk.refusal(error, _ADVICE) from None
    if not others:
        # delete_files left the folder if only drafts were in it.
        disk.remove_if_empty(root, folder)
    left = tuple(f"{place / name} was not written by tracker-diag" for name in others if name not in own.LEFT)
    return Removal(len(tags), artifacts, left)


def _is_tag(name: str, value: object) -> bool:
    # ``ignore`` and ``control`` count only as tags of the run; anybody can put a file here.
    known = _NAME.fullmatch(name) is not None and name not in own.USERS
    return known and isinstance(value, str) and len(value) <= POLICY.longest


def _write_tags(root: Path, folder: str, tags: Mapping[str, str]) -> None:
    text = well_formed(json.dumps({"tags": tags}, indent=1, ensure_ascii=False))
    try:
        disk.write_files(root, {f"{folder}/{TAGS_FILE}": text.encode()})
    except OSError as error:
        raise disk.refusal(error, _ADVICE) from None
