"""What came out, or would have, at another value of one parameter with the others held."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker_diag.comparison.comparison import ONE_SIDED, Alternative, Other
from tracker_diag.comparison.group import Group
from tracker_diag.comparison.sibling import Sibling


def other(run: Sibling) -> Other:
    """A run by what it ended with."""
    return Other(run.id, run.name, run.value, run.train, run.score)


@dataclass(frozen=True, slots=True, eq=False)
class _Option:
    """One other value of a factor: its code, the distance from the best there, and the matched runs, if any."""

    code: int
    distance: float
    rows: tuple[int, ...]


def alternatives(group: Group, i: int) -> tuple[Alternative, ...]:
    """Find for each factor the best other value, the best of them first.

    Where runs differ from this one in the factor alone, their mean says what comes out; of those that share its seed,
    where there are such. Where there are none, the surface through all comparable runs says it.

    Parameters
    ----------
    group : Group
        The runs.
    i : int
        Place of this run.
    """
    own = group.runs[i].params
    options: dict[int, list[_Option]] = {}
    matched: set[tuple[int, int]] = set()
    for j in range(group.settings.shape[1]):
        rows = group.matched(i, j)
        if group.factors.unlooked:
            agrees = [all(group.runs[k].params.get(x) == own.get(x) for x in group.factors.unlooked) for k in rows]
            rows = rows[np.array(agrees, dtype=bool)]
        codes = group.settings[rows, j]
        matched.update((j, code) for code in codes.tolist())
        options[j] = _matched(group, i, rows, codes)
    for j, option in _on_surface(group, i, matched):
        options[j].append(option)
    best = [(j, min(some, key=lambda option: (option.distance, option.code))) for j, some in options.items() if some]
    return tuple(sorted((_alternative(group, i, j, x) for j, x in best), key=lambda a: (a.value, a.parameter)))


def _matched(group: Group, i: int, rows: NDArray[np.int64], codes: NDArray[np.int64]) -> list[_Option]:
    """The best value of those that matched runs have: thousands of rates may have been tried once."""
    if not rows.size:
        return []
    values, place = np.unique(codes, return_inverse=True)
    same_repeat = (group.repeats[rows] == group.repeats[i]).all(axis=1)
    # A run with the same seed began at the same weights, where the parameter does not change their number.
    counts = same_repeat | ~(np.bincount(place, same_repeat) > 0)[place]
    mean = np.bincount(place[counts], group.distances[rows[counts]]) / np.bincount(place[counts])
    best = int(np.argmin(mean))
    return [_Option(int(values[best]), float(mean[best]), tuple(rows[counts & (place == best)].tolist()))]


def _on_surface(group: Group, i: int, known: Container[tuple[int, int]]) -> list[tuple[int, _Option]]:
    """What the surface expects at values for which no run is matched."""
    if group.surface is None:
        return []
    tried = [
        (j, code)
        for j, codes in enumerate(group.tried)
        for code in codes
        if code != group.settings[i, j] and (j, code) not in known
    ]
    if not tried:
        return []
    points = np.repeat(group.points(np.array([i])), len(tried), axis=0)
    for row, (j, code) in enumerate(tried):
        points[row, j] = group.factors.chosen[j].scaled[code]
    expected = np.maximum(0.0, group.surface.at(points)).tolist()
    return [(j, _Option(code, x, ())) for (j, code), x in zip(tried, expected, strict=True)]


def _mean(group: Group, option: _Option) -> float:
    """What comes out: the mean of the matched runs, or what the surface expects."""
    ends = [float(group.values[row]) for row in option.rows]
    return sum(ends) / len(ends) if ends and all(map(math.isfinite, ends)) else group.back(option.distance)


def _alternative(group: Group, i: int, j: int, option: _Option) -> Alternative:
    factor = group.factors.chosen[j]
    n = len(option.rows)
    if n:
        error = math.inf if group.sigma is None else group.sigma * math.sqrt(1 + 1 / n)
    else:
        assert group.surface is not None
        point = group.points(np.array([i]))[0]
        point[j] = factor.scaled[option.code]
        error = math.hypot(group.surface.deviation(point), group.sigma or 0.0)
    nearest = None
    if n:
        nearest = group.runs[min(option.rows, key=lambda row: abs(group.distances[row] - option.distance))]
    return Alternative(
        parameter=factor.name,
        role=factor.role,
        before=factor.values[group.settings[i, j]],
        after=factor.values[option.code],
        value=_mean(group, option),
        at_worst=group.back(min(option.distance + ONE_SIDED * error, 50.0)),
        matched=None if nearest is None else other(nearest),
        runs=n,
        tied=factor.tied,
    )
