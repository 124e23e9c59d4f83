"""Lists that a server gives page by page: long ones are read, endless ones are not."""

from __future__ import annotations

from typing import Any

from tracker_diag.adapters.base import TrackerError

MOST_STALE = 100
"""Pages in a row without anything new, after which a list is taken to have no end."""


class Paging:
    """What has been seen of one list.

    Parameters
    ----------
    who : str
        Who gives the list, for the error: ``MLflow at http://127.0.0.1:5000``.
    """

    def __init__(self, who: str) -> None:
        self._who = who
        self._tokens: set[int] = set()
        self._stale = 0

    def next(self, token: Any, *, new: bool) -> str:
        """Take note of a page, and give the token of the next one.

        Parameters
        ----------
        token : object
            As the server gave it; empty or None after the last page.
        new : bool
            Whether the page held anything that none before it had.

        Raises
        ------
        TrackerError
            If the token is not a text, or was there before, or nothing new has come for ``MOST_STALE`` pages.
        """
        if token in ("", None):
            return ""
        if not isinstance(token, str):
            raise TrackerError(f"{self._who} gave a page token that is not a text")
        self._stale = 0 if new else self._stale + 1
        if hash(token) in self._tokens or self._stale >= MOST_STALE:
            raise TrackerError(f"{self._who} gives the same page again and again: its list has no end")
        self._tokens.add(hash(token))
        return token
