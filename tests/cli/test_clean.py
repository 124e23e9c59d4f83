from __future__ import annotations

import io

import pytest
from rich.console import Console

from tracker_diag.adapters.base import AwayError, Removal
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.cli import clean, console


@pytest.mark.parametrize(("after", "shown"), [(1000.0, False), (-1.0, True)])
def test_progress_is_shown_once_it_takes_a_while(monkeypatch: pytest.MonkeyPatch, after: float, shown: bool) -> None:
    file = io.StringIO()
    monkeypatch.setattr(console, "stderr", lambda: Console(file=file, force_terminal=True))
    monkeypatch.setattr(clean, "SHOWN_AFTER", after)
    with clean._bar(2) as advance:
        advance()
        advance()
    assert ("cleaning" in file.getvalue()) is shown


def test_a_server_that_is_away_ends_it_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    class Away(MemoryAdapter):
        def remove(self, run_id: str) -> Removal:
            raise AwayError("gone")

    with pytest.raises(AwayError, match="gone"):
        clean._remove(Away([]), [str(number) for number in range(100)])
    assert capsys.readouterr().err == ""


def test_what_is_left_for_one_reason_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    class Keeping(MemoryAdapter):
        def remove(self, run_id: str) -> Removal:
            return Removal(tags=2, left=("reports under diagnosis/: kept",))

    clean._remove(Keeping([]), [str(number) for number in range(100)])
    said = capsys.readouterr()
    assert said.out == "removed 200 tags and 0 files of 100 runs\n"
    assert said.err == "left in 100 runs: reports under diagnosis/: kept\n"
