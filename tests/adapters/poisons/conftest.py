"""The sweep as the command line runs it, over a store in which somebody put what should not be there."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tracker_diag.cli import app
from tracker_diag.cli.console import QUIET


@dataclass(frozen=True)
class Outcome:
    """What a sweep said.

    Attributes
    ----------
    code : int
        Exit code.
    output : str
        All that was printed.
    failures : mapping of str to str
        Run id to reason.
    diagnosed, not_stored : int
        Runs; those without their reports.
    """

    code: int
    output: str
    failures: Mapping[str, str]
    diagnosed: int
    not_stored: int


Sweep = Callable[..., Outcome]


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sweep]:
    """Sweep all of a store and write all reports; nothing that is printed may be a traceback."""
    for name in ("MLFLOW_TRACKING_URI", "TRACKER_DIAG_NOTIFY"):
        monkeypatch.delenv(name, raising=False)

    def swept(uri: str, *words: str) -> Outcome:
        summary = tmp_path / "summary.json"
        command = ["sweep", "--all", "--artifacts", "all", "--tracking-uri", uri, "--summary", str(summary), *words]
        result = CliRunner().invoke(app, command)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        data = json.loads(summary.read_text())
        summary.unlink()
        failures = {failure["run_id"]: failure["reason"] for failure in data["failures"]}
        return Outcome(result.exit_code, result.output, failures, data["runs"]["diagnosed"], data["not_stored"])

    # A command sets the environment and the loggers of the trackers' clients, as if it owned its process.
    environment, levels = dict(os.environ), {name: logging.getLogger(name).level for name in QUIET}
    yield swept
    os.environ.clear()
    os.environ.update(environment)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
