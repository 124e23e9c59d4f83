"""One message a sweep about what is new and severe, to whatever Apprise reaches: Slack, Teams, mail and more."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from tenacity import retry, retry_if_result, stop_after_attempt, wait_random_exponential

from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean
from tracker_diag.report.words import counted
from tracker_diag.sweep import Row

LINES = 20
"""Runs named in one message; more are counted."""


class NotifyError(Exception):
    """A message that cannot be sent; one line, without the address, which holds a secret."""


def digest(rows: Sequence[Row]) -> tuple[str, str] | None:
    """Title and text of the message, or None where nothing is new and severe.

    A run is new when its verdict or its severity differs from what its tags said before this sweep wrote them: nobody
    is told of the same run twice for the same verdict, and no record is kept but the tags.
    """
    news = [row for row in rows if row.news and row.severity.rank >= Severity.WARNING.rank]
    if not news:
        return None
    wasted = sum(row.severity is Severity.ERROR for row in news)
    title = f"{counted(len(news), 'training run')} need{'s' if len(news) == 1 else ''} a look"
    lines = [_line(row) for row in news[:LINES]]
    if len(news) > LINES:
        lines.append(f"… and {len(news) - LINES} more")
    return (f"{title} ({wasted} wasted)" if wasted else title), "\n".join(lines)


def send(urls: Sequence[str], title: str, body: str) -> None:
    """Send a message to every address, each up to three times.

    Raises
    ------
    NotifyError
        If an address is none, or did not take the message; the others have it.
    """
    failed = []
    for url in urls:
        service = _service(url)
        if not _attempt(service, title, body):
            failed.append(_scheme(url))
    if failed:
        raise NotifyError(f"the message was not taken by {', '.join(failed)}")


def check(urls: Sequence[str]) -> None:
    """Refuse an address that Apprise cannot read, before a sweep begins."""
    for url in urls:
        _service(url)


@retry(
    retry=retry_if_result(lambda sent: not sent),
    stop=stop_after_attempt(3),
    wait=wait_random_exponential(multiplier=0.5, max=10),
    retry_error_callback=lambda _: False,
)
def _attempt(service: object, title: str, body: str) -> bool:
    return bool(service.notify(title=title, body=body))  # type: ignore[attr-defined]


def _service(url: str) -> object:
    try:
        import apprise
    except ImportError:
        raise NotifyError("Apprise is not installed: pip install 'tracker-diag[notify]'") from None
    # Its messages quote the address.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    service = apprise.Apprise()
    if not service.add(url):
        raise NotifyError(f"--notify {_scheme(url)}…: not an address that Apprise knows (github.com/caronc/apprise)")
    return service


def _scheme(url: str) -> str:
    scheme, sign, _ = url.partition("://")
    return f"{clean(scheme, 20)}://" if sign else "the address"


def _line(row: Row) -> str:
    name = clean(row.name or row.id, 80)
    cause = f", likely {row.cause}" if row.cause else ""
    link = f" {row.link}" if row.link else ""
    return f"{row.severity.upper()} {row.verdict}{cause}: {name}{link}"
