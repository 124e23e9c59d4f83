from __future__ import annotations

from typing import Any

import pytest

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.paging import MOST_STALE, Paging


@pytest.mark.parametrize("last", ["", None])
def test_a_list_ends_without_a_token(last: Any) -> None:
    assert Paging("it").next(last, new=False) == ""


def test_a_long_list_is_read() -> None:
    paging = Paging("it")
    assert all(paging.next(f"t{i}", new=i % MOST_STALE == 0) for i in range(10 * MOST_STALE))


def test_a_token_that_was_there_before_is_no_end() -> None:
    paging = Paging("it")
    paging.next("a", new=True)
    paging.next("b", new=True)
    with pytest.raises(TrackerError, match="it gives the same page again and again"):
        paging.next("a", new=True)


def test_pages_of_nothing_new_are_given_up() -> None:
    paging = Paging("it")
    for i in range(MOST_STALE - 1):
        paging.next(f"t{i}", new=False)
    with pytest.raises(TrackerError, match="again and again"):
        paging.next("one more", new=False)


@pytest.mark.parametrize("token", [7, ["a"], {"a": 1}, True])
def test_a_token_is_a_text(token: Any) -> None:
    with pytest.raises(TrackerError, match="a page token that is not a text"):
        Paging("it").next(token, new=True)
