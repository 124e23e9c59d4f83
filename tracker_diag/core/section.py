"""The section of a run's description that a user may ask for: where it stands, and whether it is still ours.

A description is the user's text. What is put into it lies between two comments, of which the first carries a hash of
what follows: a section that somebody has written into, or whose marks are damaged, is theirs and is left as it is.
"""

from __future__ import annotations

import hashlib
import re
from enum import Enum

_END = "<!-- /tracker-diag -->"
_BEGIN = re.compile(r"<!-- tracker-diag ([0-9a-f]{16}) -->")
_MARK = re.compile(r"<!--\s*/?\s*tracker-diag\b")
_SECTION = re.compile(rf"{_BEGIN.pattern}\n(.*?)\n{re.escape(_END)}", re.DOTALL)
_BETWEEN = "\n\n"


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
    found = _SECTION.search(text)
    return State.OURS if found is not None and marks == 2 and found[1] == _digest(found[2]) else State.EDITED


def with_section(text: str, body: str) -> str:
    """Put our section into a description, after the user's own text, or in place of the one that is there.

    Parameters
    ----------
    text : str
        The description.
    body : str
        What the section says, in Markdown; it must hold no mark of a section.

    Returns
    -------
    str
        The description itself, unchanged, where somebody has edited the section.
    """
    before = state(text)
    if before is State.EDITED:
        return text
    section = f"<!-- tracker-diag {_digest(body)} -->\n{body}\n{_END}"
    if before is State.OURS:
        return _SECTION.sub(lambda _: section, text, count=1)
    return f"{text}{_BETWEEN}{section}" if text else section


def without_section(text: str) -> str:
    """Take our section out of a description, with the blank line before it; one that somebody edited stays."""
    found = _SECTION.search(text)
    if found is None or state(text) is not State.OURS:
        return text
    return text[: found.start()].removesuffix(_BETWEEN) + text[found.end() :]


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:16]
