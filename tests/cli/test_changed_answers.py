from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tracker_diag.cli.changed_answers import ROWS, lines, rules, show_changes
from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.judge import Before
from tracker_diag.sweeping.result import Row, Swept

BEFORE = Before("overfitting", Severity.WARNING, "label-noise", ("LC104", "DS203"))
ROW = Row("a", "cnn", "vision", None, "good-fit", Severity.OK, "", "…", news=True, codes=("LC101",), before=BEFORE)


def test_a_run_says_what_it_was_called_and_which_findings_came_and_went() -> None:
    assert lines(ROW) == (
        "cnn (vision)",
        "  overfitting (warning, label-noise) → good-fit (ok)  +LC101 −LC104 −DS203",
    )


def test_an_answer_whose_findings_alone_are_others_is_said_once() -> None:
    row = replace(ROW, verdict="overfitting", severity=Severity.WARNING, cause="label-noise", codes=("LC104", "HY003"))
    assert row.differs
    assert lines(row)[1] == "  overfitting (warning, label-noise)  +HY003 −DS203"


def test_what_is_the_same_in_another_order_and_what_is_new_do_not_differ() -> None:
    same = replace(ROW, verdict="overfitting", severity=Severity.WARNING, cause="label-noise", codes=("DS203", "LC104"))
    assert not same.differs
    assert not replace(ROW, before=Before()).differs


def test_rules_are_counted_the_most_first_and_named_where_they_are_known() -> None:
    unknown = replace(ROW, codes=("ZZ999",))
    assert rules([ROW, ROW, unknown]) == [
        "DS203 label-mismatch: no longer in 3 runs",
        "LC104 overfitting: no longer in 3 runs",
        "LC101 good-fit: new in 2 runs",
        "ZZ999: new in 1 run",
    ]


def test_thousands_of_changes_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    show_changes(Swept(rows=(ROW,) * 3000, standing=(ROW,) * 5), write=False, scope="in experiment vision")
    said = capsys.readouterr().out
    assert f"… and {3000 - ROWS:,} more" in said
    assert said.endswith("3,000 diagnoses would change, 5 stay the same.\n")


def test_text_of_a_run_is_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[2J[red]x[/] :fire:\nERROR: forged"
    show_changes(
        Swept(rows=(replace(ROW, name=evil, experiment=evil, cause=evil),)), write=True, scope="in experiment vision"
    )
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert ":fire:" in said
    assert not re.search("^ERROR", said, re.MULTILINE)


def test_new_settings_show_what_they_would_change_and_write_nothing(diag: Invoke, tmp_path: Path) -> None:
    vision = ("sweep", "--experiment", "vision", "--dry-run", "--changed-only")
    assert re.fullmatch(
        r"0 diagnoses would change, 0 stay the same, 6 runs never diagnosed before\.\n", diag(*vision).stdout
    )
    diag("sweep", "--experiment", "vision")
    assert diag(*vision).stdout == "0 diagnoses would change, 6 stay the same.\n"
    (tmp_path / "tracker-diag.yaml").write_text("ignore: [overfitting]\n")
    for _ in range(2):
        said = diag(*vision).stdout
        assert "overfitting-1 (vision)\n  overfitting (warning" in said
        assert re.search(r"^  LC104 overfitting: no longer in 2 runs$", said, re.MULTILINE)
        assert re.search(r"^2 diagnoses would change, 4 stay the same\.$", said, re.MULTILINE)
