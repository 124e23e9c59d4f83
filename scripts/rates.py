"""Rates with their chance, and tables of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from scipy.stats import binomtest


def spread(function: Callable, tasks: list, workers: int, what: str) -> Iterator:
    """Results of the tasks, with progress on the error stream."""
    with ProcessPoolExecutor(workers) as pool:
        for done, result in enumerate(pool.map(function, tasks), 1):
            print(f"\r{what}: {done}/{len(tasks)}", end="", file=sys.stderr, flush=True)
            yield result
    print(file=sys.stderr)


def percent(share: float, digits: int = 2) -> str:
    """A share in percent."""
    return f"{share:.{digits}%}"


def rate(hits: int, runs: int) -> str:
    """A rate with its 99% binomial interval, in percent."""
    interval = binomtest(hits, runs).proportion_ci(0.99)
    return f"{percent(hits / runs)} ({percent(interval.low)}–{percent(interval.high)})"


def holds(hits: int, runs: int, promise: float) -> bool:
    """Whether the promise lies in or above the 99% interval of the measured rate."""
    return bool(binomtest(hits, runs).proportion_ci(0.99).low <= promise)


def kept(hits: int, runs: int, promise: float) -> str:
    """The same in a word."""
    return "yes" if holds(hits, runs, promise) else "**no**"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("|" + " --- |" * (lines[0].count("|") - 1))
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
