from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError

from tracker_diag.adapters.mlflow.commits import GroupCommit


class Slow:
    """A database whose commits take time, and that refuses what it is told to."""

    def __init__(self, refused: frozenset[int] = frozenset()) -> None:
        self.groups: list[list[int]] = []
        self.refused = refused
        self.at_work = threading.Lock()

    def together(self, changes: Sequence[int]) -> None:
        assert self.at_work.acquire(blocking=False), "two commits at once"
        time.sleep(0.01)
        self.at_work.release()
        if self.refused & set(changes):
            raise OperationalError("refused", {}, ValueError("read-only"))
        self.groups.append(list(changes))

    def alone(self, change: int) -> None:
        self.together([change])


def test_those_who_come_while_a_commit_is_under_way_share_the_next() -> None:
    groups: list[list[int]] = []
    first_is_at_work, others_wait = threading.Event(), threading.Event()

    def together(changes: Sequence[int]) -> None:
        groups.append(list(changes))
        first_is_at_work.set()
        assert others_wait.wait(10)

    commits = GroupCommit(together, lambda change: together([change]))
    with ThreadPoolExecutor(8) as pool:
        pool.submit(commits.commit, 0)
        assert first_is_at_work.wait(10)
        for x in range(1, 8):
            pool.submit(commits.commit, x)
        deadline = time.monotonic() + 10
        while len(commits._waiting) < 7 and time.monotonic() < deadline:
            time.sleep(0.001)
        others_wait.set()
    assert [sorted(group) for group in groups] == [[0], [1, 2, 3, 4, 5, 6, 7]]


def test_only_the_change_that_is_refused_fails() -> None:
    database = Slow(frozenset({7, 30}))
    commits = GroupCommit(database.together, database.alone)
    with ThreadPoolExecutor(8) as pool:
        futures = {x: pool.submit(commits.commit, x) for x in range(40)}
    assert {x for x, future in futures.items() if future.exception()} == {7, 30}
    with pytest.raises(OperationalError):
        futures[7].result()
    assert sorted(x for group in database.groups for x in group) == sorted(set(range(40)) - {7, 30})


def test_an_error_that_is_not_the_databases_keeps_nobody_waiting() -> None:
    def together(changes: Sequence[str]) -> None:
        time.sleep(0.01)
        for change in changes:
            change.encode()  # as a driver does, with an error that it does not wrap

    commits = GroupCommit(together, lambda change: together([change]))
    errors: dict[int, type[Exception] | None] = {}

    def commit(number: int, change: str) -> None:
        try:
            commits.commit(change)
        except ValueError as error:
            errors[number] = type(error)
        else:
            errors[number] = None

    changes = ("a", "\ud800", "b") * 8
    threads = [threading.Thread(target=commit, args=item, daemon=True) for item in enumerate(changes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert errors == {x: UnicodeEncodeError if x % 3 == 1 else None for x in range(len(changes))}


def test_one_who_comes_alone_is_not_kept_waiting() -> None:
    database = Slow()
    GroupCommit(database.together, database.alone).commit(1)
    assert database.groups == [[1]]
