"""A linter for training runs: reads what an experiment tracker holds, and says why a network fails to learn."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tracker_diag.core.version import __version__ as __version__

if TYPE_CHECKING:
    from tracker_diag import controls as controls
    from tracker_diag import probes as probes
    from tracker_diag.calls.diagnosing import diagnose as diagnose
    from tracker_diag.calls.diagnosing import diagnose_many as diagnose_many
    from tracker_diag.calls.reading_runs import read as read
    from tracker_diag.calls.reading_runs import read_all as read_all
    from tracker_diag.calls.sweeping_runs import sweep as sweep
    from tracker_diag.core.finding import Cause as Cause
    from tracker_diag.core.finding import Change as Change
    from tracker_diag.core.finding import Finding as Finding
    from tracker_diag.core.finding import Prescription as Prescription
    from tracker_diag.core.finding import Severity as Severity
    from tracker_diag.core.finding import Skip as Skip
    from tracker_diag.core.report import Report as Report
    from tracker_diag.core.run import InvalidRunError as InvalidRunError
    from tracker_diag.core.run import Run as Run
    from tracker_diag.core.run import Series as Series
    from tracker_diag.probes.watch_batches import watch_batches as watch_batches
    from tracker_diag.profile import profile_data as profile_data
    from tracker_diag.reading.file_format import ReadingError as ReadingError
    from tracker_diag.settings import Settings as Settings
    from tracker_diag.settings import load_settings as load_settings


# Looked up when first used: `tracker-diag --help` must not pay for numpy.
_HOMES = {
    "Cause": "core.finding",
    "Change": "core.finding",
    "Finding": "core.finding",
    "Prescription": "core.finding",
    "Report": "core.report",
    "Severity": "core.finding",
    "Skip": "core.finding",
    "InvalidRunError": "core.run",
    "Run": "core.run",
    "Series": "core.run",
    "Settings": "settings",
    "load_settings": "settings",
    "ReadingError": "reading.file_format",
    "diagnose": "calls.diagnosing",
    "diagnose_many": "calls.diagnosing",
    "read": "calls.reading_runs",
    "read_all": "calls.reading_runs",
    "sweep": "calls.sweeping_runs",
    "profile_data": "profile",
    "watch_batches": "probes.watch_batches",
}
_PARTS = ("controls", "probes")
"""Packages that are used by their own name: ``tracker_diag.controls.tiny_subset(…)``."""
__all__ = ["__version__", *sorted([*_HOMES, *_PARTS])]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"tracker_diag.{_HOMES[name]}"), name)
    if name in _PARTS:
        return import_module(f"tracker_diag.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
