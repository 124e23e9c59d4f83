from __future__ import annotations

import pytest

from tests.sweeping.formats.conftest import CNN, HOSTILE, hostile, many
from tracker_diag.cli.found import LISTED, tell_found
from tracker_diag.core.finding import Severity


def test_a_long_list_is_cut_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tell_found(many(3000).at_least(Severity.WARNING), Severity.WARNING, "text")
    head, *lines = capsys.readouterr().err.splitlines()
    assert head == "2,000 runs with severity warning or worse (--fail-on warning):"
    assert len(lines) == LISTED + 1
    assert lines[-1] == "  … and 1,980 more"


def test_a_run_is_named_with_its_address(capsys: pytest.CaptureFixture[str]) -> None:
    tell_found([CNN], Severity.ERROR, "text")
    assert capsys.readouterr().err == (
        f"1 run with severity error (--fail-on error):\n  error    diverged  cnn, lr=0.1  {CNN.link}\n"
    )


def test_no_name_makes_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    tell_found(hostile(HOSTILE).at_least(Severity.ERROR), Severity.ERROR, "text")
    said = capsys.readouterr().err
    assert said.count("\n") == 2
    assert not {"\x1b", "\u202e", "\r"} & set(said)
