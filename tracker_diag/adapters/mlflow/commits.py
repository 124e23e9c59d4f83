"""Changes of several threads in one transaction: on a disk a commit costs more than what it commits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class GroupCommit(Generic[T]):
    """Whoever comes while a commit is under way waits for the next one, together with all who came meanwhile.

    SQLite lets one write at a time: waiting here is also fair, its own waiting is polling that may starve a thread.

    Parameters
    ----------
    together : callable
        Commits several changes at once, all or nothing.
    alone : callable
        Commits one change: where a group is refused, so that only the change that is to blame fails.
    """

    def __init__(self, together: Callable[[Sequence[T]], None], alone: Callable[[T], None]) -> None:
        self._together = together
        self._alone = alone
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting: list[tuple[T, Future[None]]] = []

    def commit(self, change: T) -> None:
        """Commit a change; returns when it is committed.

        Raises
        ------
        Exception
            Whatever committing this change alone raises.
        """
        done: Future[None] = Future()
        with self._guard:
            self._waiting.append((change, done))
        with self._turn:
            # Most find that whoever had the turn before them has done their change too.
            if not done.done():
                self._commit_all()
        done.result()

    def _commit_all(self) -> None:
        with self._guard:
            group, self._waiting = self._waiting, []
        if len(group) > 1:
            self._try_together(group)
        for one, future in group:
            if not future.done():
                self._do_alone(one, future)

    def _try_together(self, group: Sequence[tuple[T, Future[None]]]) -> None:
        try:
            self._together([change for change, _ in group])
        except Exception:  # noqa: BLE001  whatever it is, each is tried alone, and told what became of it
            return
        for _, future in group:
            future.set_result(None)

    def _do_alone(self, change: T, future: Future[None]) -> None:
        try:
            self._alone(change)
        except Exception as error:  # noqa: BLE001  one that is not told would wait for ever
            future.set_exception(error)
        else:
            future.set_result(None)
