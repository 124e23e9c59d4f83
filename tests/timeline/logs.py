"""What scripts log: curves with seeded noise, under the steps that they pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tracker_diag import Run
from tracker_diag.core.run import Records, Series
from tracker_diag.timeline.stretches import Stretch

FloatArray = NDArray[np.float64]
Points = list[list[float]]
#: From the first value of a curve to the level that it comes to.
FALL = 2.0


def falling(n: int, efolds: float = 5.0) -> FloatArray:
    """One training, from 2.2 towards 0.2."""
    return 0.2 + FALL * np.exp(-efolds * np.arange(n) / n)


def noisy(values: FloatArray, seed: int, share: float = 0.05) -> FloatArray:
    """With noise, as a share of the fall."""
    return values + share * FALL * np.random.default_rng(seed).standard_normal(values.size)


def anew(n: int, times: int) -> FloatArray:
    """Steps that are counted anew."""
    return np.tile(np.arange(n, dtype=float), times)


def points(values: Iterable[float], steps: Iterable[float], seconds: Iterable[float] | None = None) -> Points:
    columns = (steps, values) if seconds is None else (steps, values, seconds)
    return [list(map(float, row)) for row in zip(*columns, strict=True)]


def a_run(**metrics: Points) -> Run:
    return Run.from_dict({"id": "r", "metrics": metrics})


def records(steps: Sequence[float], values: Sequence[float] | None = None) -> Records:
    return Records(np.array(steps, float), np.arange(len(steps), dtype=float) if values is None else np.array(values))


def stretch(steps: Any, values: Any, since: int = 0) -> Stretch:
    """A stretch of records, the first of which has this number."""
    found = np.asarray(steps, float)
    return Stretch(found, np.asarray(values, float), np.arange(since, since + found.size))


def cut(values: FloatArray, *sizes: int) -> list[Stretch]:
    """Stretches of these sizes, each with steps from 0."""
    edges = np.cumsum([0, *sizes])
    return [stretch(np.arange(b - a), values[a:b], a) for a, b in pairwise(edges)]


def rises(steps: FloatArray) -> bool:
    return bool((steps[1:] > steps[:-1]).all())


def as_lists(series: Series) -> tuple[Any, ...]:
    """Everything that a series says, to compare; NaN equals NaN."""
    return (
        series.name,
        str(series.steps.tolist()),
        str(series.values.tolist()),
        str(None if series.seconds is None else series.seconds.tolist()),
        series.notes,
    )


#: Steps as they are passed: few, many, floats, negative, beyond what a float counts, and none.
steps = st.one_of(
    st.integers(0, 5),
    st.integers(-50, 50),
    st.floats(-1e4, 1e4),
    st.sampled_from([0, 1e15, 2**53, 2**53 + 2, -1e99, 1e99, 1e300]),
    st.none(),
)
values = st.one_of(st.integers(0, 3), st.floats(-10, 10), st.floats(), st.sampled_from(["NaN", "Infinity"]))
#: Any points, and those of counters that begin again.
logged = st.one_of(
    st.lists(st.tuples(steps, values).map(list), max_size=40),
    st.lists(st.integers(1, 9), min_size=1, max_size=6).flatmap(
        lambda sizes: st.lists(values, min_size=sum(sizes), max_size=sum(sizes)).map(
            lambda found: [list(x) for x in zip([step for size in sizes for step in range(size)], found, strict=True)]
        )
    ),
)
