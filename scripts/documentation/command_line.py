"""The command line, as its own help shows it."""

from __future__ import annotations

import click
import typer
from typer.testing import CliRunner

from scripts.documentation.markdown import GENERATED
from tracker_diag.cli import app

COLUMNS = 96


def page() -> str:
    """The page."""
    group = typer.main.get_command(app)
    names = group.list_commands(click.Context(group))  # type: ignore[attr-defined]
    return (
        f"{GENERATED}# Command line\n\n"
        "This page shows what `tracker-diag --help` and `tracker-diag COMMAND --help` print.\n\n"
        + _help()
        + "".join(f"\n## {name}\n\n{_help(name)}" for name in names)
    )


def _help(*command: str) -> str:
    done = CliRunner(env={"COLUMNS": str(COLUMNS), "NO_COLOR": "1", "TERM": "dumb"}).invoke(
        app, [*command, "--help"], prog_name="tracker-diag", terminal_width=COLUMNS, catch_exceptions=False
    )
    return f"```text\n{done.output.strip()}\n```\n"
