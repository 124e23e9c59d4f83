"""Numbers as sentences say them: ``0.382``, ``12,000``, ``8 billion times``, ``71%``, ``less than 1%``."""

from __future__ import annotations

import math

_NAMED = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
#: From here on powers of ten are read more easily than "1,000,000 trillion".
_LARGEST_NAMED = 1e15
#: Below this a number has too many zeros after the point to count.
_SMALLEST_PLAIN = 1e-4
_GROUPED = 1e4


def figure(value: float, digits: int = 3) -> str:
    """Write a number to some significant digits.

    Whole numbers below a million keep all of theirs; ``NaN``, ``Inf`` and ``-Inf`` are written so.

    Parameters
    ----------
    value : float
        Any number.
    digits : int
        Significant digits.

    Examples
    --------
    >>> from tracker_diag.core.numbers import figure
    >>> [figure(x) for x in (0.38194, 12000, 1e-5, 8.04e9, 1e20, float("nan"))]
    ['0.382', '12,000', '1e-5', '8.04 billion', '1e20', 'NaN']
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    rounded = float(f"{value:.{digits}g}")
    size = abs(rounded)
    if size < 1e6 and value == int(value):
        return f"{int(value):,}" if size >= _GROUPED else str(int(value))
    if size >= _LARGEST_NAMED or 0 < size < _SMALLEST_PLAIN:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return f"{float(mantissa):g}e{int(power)}"
    for unit, name in _NAMED:
        if size >= unit:
            return f"{rounded / unit:g} {name}"
    return f"{rounded:,.0f}" if size >= _GROUPED else f"{rounded:.{max(digits, 4)}g}"


def times(ratio: float) -> str:
    """Say how many times as large something is.

    Examples
    --------
    >>> from tracker_diag.core.numbers import times
    >>> [times(x) for x in (3.21, 250.4, 8e9)]
    ['3.2 times', '250 times', '8 billion times']
    """
    return f"{figure(ratio, 2)} times"


def share(part: float) -> str:
    """Write a share in per cent, never rounding something to nothing or a part to the whole.

    Parameters
    ----------
    part : float
        In [0, 1] mostly; more than 1 is more than 100%.

    Examples
    --------
    >>> from tracker_diag.core.numbers import share
    >>> [share(x) for x in (0.714, 0.004, 0.998, 1.0, 0.0, -0.02)]
    ['71%', 'less than 1%', 'over 99%', '100%', '0%', '-2%']
    """
    if not math.isfinite(part):
        return figure(part)
    if 0 < part <= 0.005:
        return "less than 1%"
    if 0.995 <= part < 1:
        return "over 99%"
    return f"{100 * part:,.0f}%".replace("-0%", "0%")
