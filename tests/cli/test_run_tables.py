"""What a sweep prints, whole, on terminals of 80 and 120 columns and into a pipe.

To accept a change, run with UPDATE_SNAPSHOTS=1 and read the difference.
"""

from __future__ import annotations

import io
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from tests.sweeping.formats.conftest import CNN, FAILED, HEALTHY, RESNET, many
from tracker_diag.adapters.base import Failure
from tracker_diag.cli import app, summary
from tracker_diag.cli.catalogue import rules
from tracker_diag.core.finding import Severity
from tracker_diag.rules.registry import all_rules
from tracker_diag.sweeping.result import Swept, worst_first

SNAPSHOTS = Path(__file__).parent / "snapshots"
LONG = replace(
    RESNET,
    id="b",
    name="augmentation-sweep-of-the-second-week-lr0.001-bs64-seed42-ab",
    verdict="unrepresentative-validation",
    experiment="image-classification-ablations-2026",
    cause="gradient-clipping-masks-rate",
)
WIDE = replace(CNN, id="c", name="実験" * 30, experiment="画像分類", severity=Severity.WARNING)
ORDINARY = Swept(rows=worst_first((CNN, RESNET, HEALTHY)), verdicts={"diverged": 1}, seconds=1.5)
DIFFICULT = Swept(
    rows=worst_first((CNN, RESNET, HEALTHY, LONG, WIDE)),
    failures=(
        FAILED,
        Failure("team/a-project-with-a-long-name/run-" + "x" * 60, "the store refused: " + "so it is " * 20),
    ),
    verdicts={"diverged": 1},
    seconds=1.5,
)
SWEEPS = {"ordinary": ORDINARY, "difficult": DIFFICULT, "many": replace(many(3000), seconds=60.0)}


class Terminal(io.StringIO):
    """What looks like one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def shown(swept: Swept, monkeypatch: pytest.MonkeyPatch, width: int | None, **environment: str) -> str:
    """What is printed on a terminal of a width; None: into a pipe."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": str(width or 80), **environment}.items():
        monkeypatch.setenv(name, value)
    file = io.StringIO() if width is None else Terminal()
    monkeypatch.setattr(sys, "stdout", file)
    summary.show_table(swept, write=True, scope="in experiment vision")
    return file.getvalue()


def bare(text: str) -> str:
    """What is left without styles and addresses."""
    return re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\", "", text)


@pytest.mark.parametrize("width", [80, 120, None])
@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_as_it_is_printed(monkeypatch: pytest.MonkeyPatch, name: str, width: int | None) -> None:
    text = bare(shown(SWEEPS[name], monkeypatch, width))
    path = SNAPSHOTS / f"sweep-{name}-{width or 'piped'}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_word_is_cut_however_narrow_it_is(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    text = bare(shown(DIFFICULT, monkeypatch, width))
    assert "…" not in text
    table = text.partition("\n\n")[0].splitlines()
    assert all(cell_len(line) <= width for line in table)
    # The columns before this one hold ASCII alone: a cell is a letter there.
    start = table[0].index("run")
    column = "".join(line[start:].strip() for line in table).replace(" ", "")
    for row in DIFFICULT.rows:
        for word in (row.name or row.id, row.experiment, row.cause if row.severity.rank >= 2 else ""):
            assert word.replace(" ", "") in column


def test_colours_are_for_those_who_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = shown(ORDINARY, monkeypatch, 80)
    assert "\x1b[31m" in coloured
    assert "\x1b]8;" in coloured
    without = shown(ORDINARY, monkeypatch, 80, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", without)
    assert "\x1b" not in shown(ORDINARY, monkeypatch, None)


def test_a_file_gets_what_a_pipe_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    assert summary.as_text(DIFFICULT, write=True, scope="in experiment vision") == shown(DIFFICULT, monkeypatch, None)


def test_rules_and_their_meaning_are_a_line_each_in_a_pipe() -> None:
    lines = CliRunner().invoke(app, ["rules"]).stdout.splitlines()
    listed = [line for line in lines if line[:2].isupper()]
    assert len(listed) == len(all_rules())
    assert all(re.fullmatch(r"[A-Z]{2}\d{3,4} +[a-z-]+ +([A-Z] )*[A-Z] {2,}\S.*\S", line) for line in listed)


def test_no_rule_is_cut_at_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    file = Terminal()
    monkeypatch.setattr(sys, "stdout", file)
    rules("text")
    lines = bare(file.getvalue()).splitlines()
    assert all(len(line) <= 80 for line in lines)
    start = lines[0].index("what it means")
    words = " ".join(line[start:].strip() for line in lines)
    for rule in all_rules().values():
        assert any(line.startswith(f"{rule.code} ") and f" {rule.name} " in line for line in lines)
        assert " ".join(rule.title.split()) in words
