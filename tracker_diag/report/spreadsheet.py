"""Text in the cell of a spreadsheet: shown, never executed."""

from __future__ import annotations

import re

from tracker_diag.core.outgoing import clean

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
# What a spreadsheet takes for the beginning of a formula; the last four are what some turn into the first four.
_FORMULA = tuple("=+-@＝＋－＠")


def safe(text: str) -> str:
    """Make a text one that no spreadsheet executes; one line."""
    shown = clean(text).strip()
    return f"'{shown}" if shown.startswith(_FORMULA) and not _NUMBER.fullmatch(shown) else shown
