"""A line for each finding, as GitHub shows them beside a pull request."""

from __future__ import annotations

from tracker_diag import Report, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def render(report: Report) -> str:
    """Write a workflow command for each finding; what a run contains is escaped, so that none of it is a command."""
    lines = [
        f"::{_LEVELS.get(finding.severity, 'notice')} title={_property(finding.name)}::{_text(finding.message)}"
        for finding in report.findings
        if finding.severity is not Severity.OK
    ]
    return "".join(f"{line}\n" for line in lines)


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
