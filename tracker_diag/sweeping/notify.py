"""One message per sweep about what is new and severe, to whatever Apprise reaches: Slack, Teams, mail and more."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from tenacity import retry, retry_if_result, stop_after_attempt, wait_random_exponential

from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean, keep_secret, web_link
from tracker_diag.report.wording import counted
from tracker_diag.sweeping.result import Row
from tracker_diag.sweeping.spending import in_words, spending

LINES = 20
"""Runs named in one message; more are counted."""
LONGEST_NAME, LONGEST_WORD, LONGEST_LINK, LONGEST_ERROR = 80, 40, 300, 400
"""Letters of a run's name, of a verdict or cause, of an address, and of why a sweep failed; more are cut off, or, of an
address, left out."""

# Characters that chats and mail interpret, and harmless look-alikes.
_TWINS = str.maketrans({
    "@": "(at)", "<": "‹", ">": "›", "[": "(", "]": ")", "{": "(", "}": ")", "*": "∗", "~": "∼", "|": "¦", "`": "'",
    "#": "♯", "$": "＄", "^": "ˆ", "\\": "∖", '"': "'", "&": "＆",
})  # fmt: skip
# A colon makes addresses and emoji, a dot before a letter makes names of hosts, an underscore is markup but in a word.
_COLON, _DOT, _UNDERSCORE = (
    re.compile(r":(?=\S)"),
    re.compile(r"\.(?=[^\W\d_])"),
    re.compile(r"(?<![^\W_])_|_(?![^\W_])"),
)


class NotifyError(Exception):
    """A message that cannot be sent; one line, without the address, which holds a secret."""


def digest(rows: Sequence[Row], error: str = "") -> tuple[str, str] | None:
    """Title and text of the message, or None where nothing is new and severe.

    A run is new when its verdict or its severity differs from what its tags said before this sweep wrote them: nobody
    is told of the same run twice for the same verdict, and no record is kept but the tags. What a baseline accepts is
    not told.

    Parameters
    ----------
    rows : sequence of Row
        All of a sweep.
    error : str
        Why the sweep failed, where it did: that is told too.
    """
    news = [row for row in rows if row.news and not row.accepted and row.severity.rank >= Severity.WARNING.rank]
    if not news:
        return ("A sweep failed", _failed(error)) if error else None
    wasted = sum(row.severity is Severity.ERROR for row in news)
    title = f"{counted(len(news), 'training run')} need{'s' if len(news) == 1 else ''} attention"
    lines = [_line(row) for row in news[:LINES]]
    if len(news) > LINES:
        lines.append(f"… and {len(news) - LINES:,} more")
    if cost := in_words(spending(news)):
        lines.append(cost)
    if error:
        lines.append(_failed(error))
    return (f"{title} ({wasted:,} wasted)" if wasted else title), "\n".join(lines)


def plain(text: str, limit: int) -> str:
    """Text of a run that no chat and no mail takes for a mention, a link or markup, cut to the limit.

    Each letter that could act is replaced by one that looks like it, so that ``my_run_1`` and ``lr=0.1`` stay as they
    are, ``@everyone`` becomes ``(at)everyone`` and ``http://x.com`` becomes ``http∶//x․com``.
    """
    shown = _UNDERSCORE.sub("-", _DOT.sub("․", _COLON.sub("∶", clean(text, limit)))).translate(_TWINS)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def send(urls: Sequence[str], title: str, body: str) -> None:
    """Send a message to every address, each up to three times.

    Raises
    ------
    NotifyError
        If an address is not one, or did not take the message; the others have it.
    """
    failed = []
    for url in urls:
        service = _service(url)
        if not _attempt(service, title, body):
            failed.append(_scheme(url) or "the address")
    if failed:
        raise NotifyError(f"could not send the message to {', '.join(failed)}: check the address and the network")


def check(urls: Sequence[str]) -> None:
    """Refuse an address that Apprise cannot read, before a sweep begins; from here on none of them is shown."""
    for url in urls:
        keep_secret(url, whole=True)
        _service(url)


@retry(
    retry=retry_if_result(lambda sent: not sent),
    stop=stop_after_attempt(3),
    wait=wait_random_exponential(multiplier=0.5, max=10),
    retry_error_callback=lambda _: False,
)
def _attempt(service: object, title: str, body: str) -> bool:
    from apprise import NotifyFormat

    # Declared as TEXT, so that Apprise escapes it for HTML and Markdown targets.
    return bool(service.notify(title=title, body=body, body_format=NotifyFormat.TEXT))  # type: ignore[attr-defined]


def _service(url: str) -> object:
    try:
        import apprise
    except ImportError:
        raise NotifyError("Apprise is not installed: pip install 'tracker-diag[notify]'") from None
    # Its messages quote the address.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    service = apprise.Apprise()
    if not service.add(url):
        scheme = f" {_scheme(url)}…" if _scheme(url) else ""
        raise NotifyError(f"--notify{scheme}: not a valid Apprise URL (not shown, because it may hold a secret)")
    return service


def _scheme(url: str) -> str:
    scheme, sign, _ = url.partition("://")
    return f"{clean(scheme, 20)}://" if sign else ""


def _line(row: Row) -> str:
    name = plain(row.name or row.id, LONGEST_NAME)
    cause = f", likely {plain(row.cause, LONGEST_WORD)}" if row.cause else ""
    address = web_link(row.link)
    link = f" {address}" if address and len(address) <= LONGEST_LINK else ""
    return f'{row.severity.upper()} {plain(row.verdict, LONGEST_WORD)}{cause}: "{name}"{link}'


def _failed(error: str) -> str:
    return f"The sweep failed: {plain(error, LONGEST_ERROR)}"
