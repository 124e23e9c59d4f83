"""A report as a section of the run's description: the verdict, the first cause, what to change, where the rest is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tracker_diag.core.finding import Change
from tracker_diag.core.outgoing import clean, web_link
from tracker_diag.core.report import Report
from tracker_diag.core.section import LONGEST_BODY
from tracker_diag.report.told import by_runs, changes_left, comparison, remedy, unsaid, why
from tracker_diag.report.wording import (
    headline,
    label,
    named_cause,
    shown,
)

_LONGEST_NAME, _LONGEST_VALUE, _LONGEST_SENTENCE = 60, 40, 300
_MOST_CHANGES = 6
_INSIDE = re.compile(r"#/[A-Za-z0-9._~/%=&?-]+")
# Every dialect shows an entity as its letter and takes it for no markup; a backslash is understood by some only.
_SPECIAL = re.compile(r"[\\`*{}\[\]<>|~$@&!#^¨]|(?<![^\W_])_|_(?![^\W_])|:(?=\S)|(?<=www)\.", re.IGNORECASE)


def note(report: Report, link: str = "") -> str:
    """Write a report as a few lines of Markdown, in which every text of the run is text and nothing else.

    Parameters
    ----------
    report : Report
        Of the run.
    link : str
        Where the whole report is: an address on the web, or ``#/…``, which stays on the site that shows the
        description. Left out where it is neither.

    Returns
    -------
    str
        At most :data:`tracker_diag.core.section.LONGEST_BODY` letters; what there is no room for is left out.
    """
    text = ""
    closing = _closing(report, link)
    for block in _blocks(report):
        if len(text) + len(block) + len(closing) > LONGEST_BODY:
            break
        text += block
    return text + closing


def _blocks(report: Report) -> Iterator[str]:
    """Parts that may follow each other, most important first, each with the line breaks before it.

    MLflow's page of a run shows four lines, and the rest on a click; its tables have no space between their columns.
    """
    yield f"**Diagnosis: {_text(report.verdict, _LONGEST_NAME)}** ({label(report)})"
    yield f" – {_text(headline(report), _LONGEST_SENTENCE)}"
    cause = named_cause(report)
    if cause is None:
        return
    yield f"\n\n**Most likely cause: {_text(cause.name, _LONGEST_NAME)}**"
    yield f"\n\n**What to do:** {_text(remedy(cause).removesuffix('.'), _LONGEST_SENTENCE)}"
    for change in changes_left(cause)[:_MOST_CHANGES]:
        yield f"; {_change(change)}"
    speaks, against = why(cause)
    # Of runs that were compared, the line of the verdict may have told the same.
    if reasons := unsaid("; ".join(speaks), [headline(report)]):
        yield f"\n\n**Why:** {_text('; '.join(reasons), _LONGEST_SENTENCE)}"
        if by_runs(cause):
            yield f" ({_text(comparison(report).replace('Compared', 'compared', 1), _LONGEST_SENTENCE)})"
    if against:
        yield f"\n\n**Against:** {_text('; '.join(against), _LONGEST_SENTENCE)}"


def _change(change: Change) -> str:
    param = _text(change.param, _LONGEST_NAME)
    before, after = (_text(shown(value, _LONGEST_VALUE), _LONGEST_VALUE) for value in (change.before, change.after))
    return f"set {param} to {after}" if change.before is None else f"change {param} from {before} to {after}"


def _closing(report: Report, link: str) -> str:
    href = web_link(link) or (link if _INSIDE.fullmatch(link) else "")
    where = f"[The whole report]({href}), by" if href and len(href) <= LONGEST_BODY // 2 else "By"
    return f"\n\n{where} tracker-diag {_text(report.version, _LONGEST_NAME)}".rstrip()


def _text(value: object, limit: int) -> str:
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", clean(value, limit).strip())
