"""The order of writing, the same for every kind of MLflow store."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import Protocol

from tracker_diag.adapters.base import (
    AwayError,
    DeniedError,
    Diagnosis,
    Removal,
    TrackerError,
    UnusableStoreError,
    without_files,
)
from tracker_diag.adapters.mlflow import replacing
from tracker_diag.adapters.mlflow.artifacts import Artifacts
from tracker_diag.adapters.mlflow.policy import POLICY
from tracker_diag.core import own, section
from tracker_diag.core.finding import Severity

# Servers before 2.14 and their tables take 5,000 letters, later ones 8,000 (and cut silently).
_TAGS_ALONE = "use --artifacts none to write only tags"


class Target(Protocol):
    """One run, to be written to."""

    def tags(self) -> Mapping[str, str]:
        """Give all tags of the run, as they were read a moment ago."""

    def description(self) -> str:
        """Read the description of the run as it is now."""

    def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
        """Delete tags, then set tags in the order given; a tag to be deleted may be gone already."""

    def artifacts(self) -> Artifacts:
        """Open the artifacts of the run."""

    def store(self) -> str:
        """Give the address of the artifacts, as a listing of the run gives it."""


def write(target: Target, diagnosis: Diagnosis, prefix: str) -> str:
    """Write a diagnosis: drop the fingerprint, then artifacts, then tags and description, with the fingerprint last.

    Returns
    -------
    str
        Why the files could not be stored, where their address can never work; the tags are written all the same, and
        the fingerprint says that files are missing.

    Raises
    ------
    DeniedError
        If the store may only be read; files that were stored before that was seen are taken away again.
    TrackerError
        If any part was refused; the fingerprint is then absent.
    """
    ours = own.owned(target.tags(), prefix)
    fingerprint = prefix + own.FINGERPRINT
    if fingerprint in ours:
        target.change_tags([fingerprint], {})
    value, without = diagnosis.fingerprint, ""
    # A run without a tag of ours has no files of ours either, so that there is nothing to look for and to replace.
    if ours or diagnosis.artifacts:
        try:
            replacing.replace(target.artifacts(), diagnosis.artifacts)
        except UnusableStoreError as error:
            value, without = without_files(value, target.store()), f"{error}; {_TAGS_ALONE}"
        except AwayError:
            raise
        except TrackerError as error:
            kind = DeniedError if isinstance(error, DeniedError) else TrackerError
            raise kind(f"{error}; {_TAGS_ALONE}") from error
    put = {prefix + name: text for name, text in POLICY.as_written(diagnosis.tags).items()}
    delete = sorted(ours - put.keys() - {fingerprint})
    if diagnosis.note is not None:
        # Somebody may have written there since the run was listed.
        before = target.description()
        gone, new = _described(before, section.with_section(before, diagnosis.note))
        delete, put = delete + gone, put | new
    put[fingerprint] = value
    try:
        target.change_tags(delete, put)
    except DeniedError:
        # Nobody who may not write would ever look for these files, or come back to them.
        if diagnosis.artifacts and not without:
            with contextlib.suppress(TrackerError):
                replacing.clear(target.artifacts())
        raise
    return without


def remove(target: Target, prefix: str) -> Removal:
    """Take away our tags, our section of the description and our files; the fingerprint goes first.

    Raises
    ------
    TrackerError
        If the tags cannot be changed. What cannot be deleted, or was edited, is said in ``left``.
    """
    tags = target.tags()
    ours = own.owned(tags, prefix)
    fingerprint = prefix + own.FINGERPRINT
    delete = sorted(ours, key=lambda key: (key != fingerprint, key))
    gone, put, edited = _undescribed(target) if has_marks(tags) else ([], {}, ())
    if delete or gone or put:
        target.change_tags(delete + gone, put)
    try:
        deleted, left = replacing.clear(target.artifacts())
    except UnusableStoreError as error:
        # Whoever could reach the store may have written there, unless the tags say that no file was stored.
        stored = bool(ours) and not _is_without_files(tags, prefix, target.store())
        deleted, left = 0, (replacing.unseen(error),) if stored else ()
    return Removal(tags=len(ours), artifacts=deleted, left=(*left, *edited), notes=len(gone) + len(put))


def has_marks(tags: Mapping[str, str]) -> bool:
    """Whether the description holds, or held when these tags were read, a section of ours."""
    return section.state(tags.get(own.DESCRIPTION, "")) is not section.State.ABSENT


def _undescribed(target: Target) -> tuple[list[str], dict[str, str], tuple[str, ...]]:
    """What takes our section out of the description as it is now, or why it stays."""
    before = target.description()
    edited = section.state(before) is section.State.EDITED
    left = ("the section in the description, because somebody has edited it",) if edited else ()
    return *_described(before, section.without_section(before)), left


def _described(before: str, after: str) -> tuple[list[str], dict[str, str]]:
    """Which tags to delete, and which to set, so that a description becomes another."""
    if after == before:
        return [], {}
    # Whether an empty one was there before us, nobody knows; the pages show it as they show none.
    return ([], {own.DESCRIPTION: after}) if after else ([own.DESCRIPTION], {})


def is_green(tags: Mapping[str, str], prefix: str) -> bool:
    """Whether a run is green; such runs get files only with ``--artifacts all``."""
    return tags.get(f"{prefix}severity") in (Severity.OK, Severity.INFO)


def _is_without_files(tags: Mapping[str, str], prefix: str, store: str) -> bool:
    fingerprint = tags.get(prefix + own.FINGERPRINT, "")
    return is_green(tags, prefix) or fingerprint == without_files(fingerprint.rpartition("-")[0], store)
