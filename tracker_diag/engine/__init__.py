"""Run × rules → Report. Reaches rules only through the registry, and does no input or output."""

from tracker_diag.engine.diagnosis import diagnose

__all__ = ["diagnose"]
