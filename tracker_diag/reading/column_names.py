"""What the columns of a table are, told from their names."""

from __future__ import annotations

from collections.abc import Iterable

#: The first that is there counts: where a step is logged, an epoch is one metric among others.
STEPS = (
    "step",
    "_step",
    "global_step",
    "trainer/global_step",
    "steps",
    "iteration",
    "iterations",
    "iter",
    "update",
    "round",
    "epoch",
    "epochs",
)
#: Counters, which are logged in every row whatever else is.
COUNTERS = (*STEPS, "batch", "batch_idx")
#: Seconds or milliseconds of a clock.
CLOCKS = ("_timestamp", "timestamp", "wall_time", "walltime")
#: Seconds since the beginning, or what one step took: only what never goes back is a clock.
TIMERS = ("_runtime", "runtime", "time", "elapsed", "relative_time")
RUNS = ("run", "run_id", "run_uuid", "run_name")
METRICS = ("metric", "metric_name", "key", "name", "tag", "variable")
VALUES = ("value", "metric_value")
PARTS = ("split", "phase", "stage", "subset")


def simple(name: str) -> str:
    """A column's name without case, outer white space, and white space inside."""
    return "_".join(name.strip().lower().split())


def first_of(names: Iterable[str], words: tuple[str, ...]) -> str | None:
    """The column that goes by the first of some words; None where none does."""
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(simple(name), name)
    return next((known[word] for word in words if word in known), None)
