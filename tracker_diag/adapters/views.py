"""A saved view of an experiment: the list of its runs, with our tags as columns, and without the green ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tracker_diag.adapters.base import Query

COLUMNS = ("verdict", "severity", "cause", "summary")
"""Tags that a view shows, without their prefix, in this order."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view, as it stands in the tracker.

    Attributes
    ----------
    address : str
        Of the page that shows it; empty where the name of the server is not known.
    place : str
        How to come to it in the tracker's UI, in words.
    edited : bool
        Somebody has changed it, and it was left as it is.
    """

    address: str
    place: str
    edited: bool = False


@runtime_checkable
class Viewer(Protocol):
    """A tracker that can hold saved views; not every adapter is one."""

    def save_view(self, experiment: str) -> SavedView:
        """Save our view of an experiment in place of an earlier one; one that somebody has changed stays.

        Parameters
        ----------
        experiment : str
            Its name, of which a run was listed.

        Returns
        -------
        SavedView
            As it stands now.

        Raises
        ------
        TrackerError
            If the tracker refuses, or cannot be reached.
        """

    def views(self, query: Query) -> tuple[str, ...]:
        """List the experiments in a scope that hold a view of ours, changed ones included.

        Parameters
        ----------
        query : Query
            Its experiments; the rest of it is not looked at.

        Returns
        -------
        tuple of str
            Their names.

        Raises
        ------
        TrackerError
            If the tracker cannot be reached.
        """

    def delete_view(self, experiment: str) -> bool:
        """Delete our view of an experiment; one that somebody has changed stays.

        Parameters
        ----------
        experiment : str
            As :meth:`views` lists it.

        Returns
        -------
        bool
            Whether it is gone.

        Raises
        ------
        TrackerError
            If the tracker refuses, or cannot be reached.
        """
