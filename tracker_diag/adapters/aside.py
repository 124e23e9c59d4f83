"""A tracker that may be read and not be written to: what would be written onto its runs is kept in a folder here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from tracker_diag.adapters import beside
from tracker_diag.adapters.base import Adapter, Diagnosis, Failure, Listing, Query, Removal, TrackerError
from tracker_diag.adapters.closing import Done
from tracker_diag.core.own import owned
from tracker_diag.core.run import Run

_UNDESCRIBED = "--report-dir writes nothing into the tracker"
_LONGEST_NAME = 120  # letters of a folder's name; file systems take 255 bytes


class AsideAdapter:
    """Reads through another adapter and writes each answer to ``<folder>/<run id>/``.

    Which runs are due is read from there too, not from the tags that somebody else may have written in the tracker.

    Parameters
    ----------
    tracker : Adapter
        The one that is read through.
    folder : Path
        Made if there is none.
    prefix : str
        Of the tags that are ours.

    Raises
    ------
    TrackerError
        If the folder cannot be made.
    """

    def __init__(self, tracker: Adapter, folder: Path, prefix: str = "diag.") -> None:
        if folder.exists() and not folder.is_dir():
            raise TrackerError(f"{folder} is a file; --report-dir needs a folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrackerError(f"{folder}: {error.strerror}; --report-dir needs a folder that can be created") from None
        self._tracker = tracker
        self._folder = folder
        self._prefix = prefix

    def describe(self) -> str:
        """Name the tracker, and where the answers are kept."""
        return f"{self._tracker.describe()}, diagnoses in {self._folder}"

    def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
        """List runs as the tracker does, with the tags that are kept here."""
        for listing in self._tracker.list_runs(query):
            yield listing if isinstance(listing, Failure) else self._with_kept_tags(listing)

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Load whole runs from the tracker."""
        return self._tracker.load_runs(ids)

    def find_run(self, run_id: str) -> Listing:
        """Find one run by its id."""
        return self._with_kept_tags(self._tracker.find_run(run_id))

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        """Write a diagnosis into the run's folder."""
        beside.write(self._folder, folder_name(run_id), diagnosis)
        return ""

    def remove(self, run_id: str) -> Removal:
        """Take away what is kept of a run."""
        return beside.remove(self._folder, folder_name(run_id))

    def link(self, listing: Listing) -> str | None:
        """Give the address of the run in the tracker's UI."""
        return self._tracker.link(listing)

    def closing(self, done: Done) -> tuple[str, ...]:
        """Say where the answers are kept."""
        number = len(done.ids)
        diagnoses = f"{number:,} diagnos{'i' if number == 1 else 'e'}s"
        return (f"{diagnoses} in {self._folder}/, one folder per run",) if number else ()

    def close(self) -> None:
        """Give back the tracker's connections."""
        self._tracker.close()

    def _with_kept_tags(self, listing: Listing) -> Listing:
        kept = beside.read(self._folder, folder_name(listing.id))
        others = {key: value for key, value in listing.tags.items() if not owned([key], self._prefix)}
        tags = others | {self._prefix + name: value for name, value in kept.items()}
        return replace(listing, tags=tags, description=None, undescribed=_UNDESCRIBED)


def folder_name(run_id: str) -> str:
    """Name a run's folder: its id with all that leads elsewhere as ``%2F``; a long id ends in its hash."""
    name = quote(run_id.encode("utf-8", "surrogatepass"), safe="").replace(".", "%2E")
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(run_id.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
