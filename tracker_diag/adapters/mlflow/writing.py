"""The order of writing, the same for every kind of MLflow store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from tracker_diag.adapters.base import Diagnosis, Removal
from tracker_diag.adapters.mlflow import artifacts
from tracker_diag.adapters.mlflow.artifacts import Artifacts

_FINGERPRINT = "fingerprint"
_USERS = ("ignore", "control")
# Servers before 2.14 and their tables take 5,000 letters, later ones 8,000 (and cut silently).
MAX_TAG = 5000


class Target(Protocol):
    """One run, to be written to."""

    def tags(self) -> Mapping[str, str]:
        """Read all tags of the run as they are now."""

    def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
        """Delete tags, then set tags in the order given; a tag to be deleted may be gone already."""

    def artifacts(self) -> Artifacts:
        """Open the artifacts of the run."""


def write(target: Target, diagnosis: Diagnosis, prefix: str) -> None:
    """Write a diagnosis: drop the fingerprint, then artifacts, then tags with the fingerprint last.

    Raises
    ------
    TrackerError
        If any part was refused; the fingerprint is then absent.
    """
    ours = owned(target.tags(), prefix)
    fingerprint = prefix + _FINGERPRINT
    if fingerprint in ours:
        target.change_tags([fingerprint], {})
    # A run without a tag of ours has no files of ours either, so that there is nothing to look for and to replace.
    if ours or diagnosis.artifacts:
        artifacts.replace(target.artifacts(), diagnosis.artifacts)
    put = {
        prefix + key: shortened(value) for key, value in diagnosis.tags.items() if key not in (*_USERS, _FINGERPRINT)
    }
    put[fingerprint] = diagnosis.fingerprint
    target.change_tags(sorted(ours - put.keys()), put)


def remove(target: Target, prefix: str) -> Removal:
    """Take away the tags under the prefix that are not the user's, and our artifacts; the fingerprint goes first.

    Raises
    ------
    TrackerError
        If the tags cannot be changed. An artifact that cannot be deleted is said in ``left``.
    """
    ours = owned(target.tags(), prefix)
    fingerprint = prefix + _FINGERPRINT
    if ours:
        target.change_tags(sorted(ours, key=lambda key: (key != fingerprint, key)), {})
    deleted, left = artifacts.clear(target.artifacts())
    return Removal(tags=len(ours), artifacts=deleted, left=left)


def owned(tags: Collection[str], prefix: str) -> set[str]:
    """Keys under the prefix that are not the user's."""
    users = {prefix + key for key in _USERS}
    return {key for key in tags if key.startswith(prefix) and key not in users}


def shortened(value: str) -> str:
    """Cut a tag's value to what every server takes."""
    return value if len(value) <= MAX_TAG else f"{value[: MAX_TAG - 1]}…"
