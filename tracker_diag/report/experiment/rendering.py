"""The forms of an experiment's page, by name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # What is shown of an experiment brings SciPy, which a command that only checks these names need not wait for.
    from tracker_diag.report.experiment.overview import Overview

FORMS = ("html", "markdown", "json", "csv")
SUFFIXES = {".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown", ".json": "json", ".csv": "csv"}
"""What a file's name ends with, and the form that it asks for."""


def render(form: str, overview: Overview) -> str:
    """Write an overview in one of ``FORMS``."""
    text: str = import_module(f"tracker_diag.report.experiment.as_{form}").render(overview)
    return text
