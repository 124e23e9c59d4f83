"""A sweep as annotations of GitHub Actions: workflow commands, which the runner reads from what a step prints."""

from __future__ import annotations

from collections.abc import Iterator

from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean, web_link
from tracker_diag.report.wording import counted
from tracker_diag.sweeping.document import ANYTHING, Asked, all_rows, called, said
from tracker_diag.sweeping.result import Swept

SHOWN = 10
"""Annotations of one level that GitHub shows of a step; what is beyond them it drops without a word."""


def render(swept: Swept, _: Asked = ANYTHING) -> str:
    """Write an annotation for each run that is not green and not accepted, and for each that could not be read.

    At most ten errors and ten warnings, as many as GitHub shows; a notice counts the others.

    Returns
    -------
    str
        A command a line; empty where nothing is to be said.
    """
    errors = [*_found(swept, Severity.ERROR), *_failed(swept)]
    warnings = list(_found(swept, Severity.WARNING))
    lines = errors[:SHOWN] + warnings[:SHOWN]
    if rest := len(errors) + len(warnings) - len(lines):
        lines.append(
            _command(
                "notice",
                "tracker-diag",
                f"{counted(rest, 'more run')} with a warning or an error, or that could not be diagnosed",
            )
        )
    return "".join(f"{line}\n" for line in lines)


def _found(swept: Swept, severity: Severity) -> Iterator[str]:
    for row in all_rows(swept):
        if row.severity is severity and not row.accepted:
            where = f" in {row.experiment}" if row.experiment else ""
            link = f" {address}" if (address := web_link(row.link)) else ""
            yield _command(str(severity), f"{row.verdict}: {called(row)}{where}", said(row) + link)


def _failed(swept: Swept) -> Iterator[str]:
    for failure in swept.failures:
        yield _command("error", f"run {failure.id} could not be diagnosed", failure.reason)


def _command(level: str, title: str, message: str) -> str:
    # Cleaned first: escaped line breaks come back as line breaks.
    head = _escaped(clean(title, 250)).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={head}::{_escaped(clean(message))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
