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


def mcp(
    tracker: TrackerOption = None,
    tracking_uri: UriOption = None,
    project: ProjectOption = None,
    config: ConfigOption = None,
    write: Annotated[bool, typer.Option("--write", help="Let agents ask for diagnoses to be written.")] = False,
) -> None:
    """Serve agents over MCP.

    The Model Context Protocol is spoken on stdin and stdout. An agent can list runs, diagnose them and read what a
    verdict means, and writes nothing without --write. The tracker is the one named here, whatever an agent asks for.
    How to add it to an agent: docs/mcp.md.
    """
    from tracker_diag.cli.watch import start_log

    hush()
    start_log("text")
    try:
        from tracker_diag.agents.serving import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise UsageError("agents are served by the package mcp, from 2.0 on: pip install 'tracker-diag[mcp]'") from None
    from tracker_diag.agents.source import Source
    from tracker_diag.rules.verdicts import verdicts

    projects = tuple(project or ())
    where = place(tracker, tracking_uri, projects)
    # A wrong setting is said at the start, and all rules are loaded before several threads ask for them.
    read_settings(config, None)
    source = Source(where, projects, lambda: read_settings(config, None), verdicts())
    if sys.stdin.isatty():
        complain("speaks MCP on stdin and stdout, for an agent that starts it; Ctrl-C ends it", label="")
    # A thread waits for the next line of stdin, and nothing but the end of the process ends that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(source, may_write=write)
