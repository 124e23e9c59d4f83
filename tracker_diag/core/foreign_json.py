"""JSON that somebody else wrote, read without trusting it."""

from __future__ import annotations

import json
from typing import Any


def read_json(text: str | bytes) -> Any:
    """Parse a JSON text; bare NaN and Infinity are read as such.

    Raises
    ------
    ValueError
        If it is not JSON, or nested too deeply to be read: the one exception for whatever is wrong with it.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def fault(error: ValueError) -> str:
    """Say what is wrong with a file that should hold JSON of ours; where it holds something else altogether, only that.

    Parameters
    ----------
    error : ValueError
        What reading it as text, or as JSON, raised.
    """
    return "not JSON" if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) else str(error)


def read_json_mapping(text: str | bytes | None) -> dict[str, Any] | None:
    """Parse a JSON text that should hold an object; None for any other, and for none."""
    try:
        value = read_json(text or "null")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
