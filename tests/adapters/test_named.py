"""What is said of a word that no run, or more than one, is called by; that runs are found is in the contract."""

from __future__ import annotations

import pytest

from tracker_diag.adapters.base import UnknownRunError
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.adapters.named import SHOWN, SeveralRunsError, find
from tracker_diag.core.run import Run

EVIL = "x\x1b[2J\nerror: forged"


def test_an_id_beats_a_name_and_a_name_beats_the_beginning_of_an_id() -> None:
    runs = [Run("abcd", name="other"), Run("abcd1", name="first"), Run("zzzz", name="abcd"), Run("yyyy", name="abcd1x")]
    adapter = MemoryAdapter(runs)
    assert find(adapter, "abcd", None).id == "abcd"
    assert find(adapter, "first", None).id == "abcd1"
    adapter = MemoryAdapter(runs[1:])
    assert find(adapter, "abcd", None).id == "zzzz"


def test_a_few_letters_are_no_beginning() -> None:
    adapter = MemoryAdapter([Run("abcdef")])
    assert find(adapter, "abcd", None).id == "abcdef"
    said = r"^no run 'abc' in .*, and no run has the name 'abc'.*; the start of an ID needs at least 4 characters$"
    with pytest.raises(UnknownRunError, match=said):
        find(adapter, "abc", None)


def test_five_of_many_are_named_in_one_line() -> None:
    adapter = MemoryAdapter([Run(f"id{i}", name=EVIL) for i in range(12)])
    with pytest.raises(SeveralRunsError) as told:
        find(adapter, EVIL, None)
    said = str(told.value)
    assert said.count("(x\\x1b[2J error: forged, memory)") == SHOWN
    assert said.endswith(", … (12 in all)")
    assert said.isprintable()
