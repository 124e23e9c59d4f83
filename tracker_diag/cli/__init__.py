"""The command line. Each command is a module; what a command needs is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker_diag.cli import catalogue, clean, committed, diagnose, mcp, report, sweep
from tracker_diag.cli.errors import Commands
from tracker_diag.cli.sections import Sections
from tracker_diag.core.version import __version__

app = typer.Typer(
    name="tracker-diag",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="""\b
Examples:
  tracker-diag diagnose -r 3f2a… --dry-run   diagnose one run, write nothing
  tracker-diag sweep -e 'vision-*'           diagnose new and changed runs
  tracker-diag sweep --all --every 15m       diagnose every 15 minutes
  tracker-diag explain overfitting           what it means and what to do
\b
Exit codes:
  0  success
  1  a run has the severity given with --fail-on, or a worse one
  2  wrong usage, wrong configuration or an unknown run
  3  the tracker could not be reached, or refused the request
  4  some runs could not be diagnosed (the others were), the disk is full,
     or there is a bug in tracker-diag""",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"tracker-diag {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Find out why a network fails to learn, from its runs in MLflow or W&B, and write the answer back."""


app.command("diagnose", cls=Sections)(diagnose.diagnose)
app.command("sweep", cls=Sections)(sweep.sweep)
app.command("committed", cls=Sections)(committed.committed)
app.command("rules", cls=Sections)(catalogue.rules)
app.command("explain", cls=Sections)(catalogue.explain)
app.command("report", cls=Sections)(report.report)
app.command("clean", cls=Sections)(clean.clean)
app.command("mcp", cls=Sections)(mcp.mcp)


def main() -> None:
    """Run the command line."""
    app(prog_name="tracker-diag")
