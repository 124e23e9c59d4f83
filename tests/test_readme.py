"""The README is true: its commands exist, its Python runs, and it names every verdict."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.catalogue import CATALOGUE
from tracker_diag.cli import app
from tracker_diag.rules.rule import ABSTENTION
from tracker_diag.rules.verdicts import precedence

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(tracker-diag .+)$|`(tracker-diag [^`]+)`", TEXT, re.MULTILINE)


def commands() -> dict[str, Any]:
    """The commands by name."""
    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", [block or inline for block, inline in COMMANDS])
def test_a_command_is_understood(line: str) -> None:
    name, *arguments = shlex.split(line, comments=True)[1:]
    context = commands()[name].make_context(name, arguments)
    assert not context.args


def test_an_unknown_option_is_not_understood() -> None:
    with pytest.raises(Exception, match=r"No such option:? '?--everything"):
        commands()["sweep"].make_context("sweep", ["--everything"])


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_every_verdict_is_explained() -> None:
    table = TEXT.split("## Verdicts")[1].split("## ")[0]
    explained = set(re.findall(r"^\| \[?([a-z-]+[a-z])", table, re.MULTILINE)) - {"verdict"}
    assert explained <= {*precedence(), ABSTENTION}
    assert explained >= {ABSTENTION, *(name for name in precedence() if name in CATALOGUE.values())}


def test_the_scripts_it_names_can_be_run() -> None:
    for name in re.findall(r"^(scripts/\w+)", TEXT, re.MULTILINE):
        path = Path(__file__).parents[1] / name
        assert path.stat().st_mode & 0o111, name
