"""The two consoles, and what third parties may say on them: nothing."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

# A run's name is not markup: neither emoji nor colours are made of it.
_LITERAL: Any = {"highlight": False, "markup": False, "emoji": False}
QUIET = ("mlflow", "alembic", "wandb", "urllib3", "sqlalchemy", "distributed", "apscheduler", "apprise")


PIPED = 10_000
"""Columns of what is no terminal: a line there is as long as it is, and whoever reads it may search by lines."""


def stdout(width: int = PIPED) -> Console:
    """Open the console for what was asked for; wide where it is not a terminal."""
    from rich.console import Console

    class Stdout(Console):
        def on_broken_pipe(self) -> None:
            # Rich would leave with 1, which means something else here.
            raise BrokenPipeError

    return Stdout(width=None if sys.stdout.isatty() else width, **_LITERAL)


def plain(file: TextIO) -> Console:
    """Open a console on a file: no colours, and wide."""
    from rich.console import Console

    return Console(file=file, width=PIPED, force_terminal=False, no_color=True, **_LITERAL)


def stderr() -> Console:
    """Open the console for progress."""
    from rich.console import Console

    return Console(stderr=True, **_LITERAL)


def hush() -> None:
    """Keep the trackers' own clients quiet: their banners, progress bars, log lines and deprecation warnings.

    Called before they are imported, since they read their environment then. What the user has set stays.
    """
    for name, value in {
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GIT_PYTHON_REFRESH": "quiet",
        "WANDB_SILENT": "true",
        "WANDB_CONSOLE": "off",
        "WANDB_ERROR_REPORTING": "false",
    }.items():
        os.environ.setdefault(name, value)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
