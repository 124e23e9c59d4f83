"""The page of an experiment in the tracker itself: a run of its own, in an experiment of ours, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tracker_diag.adapters.base import Adapter, Listing, Query, UnknownRunError
from tracker_diag.core.own import CONTROL

EXPERIMENT = "tracker-diag"
"""The experiment, or the project, in which these runs lie: a run elsewhere is never changed or deleted as one."""
OVERVIEW, OF = "overview", "overview-of"
"""The value of the tag ``control`` of such a run, and the tag, without its prefix, that names the experiment."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The overview of an experiment, as it is stored.

    Attributes
    ----------
    experiment : str
        Whose.
    figures : mapping of str to float
        What the tracker plots over time, by the name of a metric.
    files : mapping of str to bytes
        File name to content, to lie under ``diagnosis/``.
    """

    experiment: str
    figures: Mapping[str, float]
    files: Mapping[str, bytes]


@runtime_checkable
class Publisher(Protocol):
    """A tracker that can hold overviews; not every adapter is one."""

    def publish(self, publication: Publication) -> str:
        """Store an overview on the run of its experiment, which is made where there is none.

        Figures are added as one more step; one that was there before and is not any more becomes 0. The files replace
        those of the step before.

        Parameters
        ----------
        publication : Publication
            What is stored.

        Returns
        -------
        str
            The id of the run.

        Raises
        ------
        TrackerError
            If the tracker refuses, or cannot be reached.
        """

    def overviews(self, experiments: Collection[str] | None) -> tuple[str, ...]:
        """List the runs that hold overviews.

        Parameters
        ----------
        experiments : collection of str or None
            Whose; None: of all.

        Returns
        -------
        tuple of str
            Their ids.

        Raises
        ------
        TrackerError
            If the tracker cannot be reached.
        """

    def withdraw(self, experiments: Collection[str] | None) -> int:
        """Delete the runs that hold overviews.

        Parameters
        ----------
        experiments : collection of str or None
            Whose; None: of all.

        Returns
        -------
        int
            How many there were.

        Raises
        ------
        TrackerError
            If the tracker refuses, or cannot be reached.
        """


def marks(experiment: str, prefix: str) -> dict[str, str]:
    """Give the tags of the run that holds the overview of an experiment."""
    return {prefix + CONTROL: OVERVIEW, prefix + OF: experiment}


def listed(adapter: Adapter, prefix: str, experiments: Collection[str] | None) -> tuple[str, ...]:
    """Tell the runs that hold overviews by their listings, where these show all tags."""
    try:
        runs = [run for run in adapter.list_runs(Query((EXPERIMENT,))) if isinstance(run, Listing)]
    except UnknownRunError:
        return ()
    return tuple(run.id for run in runs if is_overview(run.tags, prefix, experiments))


def is_overview(tags: Mapping[str, str], prefix: str, experiments: Collection[str] | None) -> bool:
    """Whether a run with these tags holds the overview of one of the experiments; None: of any."""
    experiment = tags.get(prefix + OF)
    return (
        experiment is not None
        and tags.get(prefix + CONTROL) == OVERVIEW
        and (experiments is None or experiment in experiments)
    )
