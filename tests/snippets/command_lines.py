"""Command lines as pages write them: taken apart, and held against the real command line and its extras."""

from __future__ import annotations

import re
import shlex
import tomllib

import typer
from packaging.requirements import Requirement

from tests.copies import ROOT
from tests.snippets.blocks import Block
from tracker_diag.cli import app

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: What ends a command for a shell.
_ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "2>", "<"}


def lines(block: Block) -> list[str]:
    """Give the commands of a block, those that go on after a backslash as one; of a console those after ``$``."""
    text = block.text
    if block.language == "console":
        text = "\n".join(line[2:] for line in text.splitlines() if line.startswith(("$ ", "> ")))
    if "<<" in text:
        return [text]
    joined = text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def ours(line: str) -> list[list[str]]:
    """Give the words after each ``tracker-diag`` of a line that runs it, in a container or for another program too.

    What a shell would put in is left as a word.
    """
    found = []
    words = shlex.split(re.sub(r"\$\([^)]*\)", "SUBSTITUTED", line), comments=True)
    for i, word in enumerate(words):
        if not re.fullmatch(r"(?:\S*/)?tracker-diag(?::[\w.]+)?", word) or i + 1 == len(words):
            continue
        # A name that is given to what is built.
        if i and words[i - 1] in ("--tag", "-t"):
            continue
        after = words[i + 1 :]
        ends = [j for j, other in enumerate(after) if other in _ENDS]
        after = after[: ends[0]] if ends else after
        # `claude mcp add tracker-diag -- tracker-diag mcp`: the first is a name that is given.
        if after and after[0] != "--":
            found.append(after)
    return found


def check_ours(words: list[str]) -> None:
    """Parse the words with the real command line.

    Raises
    ------
    click.ClickException
        If the command line does not take them.
    """
    command = typer.main.get_command(app)
    if words[0].startswith("-"):
        assert words[0] in {"--help", "--version"}, words
        return
    known = command.commands  # type: ignore[attr-defined]
    assert words[0] in known, f"no such command: {words[0]}"
    if "--help" not in words:
        assert not known[words[0]].make_context(words[0], list(words[1:])).args


def check_pip(words: list[str]) -> None:
    """Hold what ``pip install`` is given against the project: its name, its extras, its folder."""
    assert words[0] == "install", words
    given = [word for word in words[1:] if not word.startswith("-")]
    assert given, words
    for word in given:
        path, _, extras = word.partition("[")
        requirement = Requirement(f"tracker-diag[{extras}" if extras and path == "." else word if path != "." else "x")
        if requirement.name == _PROJECT["name"]:
            assert requirement.extras <= _PROJECT["optional-dependencies"].keys(), word
