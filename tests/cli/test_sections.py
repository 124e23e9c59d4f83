"""Help that is worth reading at 80 columns: sections with headings, and every option once."""

from __future__ import annotations

import re
import shutil

import pytest
import typer

from tests.cli.conftest import Invoke
from tracker_diag.cli import app
from tracker_diag.cli.sections import JUDGED, TOLD, WHEN, WHERE, WHICH, WRITTEN


def sections(text: str) -> dict[str, str]:
    """Heading to what stands below it."""
    parts = re.split(r"^(\w[^\n]*):\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(
    ("command", "headings"),
    [
        ("sweep", [WHICH, WHERE, WRITTEN, TOLD, JUDGED, WHEN, "Other options"]),
        ("diagnose", [WHICH, WHERE, WRITTEN, TOLD, JUDGED, "Other options"]),
    ],
)
def test_every_option_stands_under_a_heading_once(
    diag: Invoke, monkeypatch: pytest.MonkeyPatch, command: str, headings: list[str]
) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: (80, 24))
    text = diag(command, "--help", uri=None).stdout
    assert all(len(line) <= 80 for line in text.splitlines())
    found = sections(text)
    assert [heading for heading in found if heading != "Arguments"] == headings
    assert found["Other options"].split() == ["-h,", "--help", "Show", "this", "message", "and", "exit."]
    for param in typer.main.get_command(app).commands[command].params:  # type: ignore[attr-defined]
        for name in param.opts if param.param_type_name == "option" else ():
            assert len(re.findall(rf"(?m)^  (?:-\w, )?(?:--[\w-]+ / )?{name}\b(?!-)", text)) == 1, name


def test_no_type_of_python_is_shown(diag: Invoke) -> None:
    for command in ("sweep", "diagnose"):
        assert not re.search(r"<\w+", diag(command, "--help", uri=None).stdout)
