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


def test_those_who_come_meanwhile_share_a_commit() -> None:
    database = Slow()
    commits = GroupCommit(database.together, database.alone)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(commits.commit, range(80)))
    assert sorted(x for group in database.groups for x in group) == list(range(80))
    assert len(database.groups) < 40


def test_only_the_change_that_is_refused_fails() -> None:
    database = Slow(frozenset({7, 30}))
    commits = GroupCommit(database.together, database.alone)
    with ThreadPoolExecutor(8) as pool:
        futures = {x: pool.submit(commits.commit, x) for x in range(40)}
    assert {x for x, future in futures.items() if future.exception()} == {7, 30}
    with pytest.raises(OperationalError):
        futures[7].result()
    assert sorted(x for group in database.groups for x in group) == sorted(set(range(40)) - {7, 30})


def test_one_who_comes_alone_is_not_kept_waiting() -> None:
    database = Slow()
    GroupCommit(database.together, database.alone).commit(1)
    assert database.groups == [[1]]
