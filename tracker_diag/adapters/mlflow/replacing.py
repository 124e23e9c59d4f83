"""What lies under ``diagnosis/`` among a run's artifacts, replaced and taken away."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import TrackerError, UnusableStoreError
from tracker_diag.adapters.mlflow.artifacts import Artifacts, GuardedError, warn_once
from tracker_diag.core import own


def replace(artifacts: Artifacts, files: Mapping[str, bytes]) -> None:
    """Make ``diagnosis/`` hold these files of ours and no others.

    Raises
    ------
    UnusableStoreError
        If nothing can ever be stored at the run's address.
    TrackerError
        If the store refuses; what was there before is then still there, and nothing new.
    """
    try:
        before = artifacts.names(own.FOLDER)
    except TrackerError as error:
        if files:
            raise
        if not isinstance(error, UnusableStoreError):
            warn_once(f"artifacts of an earlier diagnosis may remain: {error}")
        return
    try:
        if files:
            artifacts.put({f"{own.FOLDER}/{name}": content for name, content in files.items()})
    except TrackerError:
        new = files.keys() - before
        with contextlib.suppress(TrackerError):
            artifacts.delete(_paths(new & artifacts.names(own.FOLDER)), own.FOLDER)
        raise
    stale = before & set(own.REPORTS) - files.keys()
    if stale or any(map(disk.is_draft, before)):
        try:
            artifacts.delete(_paths(stale), own.FOLDER)
        except TrackerError as error:
            warn_once(f"artifacts of an earlier diagnosis remain: {error}")


def clear(artifacts: Artifacts) -> tuple[int, tuple[str, ...]]:
    """Delete our files: how many went, and which are left, in words.

    Raises
    ------
    UnusableStoreError
        If nothing can ever have been stored from here.
    """
    try:
        found = artifacts.names(own.FOLDER)
    except TrackerError as error:
        # What is guarded today may hold what was stored yesterday.
        if isinstance(error, UnusableStoreError) and not isinstance(error, GuardedError):
            raise
        return 0, (unseen(error),)
    ours = found & set(own.REPORTS)
    if not holds_ours(found):
        return 0, ()
    try:
        artifacts.delete(_paths(ours), own.FOLDER)
    except TrackerError as error:
        remaining = _remaining(artifacts, ours)
        # Without the names, so that all runs of which some are left for one reason say the same.
        return len(ours) - len(remaining), (f"reports under {own.FOLDER}/: {error}",) if remaining else ()
    return len(ours), ()


def holds_ours(names: Collection[str]) -> bool:
    """Whether any of the files in ``diagnosis/`` is a report or a draft of ours."""
    return any(name in own.REPORTS or disk.is_draft(name) for name in names)


def unseen(error: TrackerError) -> str:
    """Say that our files may be left where the store could not be looked into."""
    return f"artifacts under {own.FOLDER}/, if there are any: {error}"


def _remaining(artifacts: Artifacts, names: Collection[str]) -> set[str]:
    try:
        return artifacts.names(own.FOLDER) & set(names)
    except TrackerError:
        return set(names)


def _paths(names: Collection[str]) -> list[str]:
    return [f"{own.FOLDER}/{name}" for name in sorted(names)]
