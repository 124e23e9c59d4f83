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
from tracker_diag.core import own
from tracker_diag.core.finding import Severity

# Servers before 2.14 and their tables take 5,000 letters, later ones 8,000 (and cut silently).
_TAGS_ALONE = "--artifacts none writes tags alone"


class Target(Protocol):
    """One run, to be written to."""

    def tags(self) -> Mapping[str, str]:
        """Read all tags of the run as they are now."""

    def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
        """Delete tags, then set tags in the order given; a tag to be deleted may be gone already."""

    def artifacts(self) -> Artifacts:
        """Open the artifacts of the run."""

    def store(self) -> str:
        """Give the address of the artifacts, as a listing of the run gives it."""


def write(target: Target, diagnosis: Diagnosis, prefix: str) -> str:
    """Write a diagnosis: drop the fingerprint, then artifacts, then tags with the fingerprint last.

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
    put[fingerprint] = value
    try:
        target.change_tags(sorted(ours - put.keys()), put)
    except DeniedError:
        # Nobody who may not write would ever look for these files, or come back to them.
        if diagnosis.artifacts and not without:
            with contextlib.suppress(TrackerError):
                replacing.clear(target.artifacts())
        raise
    return without


def remove(target: Target, prefix: str) -> Removal:
    """Take away our tags and files; the fingerprint goes first.

    Raises
    ------
    TrackerError
        If the tags cannot be changed. An artifact that cannot be deleted is said in ``left``.
    """
    tags = target.tags()
    ours = own.owned(tags, prefix)
    fingerprint = prefix + own.FINGERPRINT
    if ours:
        target.change_tags(sorted(ours, key=lambda key: (key != fingerprint, key)), {})
    try:
        deleted, left = replacing.clear(target.artifacts())
    except UnusableStoreError as error:
        # Whoever could reach the store may have written there, unless the tags say that no file was stored.
        stored = bool(ours) and not _is_without_files(tags, prefix, target.store())
        deleted, left = 0, (replacing.unseen(error),) if stored else ()
    return Removal(tags=len(ours), artifacts=deleted, left=left)


def is_green(tags: Mapping[str, str], prefix: str) -> bool:
    """Whether a run is green; such runs get files only with ``--artifacts all``."""
    return tags.get(f"{prefix}severity") in (Severity.OK, Severity.INFO)


def _is_without_files(tags: Mapping[str, str], prefix: str, store: str) -> bool:
    fingerprint = tags.get(prefix + own.FINGERPRINT, "")
    return is_green(tags, prefix) or fingerprint == without_files(fingerprint.rpartition("-")[0], store)
