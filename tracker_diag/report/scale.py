"""Axes: which values they span, linear or logarithmic, and where their ticks are."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from tracker_diag.report.wording import number

LOG_DECADES = 2.5  # positive values that span more than this are unreadable on a linear axis


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis.

    Attributes
    ----------
    low, high : float
        Finite, low < high.
    log : bool
        Whether it is logarithmic; then low is positive.
    ticks : tuple of (float, str)
        Position in the axis' unit, and label.
    """

    low: float
    high: float
    log: bool
    ticks: tuple[tuple[float, str], ...]

    def place(self, value: float) -> float:
        """Where a finite value lies between low (0) and high (1), held to that range."""
        if self.log:
            low, high = math.log10(self.low), math.log10(self.high)
            share = (math.log10(max(value, self.low)) - low) / (high - low)
        else:
            # Divided by the larger end first: 1e308 minus -1e308 would overflow, and half a denormal vanish.
            unit = max(abs(self.low), abs(self.high))
            share = (value / unit - self.low / unit) / (self.high / unit - self.low / unit)
        return min(1.0, max(0.0, share))


def value_scale(values: Iterable[float], count: int = 5) -> Scale:
    """Make an axis for metric values; logarithmic where they are all positive and span more than ``LOG_DECADES``."""
    low, high = _ends(values)
    if low > 0 and math.log10(high) - math.log10(low) > LOG_DECADES:
        return Scale(low, high, True, _log_ticks(low, high, count))
    return Scale(low, high, False, _linear_ticks(low, high, count, whole=False))


def step_scale(steps: Iterable[float], count: int = 6) -> Scale:
    """Make an axis for steps; ticks at whole steps where all steps are whole."""
    known = [x for x in steps if math.isfinite(x)]
    whole = all(x == int(x) for x in known)
    low, high = (known[0] - 1, known[0] + 1) if len(set(known)) == 1 and abs(known[0]) < 2**52 else _ends(known)
    return Scale(low, high, False, _linear_ticks(low, high, count, whole=whole))


def _ends(values: Iterable[float]) -> tuple[float, float]:
    finite = [x for x in values if math.isfinite(x)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    if low < high:
        return low, high
    pad = max(abs(low) * 0.5, 5e-324) if low else 1.0
    top = sys.float_info.max
    return max(-top, low - pad), min(top, high + pad)


def _linear_ticks(low: float, high: float, count: int, *, whole: bool) -> tuple[tuple[float, str], ...]:
    ends = ((low, number(low)), (high, number(high)))
    raw = max(high / count - low / count, 1.0 if whole else 0.0)
    power = 10.0 ** math.floor(math.log10(raw)) if raw > 0 else 0.0
    step = next((m * power for m in (1, 2, 5) if m * power >= raw * (1 - 1e-9)), 10 * power)
    if step == 0 or not math.isfinite(step):
        return ends
    first, last = math.ceil(low / step), math.floor(high / step)
    positions = sorted({k * step for k in range(first, last + 1)})
    if len(positions) < 2:
        return ends
    return tuple((x, _label(x, step, max(abs(low), abs(high)))) for x in positions)


def _label(value: float, step: float, largest: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if largest < 1e6 and decimals <= 5:
        return f"{value:,.{decimals}f}" if abs(value) >= 10_000 else f"{value + 0.0:.{decimals}f}"
    digits = math.ceil(math.log10(largest) - math.log10(step)) + 1
    return number(value, min(17, max(1, digits)))


def _log_ticks(low: float, high: float, count: int) -> tuple[tuple[float, str], ...]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    stride = math.ceil((last - first + 1) / (count + 1))
    powers = range(first + (last - first) % stride, last + 1, stride)
    return tuple((x, number(x) if -4 <= k <= 4 else f"1e{k}") for k in powers if (x := float(f"1e{k}")) > 0)
