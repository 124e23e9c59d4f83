"""What came out, or would have, at another value of one parameter with the others held."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker_diag.comparison.comparison import Alternative, Other
from tracker_diag.comparison.group import Group
from tracker_diag.comparison.sibling import Sibling

#: Standard errors of a one-sided 95 % interval.
ONE_SIDED = 1.645


def other(run: Sibling) -> Other:
    """A run by what it ended with."""
    return Other(run.id, run.name, run.value, run.train, run.score)


@dataclass(frozen=True, slots=True, eq=False)
class _Option:
    """One other value of a factor: its code, the distance from the best there, and the matched runs, if any."""

    code: int
    distance: float
    rows: tuple[int, ...]


def alternatives(group: Group, i: int, others: NDArray[np.bool_]) -> tuple[Alternative, ...]:
    """Find for each factor the best other value, the best of them first.

    Where runs differ from this one in the factor alone, their mean says what comes out; of those that share its seed,
    where there are such. Where there are none, the surface through all comparable runs says it.

    Parameters
    ----------
    group : Group
        The runs.
    i : int
        Place of this run.
    others : ndarray of bool, shape (n,)
        Those that it is compared with.
    """
    differs = group.settings != group.settings[i]
    single = np.flatnonzero(others & (differs.sum(axis=1) == 1))
    if unlooked := group.factors.unlooked:
        own = group.runs[i].params
        single = np.array([k for k in single if all(group.runs[k].params.get(x) == own.get(x) for x in unlooked)], int)
    which = differs[single].argmax(axis=1) if single.size else single
    codes = group.settings[single, which]
    same_repeat = (group.repeats[single] == group.repeats[i]).all(axis=1)
    keys, place = np.unique(np.stack([which, codes]), axis=1, return_inverse=True)
    place = place.ravel()
    # A run with the same seed began at the same weights, where the parameter does not change their number.
    paired = np.bincount(place, same_repeat, minlength=keys.shape[1]) > 0
    counts = same_repeat | ~paired[place]
    distances = group.distances[single]
    total = np.bincount(place[counts], distances[counts], minlength=keys.shape[1])
    mean = total / np.maximum(1, np.bincount(place[counts], minlength=keys.shape[1]))
    options: dict[int, list[_Option]] = defaultdict(list)
    # Of each factor the best value alone: thousands of rates have been tried once.
    for at in np.lexsort((keys[1], mean)):
        j, code = int(keys[0, at]), int(keys[1, at])
        if j not in options:
            rows = tuple(single[counts & (place == at)].tolist())
            options[j].append(_Option(code, float(mean[at]), rows))
    matched = set(zip(*keys.tolist(), strict=True))
    for j, option in _on_surface(group, i, matched):
        options[j].append(option)
    best = [(j, min(some, key=lambda option: (option.distance, option.code))) for j, some in options.items()]
    return tuple(sorted((_alternative(group, i, j, x) for j, x in best), key=lambda a: (a.value, a.parameter)))


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
