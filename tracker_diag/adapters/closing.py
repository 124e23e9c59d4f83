"""What a user should know at the end of a command and only the tracker's adapter can say: where to look, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Done:
    """What a command has written.

    Attributes
    ----------
    ids : tuple of str
        Runs whose diagnosis was written now, worst first; as the listings have them.
    standing : tuple of str
        Runs in the scope of a sweep that carried the diagnosis of their present state, of which it may be told again
        what is still to be done.
    first : bool
        Whether no run in the scope of a sweep carried a diagnosis before.
    """

    ids: tuple[str, ...]
    standing: tuple[str, ...] = ()
    first: bool = False


@runtime_checkable
class Closing(Protocol):
    """A tracker that has something to say at the end; not every adapter is one."""

    def closing(self, done: Done) -> tuple[str, ...]:
        """Say where the answers are to be seen, and what it takes to see them; nothing is written.

        Parameters
        ----------
        done : Done
            What was written, and what was before; at least one run of either.

        Returns
        -------
        tuple of str
            Lines for people, each whole by itself.

        Raises
        ------
        TrackerError
            If the tracker cannot be reached.
        """
