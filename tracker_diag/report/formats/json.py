"""A report as JSON, for other programs: strict, and the same bytes for the same report."""

from __future__ import annotations

from tracker_diag.core.report import Report
from tracker_diag.report.schema import to_json


def render(report: Report) -> str:
    """Write a report as JSON.

    Returns
    -------
    str
        What ``to_json`` gives, as text; ends with a newline.
    """
    return to_json(report).decode()
