"""Tests of what asks a sweep for documents, which wait until it makes them."""

from __future__ import annotations

import pytest
import typer

from tracker_diag.cli import app

_sweep = typer.main.get_command(app).commands["sweep"]  # type: ignore[attr-defined]
needs_formats = pytest.mark.skipif(
    not any("--format" in option.opts for option in _sweep.params), reason="sweep has no --format"
)
