"""Deleting what ``tracker_diag.controls`` made: such runs, and no others."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class ControlRuns(Protocol):
    """A tracker whose controls can be deleted; not every adapter is one."""

    def delete_control(self, run_id: str) -> bool:
        """Delete a run that ``tracker_diag.controls`` made; any other is left as it is.

        Parameters
        ----------
        run_id : str
            As the listings have it.

        Returns
        -------
        bool
            Whether it was one, by its tags read anew.

        Raises
        ------
        TrackerError
            If the tracker refuses, or cannot be reached.
        """
