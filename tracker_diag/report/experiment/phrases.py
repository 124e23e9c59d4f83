"""The words that all forms of an experiment's page share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from tracker_diag.core.outgoing import clean
from tracker_diag.report.experiment.overview import Measure, Overview, Row, clocked
from tracker_diag.report.wording import counted, duration, number, percent, shown
from tracker_diag.stats.contrasts import Contrast

P_WORDS = (
    "p tests each parameter as a whole and is corrected for the number of parameters tested. It can be small even if "
    "every interval of that parameter contains 0."
)
_DAY = 24 * 3600.0


def moment(start: float, length: float) -> str:
    """Name a period by its beginning, as precisely as its length asks for, in UTC."""
    time = datetime.fromtimestamp(start, UTC)
    if length < _DAY:
        return f"{time.day} {time:%b %H:%M}"
    return f"{time.day} {time:%b %Y}" if length <= 7 * _DAY else f"{time:%b %Y}"


def stamp(time: float | None) -> str:
    """Write a time to the minute, in UTC; empty for none, and for what no clock shows."""
    known = clocked(time)
    return "" if known is None else f"{datetime.fromtimestamp(known, UTC):%Y-%m-%d %H:%M}"


def took(row: Row) -> str:
    """Write how long a run took."""
    known = clocked(row.seconds)
    return "" if known is None else duration(known)


def wasted(row: Row) -> str:
    """Write how much of that was wasted; empty for none, a question mark if not known."""
    known = clocked(row.wasted)
    return "?" if known is None else duration(known) if known else ""


def ended(row: Row) -> str:
    """Write when a run ended; of one that has not, its status."""
    return stamp(row.end) or row.status.lower()


def heading(overview: Overview) -> str:
    """Say in one line how the runs stand: ``2,000 runs: 31 error, 402 warning, 1,567 ok``."""
    counts = ", ".join(f"{n:,} {name}" for name, n in overview.severities.items())
    runs = counted(len(overview.rows), "run")
    unread = f"; {counted(overview.unread, 'run')} could not be read" if overview.unread else ""
    return (f"{runs}: {counts}" if counts else "No runs") + unread


def compared(overview: Overview) -> str:
    """Say which runs are compared with each other; empty where no two are."""
    n, runs = overview.compared, len(overview.rows)
    if n < 2:
        return ""
    if n == runs:
        return f"All {n:,} runs are compared with each other."
    group = "These are the largest group with the same metric, the same data and similar parameters"
    return f"{n:,} of {runs:,} runs are compared with each other. {group}. Runs still in progress are left out."


def spending(overview: Overview) -> str:
    """Say in one or two sentences where the time went; empty if no run has a known duration."""
    spent = overview.spent
    if not spent.total > 0:
        return ""
    lost, after = percent(spent.lost / spent.total), percent(spent.after_best / spent.total)
    text = (
        f"The runs took {duration(spent.total)} in total. Runs of severity error took {duration(spent.lost)} of it "
        f"({lost}); in the other runs, {duration(spent.after_best)} ({after}) came after the best checkpoint."
    )
    return text + (f" The time of {counted(spent.unknown, 'run')} is not known." if spent.unknown else "")


def direction(measure: Measure) -> str:
    """Name a measure with its unit, and which way it gets better."""
    unit = f" in {measure.unit}" if measure.unit else ""
    return f"{clean(measure.name, 120)}{unit} ({'lower' if measure.better == 'min' else 'higher'} is better)"


def effects_words(measure: Measure) -> str:
    """Say what a row of effects is."""
    return (
        f'A row "40 vs 15" gives the final {direction(measure)} with 40 minus that with 15, with all other '
        "parameters held fixed. The 95% intervals are simultaneous: all of them hold at once with 95% probability."
    )


def levels(contrast: Contrast) -> str:
    """Say which two values are contrasted."""
    return f"{shown(contrast.high, 40)} vs {shown(contrast.low, 40)}"


def in_measure(contrast: Contrast, measure: Measure) -> tuple[float, tuple[float, float]]:
    """Turn an effect and its interval, for which less is better, into the direction of the measure."""
    low, high = contrast.interval
    return (contrast.effect, (low, high)) if measure.better == "min" else (-contrast.effect, (-high, -low))


def is_told(contrast: Contrast) -> bool:
    """Whether the interval of this contrast excludes 0; the p-value is that of its parameter as a whole."""
    low, high = contrast.interval
    return low > 0 or high < 0


def by_parameter(contrasts: Sequence[Contrast]) -> Iterator[tuple[str, list[Contrast]]]:
    """Put the contrasts of a parameter together, which share a p-value; the order stays."""
    return ((name, [*some]) for name, some in groupby(contrasts, key=lambda c: c.parameter))


def signed(value: float) -> str:
    """Write a difference."""
    text = number(abs(value), 3)
    return text if math.isnan(value) or value == 0 else f"{'+' if value > 0 else '−'}{text}"


def effect_words(contrast: Contrast, measure: Measure) -> str:
    """Write an effect with its interval."""
    effect, (low, high) = in_measure(contrast, measure)
    return f"{signed(effect)} ({signed(low)} to {signed(high)})"


def probability(p: float) -> str:
    """Write a p-value."""
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def basis(contrast: Contrast) -> str:
    """Say what a contrast rests on."""
    if contrast.matched:
        return f"{counted(contrast.matched, 'matched pair')} of {counted(contrast.runs, 'run')}"
    return f"regression over {counted(contrast.runs, 'run')}"


def not_told_apart(overview: Overview) -> list[str]:
    """Say which parameters could not be looked at by themselves, or at all, and why."""
    if overview.contrasts is None:
        return []
    apart = [
        f"{' and '.join(clean(name, 80) for name in group)} always varied together: their effects cannot be told apart."
        for group in overview.contrasts.aliased
    ]
    reasons: dict[str, list[str]] = {}
    for name, reason in overview.contrasts.left_out.items():
        reasons.setdefault(clean(reason, 200), []).append(clean(name, 80))
    for reason, names in sorted(reasons.items()):
        more = f" and {len(names) - 12:,} more" if len(names) > 12 else ""
        apart.append(f"Not analysed: {', '.join(sorted(names)[:12])}{more} ({reason}).")
    return apart


def setting(value: Any) -> str:
    """Write the value of a parameter; empty where it was not logged."""
    return "" if value is None else shown(value, 40)


def called(row: Row) -> str:
    """Choose what to call a run: its name, else its identifier."""
    return clean(row.name or row.id, 120)
