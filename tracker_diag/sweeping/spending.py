"""What the runs of a sweep wasted: hours, and GPU hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tracker_diag.core.finding import Severity
from tracker_diag.report.wording import counted, duration
from tracker_diag.sweeping.result import Row

WORTH_SAYING = 60.0
"""Seconds: less than a minute is no cost that anybody would change a training for."""


@dataclass(frozen=True, slots=True)
class Spending:
    """Wasted time, in seconds.

    Attributes
    ----------
    lost : float
        By runs whose severity is error, from beginning to end.
    after_best : float
        By the others, after their best checkpoint or after they had diverged.
    cards : float
        The same on graphics cards: seconds times cards, of the runs that say how many they had.
    unknown : int
        Runs that log no time.
    """

    lost: float = 0.0
    after_best: float = 0.0
    cards: float = 0.0
    unknown: int = 0


def spending(rows: Iterable[Row]) -> Spending:
    """Add up the wasted time of runs; runs that were not diagnosed now have none."""
    lost = after_best = cards = 0.0
    unknown = 0
    for row in rows:
        if row.wasted is None:
            unknown += 1
        elif row.severity is Severity.ERROR:
            lost += row.wasted
        else:
            after_best += row.wasted
        cards += (row.wasted or 0.0) * row.gpus
    return Spending(lost, after_best, cards, unknown)


def in_words(spent: Spending) -> str:
    """Say it in one sentence; empty where it is less than a minute."""
    total = spent.lost + spent.after_best
    if total < WORTH_SAYING:
        return ""
    cards = f", {spent.cards / 3600:,.1f} GPU hours" if spent.cards >= WORTH_SAYING else ""
    parts = [f"{duration(spent.lost)} in runs with an error"] * (spent.lost > 0)
    parts += [f"{duration(spent.after_best)} after the best checkpoint"] * (spent.after_best > 0)
    unknown = f" (no time known for {counted(spent.unknown, 'run')})" if spent.unknown else ""
    return f"Wasted {duration(total)}{cards}: {' and '.join(parts)}{unknown}."
