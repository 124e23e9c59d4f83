"""What every tracker's adapter answers to: adding a tracker means writing this protocol and passing its contract."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from tracker_diag.core.run import Run


class TrackerError(Exception):
    """The tracker could not be reached, or refused. One line that says what to do; never holds a credential."""


class UnknownRunError(TrackerError):
    """No such run, experiment or project."""


class QueryError(TrackerError):
    """The tracker does not understand the filter."""


class AwayError(TrackerError):
    """The tracker as a whole is out of reach, or refuses everything: what failed for one run will for the others."""


class DeniedError(TrackerError):
    """The tracker can be read and not be written to, with the rights at hand."""


class UnusableStoreError(TrackerError):
    """A run's artifacts lie where nothing can ever be stored from here: no such scheme, host or path."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which runs: a scope is asked for, never assumed.

    Attributes
    ----------
    experiments : tuple of str
        Names or shell patterns (``vision-*``); W&B: projects. Empty together with ``everything`` False is an error.
    everything : bool
        All experiments that can be seen.
    since : float or None
        Only runs that started or ended after this time, seconds since the epoch; runs that are still going always
        count.
    filter : str
        The tracker's own syntax, passed through.
    limit : int or None
        At most so many runs, newest change first.
    """

    experiments: tuple[str, ...] = ()
    everything: bool = False
    since: float | None = None
    filter: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A run as a page of a search shows it, without its histories: enough to decide whether it is due.

    Attributes
    ----------
    id : str
        As :meth:`Adapter.load_runs` takes it.
    experiment : str
        Its name; on W&B that of the project.
    name : str or None
        What people call the run.
    status : str
        RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
    start_time, end_time : float or None
        Seconds since the epoch.
    tags : mapping of str to str
        All of them, ours with their prefix.
    params : mapping of str to object
        As logged.
    latest : mapping of str to (float, float)
        Metric name to the step and value logged last.
    digests : tuple of str
        Dataset digests.
    store : str
        Address of the run's artifacts, as far as the tracker tells it, and the way to it: another text where files may
        be stored that could not be before.
    description : str or None
        The user's own text about the run, which may hold our section (:mod:`tracker_diag.core.section`). None where the
        adapter writes none, and nobody is promised a section.
    undescribed : str
        Where there is no description: why no section can be written, and what to do.
    """

    id: str
    experiment: str = ""
    name: str | None = None
    status: str = "FINISHED"
    start_time: float | None = None
    end_time: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    latest: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    digests: tuple[str, ...] = ()
    store: str = ""
    description: str | None = None
    undescribed: str = "none can be written here"


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that could not be read or written.

    Attributes
    ----------
    id : str
        The run's.
    reason : str
        Why, in one line.
    """

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is to be seen on a run.

    Attributes
    ----------
    tags : mapping of str to str
        Without the prefix: ``{"verdict": "overfitting", …}``; the fingerprint is not among them.
    artifacts : mapping of str to bytes
        File name to content, to lie under ``diagnosis/``.
    fingerprint : str
        Written last: a run that carries it is completely diagnosed.
    note : str or None
        Markdown for the run's description, between our marks: added, or put in place of what stands there of ours, as
        :func:`tracker_diag.core.section.with_section` does. None where nobody asked for it (``--note``), and the
        description is then not touched.
    """

    tags: Mapping[str, str]
    artifacts: Mapping[str, bytes]
    fingerprint: str
    note: str | None = None


def without_files(fingerprint: str, store: str) -> str:
    """Mark a fingerprint: complete but for files that cannot be stored at this address.

    Parameters
    ----------
    fingerprint : str
        That of the diagnosis.
    store : str
        Address of the run's artifacts.

    Returns
    -------
    str
        Another one for each address.
    """
    return f"{fingerprint}-{hashlib.sha256(store.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Removal:
    """What ``remove`` took away, and what it had to leave.

    Attributes
    ----------
    tags, artifacts : int
        How many of each it took away.
    left : tuple of str
        What it had to leave, each in words.
    notes : int
        Sections of descriptions that it took away.
    segments : int
        Log segments of W&B's, each with a diagnosis, that it took away.
    """

    tags: int = 0
    artifacts: int = 0
    left: tuple[str, ...] = ()
    notes: int = 0
    segments: int = 0


@runtime_checkable
class Adapter(Protocol):
    """One tracker.

    Order of writing, relied on by everyone who reads the tags: drop the fingerprint, then artifacts, then tags (stale
    ones removed) and the section of the description, the fingerprint last. Only the tags and files that ``own`` names
    are ever changed or deleted: ``<prefix>ignore`` and ``<prefix>control`` are the user's, and so is whatever else
    stands under the prefix.
    """

    def describe(self) -> str:
        """Name the tracker in a few words.

        Returns
        -------
        str
            Without credentials: ``MLflow at http://127.0.0.1:5000``.
        """

    def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
        """List the runs in the scope, newest change first, each once.

        Parameters
        ----------
        query : Query
            The scope.

        Yields
        ------
        Listing or Failure
            One that cannot be read comes as a Failure.

        Raises
        ------
        UnknownRunError
            If an experiment named without a pattern does not exist.
        QueryError
            If the tracker refuses the filter.
        TrackerError
            If it cannot be reached or denies access.
        """

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Load whole runs, in bulk, streaming.

        Parameters
        ----------
        ids : sequence of str
            As the listings have them.

        Yields
        ------
        Run or Failure
            Each once, in no particular order; one that cannot be read comes as a Failure.

        Raises
        ------
        TrackerError
            If the tracker as a whole cannot be reached.
        """

    def find_run(self, run_id: str) -> Listing:
        """Find one run by its id.

        Parameters
        ----------
        run_id : str
            As :class:`~tracker_diag.adapters.locating.Location` has it.

        Returns
        -------
        Listing
            As :meth:`list_runs` gives it.

        Raises
        ------
        UnknownRunError
            If there is none, or it is deleted.
        """

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        """Write a diagnosis, replacing an earlier one.

        Parameters
        ----------
        run_id : str
            The run's, as its listing has it.
        diagnosis : Diagnosis
            What is to be seen on it.

        Returns
        -------
        str
            Empty; or why the files could not be stored, where the run's artifacts lie at an address that cannot work.
            The tags are written all the same, and the fingerprint marked (:func:`without_files`), so that it is tried
            again when the address changes.

        Raises
        ------
        DeniedError
            If the tracker may only be read.
        TrackerError
            If any part was refused; the fingerprint is then absent.
        """

    def remove(self, run_id: str) -> Removal:
        """Take away all that ``write`` wrote.

        Parameters
        ----------
        run_id : str
            The run's, as its listing has it.

        Returns
        -------
        Removal
            Empty where there was nothing.
        """

    def link(self, listing: Listing) -> str | None:
        """Give the address of a run in the tracker's UI.

        Parameters
        ----------
        listing : Listing
            The run.

        Returns
        -------
        str or None
            None where there is no UI.
        """

    def close(self) -> None:
        """Give back connections."""
