"""Spans of time as people write them."""

from __future__ import annotations

import re

LONGEST = 100 * 365.25 * 86400
"""Seconds: a century. Nobody means more, and databases count no further than some of it."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(text: str) -> float:
    """Read a span of time: ``15m``, ``24h``, ``1h30m``, ``7d``.

    Parameters
    ----------
    text : str
        Numbers, each with its unit: s, m, h, d or w.

    Returns
    -------
    float
        Seconds, above zero.

    Raises
    ------
    ValueError
        If it is no span, not above zero, or above a century.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.lower())
    if not parts or re.sub(r"\s", "", text.lower()) != "".join(n + unit for n, unit in parts):
        raise ValueError("write a time span such as 15m, 24h or 7d")
    total = sum(float(n) * _SECONDS[unit] for n, unit in parts)
    if total <= 0:
        raise ValueError("it must be longer than 0")
    if total > LONGEST:
        raise ValueError("it must not exceed 100 years")
    return total
