"""The section of a run's description that a user may ask for: where it stands, and whether it is still ours.

A description is the user's text. What is put into it lies between two comments, of which the first carries a hash of
what follows: a section that somebody has written into, or whose marks are damaged, is theirs and is left as it is.
"""

from __future__ import annotations

import hashlib
import re
from enum import Enum

LONGEST = 5_000
"""Letters of a description with our section: what every server takes. MLflow cuts off what is beyond, without a word:
5,000 letters before 2.14, 8,000 since."""
LONGEST_BODY = 2_000
"""Letters of what a section may say: a description with less room than that gets none."""
_END = "<!-- /tracker-diag -->"
_BEGIN = re.compile(r"<!-- tracker-diag ([0-9a-f]{16}) -->")
_MARK = re.compile(r"<!--\s*/?\s*tracker-diag\b")
_SECTION = re.compile(rf"{_BEGIN.pattern}\n(.*?)\n{re.escape(_END)}", re.DOTALL)
_BETWEEN = "\n\n"
_UNREADABLE = "\ufffd"
"""Stands for bytes that are no text: a description that holds some cannot be written again as it was."""


class State(Enum):
    """What a description holds of ours."""

    ABSENT = "absent"
    OURS = "ours"
    EDITED = "edited"


def state(text: str) -> State:
    """Tell whether a description holds our section, and whether it is as we wrote it."""
    marks = len(_MARK.findall(text))
    if not marks:
        return State.ABSENT
    if _UNREADABLE in text:
        return State.EDITED
    found = _SECTION.search(text)
    return State.OURS if found is not None and marks == 2 and found[1] == _digest(found[2]) else State.EDITED


def lacks(text: str) -> bool:
    """Whether a description holds no section, and has room for one."""
    return state(text) is State.ABSENT and _UNREADABLE not in text and len(_added(text, "x" * LONGEST_BODY)) <= LONGEST


def with_section(text: str, body: str) -> str:
    """Put our section into a description, after the user's own text, or in place of the one that is there.

    Parameters
    ----------
    text : str
        The description.
    body : str
        What the section says, in Markdown; it must hold no mark of a section, and at most ``LONGEST_BODY`` letters.

    Returns
    -------
    str
        The description itself, unchanged, where somebody has edited the section. Without a section, where there is no
        room for it any more: an old one would say what is no longer so.
    """
    before = state(text)
    if before is State.EDITED or _UNREADABLE in text:
        return text
    new = _added(text, body) if before is State.ABSENT else _SECTION.sub(lambda _: _section(body), text, count=1)
    return new if len(new) <= LONGEST else without_section(text)


def without_section(text: str) -> str:
    """Take our section out of a description, with the blank line before it; one that somebody edited stays."""
    found = _SECTION.search(text)
    if found is None or state(text) is not State.OURS:
        return text
    return text[: found.start()].removesuffix(_BETWEEN) + text[found.end() :]


def _added(text: str, body: str) -> str:
    return f"{text}{_BETWEEN}{_section(body)}" if text else _section(body)


def _section(body: str) -> str:
    body = body.replace(_UNREADABLE, "?")
    return f"<!-- tracker-diag {_digest(body)} -->\n{body}\n{_END}"


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:16]
