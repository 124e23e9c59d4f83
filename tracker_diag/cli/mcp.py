"""``mcp`` gives agents the tools of this package."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from tracker_diag.cli.connect import place
from tracker_diag.cli.console import hush
from tracker_diag.cli.errors import UsageError, complain
from tracker_diag.cli.options import ConfigOption, ProjectOption, TrackerOption, UriOption, read_settings
from tracker_diag.cli.sections import WRITTEN


def mcp(
    tracker: TrackerOption = None,
    tracking_uri: UriOption = None,
    project: ProjectOption = None,
    config: ConfigOption = None,
    write: Annotated[
        bool,
        typer.Option("--write", help="Let agents write diagnoses into the tracker.", rich_help_panel=WRITTEN),
    ] = False,
) -> None:
    """Run an MCP server for AI agents.

    The server speaks the Model Context Protocol on stdin and stdout. An agent can list runs, diagnose them and look up
    what a verdict means. It can write only if --write is given, and it can reach no other tracker than the one given
    here. How to add the server to an agent:

    \b
      https://tracker-diag.github.io/tracker-diag/
    """  # noqa: D301  click wants a real backspace
    from tracker_diag.cli.watch import start_log

    hush()
    start_log("text")
    try:
        from tracker_diag.agents.serving import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise UsageError("the package mcp 2.0 or later is not installed: pip install 'tracker-diag[mcp]'") from None
    from tracker_diag.agents.source import Source
    from tracker_diag.rules.verdicts import verdicts

    projects = tuple(project or ())
    where = place(tracker, tracking_uri, projects)
    # A wrong setting is said at the start, and all rules are loaded before several threads ask for them.
    read_settings(config, None)
    source = Source(where, projects, lambda: read_settings(config, None), verdicts())
    if sys.stdin.isatty():
        complain("MCP server on stdin and stdout, meant to be started by an agent; press Ctrl-C to stop it", label="")
    # A thread waits for the next line of stdin, and nothing but the end of the process ends that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(source, may_write=write)
