"""The parameters that vary among runs: which can be held against what came out, and which cannot."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.comparison.sibling import Sibling, is_of_data, is_of_repeats
from tracker_diag.roles.metric_names import read_metric
from tracker_diag.roles.words import read
from tracker_diag.stats.arrays import FloatArray

#: Factors that are looked at; of more, those whose role is known come first.
MOST = 16
#: Beginnings of the reasons for which a parameter is not looked at that may have an effect all the same, and how many
#: such parameters are held against runs at most.
MAY_MATTER, MOST_UNLOOKED = ("missing in half", "beyond the first"), 50
#: Names of parameters that are read at most.
MOST_NAMES = 500
#: Times the lowest value from which on numbers are compared by their ratio.
WIDE = 10.0
#: Longest text of a value that is compared.
LONGEST = 200
#: Words of parameters that number runs, or say when and where they ran.
OF_RUNS = frozenset(
    [
        "id",
        "index",
        "timestamp",
        "date",
        "time",
        "port",
        "pid",
        "host",
        "hostname",
        "path",
        "hash",
        "worker",
        "workers",
        "gpu",
        "cuda",
        "cpu",
        "device",
        "thread",
        "threads",
        "verbose",
        "verbosity",
    ]
)
#: What stands before the name of a metric in a parameter that holds a result.
_OF_RESULTS = re.compile(r"(?:^|(?<=[^a-z]))(?:best|final|last)(?:[^a-z]+|$)", re.IGNORECASE)
#: Roles whose value is a label of the whole configuration.
LABELS = ("model", "task")


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A parameter that varies among runs.

    Attributes
    ----------
    name : str
        As it was logged, flat.
    role : str
        The role it plays; empty where none is known.
    values : tuple of value, length k
        That occur, in rising order where they are numbers; those of no run that has ended come last.
    codes : ndarray of int, shape (n,)
        Which of them each run has.
    scaled : ndarray, shape (k,)
        Each value as a number from 0 to 1, of its logarithm where the values span a factor of ten; or its code.
    category : bool
        Whether the values have no order.
    tied : tuple of str
        Other parameters that always varied with it: they cannot be told apart.
    """

    name: str
    role: str
    values: tuple[Any, ...]
    codes: NDArray[np.int64]
    scaled: FloatArray
    category: bool
    tied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Factors:
    """What varies among runs.

    Attributes
    ----------
    chosen : tuple of Factor
        What may have an effect.
    repeats : tuple of Factor
        What repeats a run: seeds, folds.
    left_out : mapping of str to str
        Parameter to the reason why it is not looked at.
    unlooked : tuple of str
        Those of them that may have an effect all the same: runs that differ in one are no matched runs.
    """

    chosen: tuple[Factor, ...]
    repeats: tuple[Factor, ...]
    left_out: Mapping[str, str]
    unlooked: tuple[str, ...] = ()


def factors(runs: Sequence[Sibling], ended: Sequence[bool] | NDArray[np.bool_]) -> Factors:
    """Find what varies among runs that have ended; the others have their place in it, and choose nothing.

    Left out, each with its reason: what is missing in half of the runs, texts that differ in most, lists that do, names
    of runs, times and places, labels that say again what another parameter says, and what is beyond the first sixteen.
    Parameters that always varied together are one factor, under the name of the one whose role is known.

    Parameters
    ----------
    runs : sequence of Sibling
        Comparable ones, n of them.
    ended : sequence of bool, shape (n,)
        Which of them have ended.
    """
    found = _varying([run for run, counts in zip(runs, ended, strict=True) if counts])
    chosen, repeats = (tuple(_placed(f, runs) for f in some) for some in (found.chosen, found.repeats))
    return Factors(chosen, repeats, found.left_out, found.unlooked)


def _placed(factor: Factor, runs: Sequence[Sibling]) -> Factor:
    """The factor with the codes of all runs; values of none that has ended come last."""
    column = [_value(run.params.get(factor.name)) for run in runs]
    new = sorted(set(column) - set(factor.values), key=_order)
    values = (*factor.values, *new)
    place = {value: i for i, value in enumerate(values)}
    codes = np.array([place[value] for value in column], dtype=np.int64)
    at = [_scaled(value, factor.values) if not factor.category else float(place[value]) for value in new]
    return replace(factor, values=values, codes=codes, scaled=np.array([*factor.scaled, *at]))


def _scaled(value: Any, known: Sequence[float]) -> float:
    """Where a number lies in the range of known ones, at most once its width outside; the middle for what is none."""
    if not _is_number(value):
        return 0.5
    low, high, x = known[0], known[-1], float(value)
    if _is_wide(low, high):
        low, high, x = math.log(low), math.log(high), math.log(max(x, 5e-324))
    return max(-1.0, min(2.0, (x / 2 - low / 2) / (high / 2 - low / 2)))


def _is_wide(low: float, high: float) -> bool:
    return low > 0 and high >= WIDE * low


def _varying(runs: Sequence[Sibling]) -> Factors:
    """What varies among runs that have all ended."""
    roles = Counter((name, role) for run in runs for role, name in run.played.items())
    # A strange value may make a name play another role in one run: the most frequent one holds.
    played = dict(pair for pair, _ in sorted(roles.items(), key=lambda found: (found[1], found[0])))
    counted = Counter(name for run in runs for name in run.params)
    left_out: dict[str, str] = {}
    names = sorted(counted, key=lambda name: (played.get(name, "") == "", name))
    if len(names) > MOST_NAMES:
        left_out.update(dict.fromkeys(names[MOST_NAMES:], f"beyond the first {MOST_NAMES} parameters"))
        names = names[:MOST_NAMES]
    found: list[Factor] = []
    repeats: list[Factor] = []
    for name in names:
        role = played.get(name, "")
        if counted[name] * 2 <= len(runs):
            left_out[name] = "missing in half of the runs"
            continue
        column = [_value(run.params.get(name)) for run in runs]
        distinct = sorted(set(column), key=_order)
        if len(distinct) <= 1:
            continue
        factor = _factor(name, role, column, distinct)
        if role == "seed" or is_of_repeats(name):
            repeats.append(factor)
        elif any(is_of_data(name, value) for value in distinct) and role in ("", *LABELS):
            left_out[name] = "names the dataset or the kind of model"
        elif not role and read_metric(_OF_RESULTS.sub("", name)) is not None:
            left_out[name] = "a result, not a setting"
        elif why := _not_comparable(factor, len(runs)):
            left_out[name] = why
        else:
            found.append(factor)
    chosen, tied = _told_apart(found)
    left_out.update(tied)
    if len(chosen) > MOST:
        chosen.sort(key=lambda f: (f.role == "", len(f.values), f.name))
        left_out.update({f.name: f"beyond the first {MOST} parameters that vary" for f in chosen[MOST:]})
        chosen = chosen[:MOST]
    unlooked = tuple(sorted(name for name, why in left_out.items() if why.startswith(MAY_MATTER))[:MOST_UNLOOKED])
    return Factors(tuple(sorted(chosen, key=lambda f: f.name)), tuple(repeats), left_out, unlooked)


def _value(value: Any) -> Any:
    """A value as it is compared: a number, a truth value, or a text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        try:
            if not math.isfinite(value):
                return str(float(value))
            return float(value) if isinstance(value, float) else int(value)
        except OverflowError:
            return str(value)[:LONGEST]
    return str(value)[:LONGEST]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _order(value: Any) -> tuple[bool, float, str]:
    return (not _is_number(value), value if _is_number(value) else 0.0, str(value))


def _factor(name: str, role: str, column: Sequence[Any], distinct: Sequence[Any]) -> Factor:
    place = {value: i for i, value in enumerate(distinct)}
    codes = np.array([place[value] for value in column], dtype=np.int64)
    numbers = all(map(_is_number, distinct))
    if not numbers:
        return Factor(name, role, tuple(distinct), codes, np.arange(len(distinct), dtype=np.float64), category=True)
    x = np.array(distinct, dtype=np.float64)
    x = np.log(x) if _is_wide(distinct[0], distinct[-1]) else x / np.abs(x).max()
    return Factor(name, role, tuple(distinct), codes, (x - x[0]) / (x[-1] - x[0]), category=False)


def _not_comparable(factor: Factor, n: int) -> str:
    many = len(factor.values) * 2 > n
    if not factor.role and read(factor.name).words & OF_RUNS:
        return "names a run, or when or where it ran"
    if factor.category and many:
        return "text that differs in most runs"
    if not factor.role and len(factor.values) == n and all(float(v).is_integer() for v in factor.values):
        return "number that differs in every run"
    return ""


def _partition(factor: Factor) -> bytes:
    """What two factors have in common that always varied together.

    Values that recur split the runs into the same parts. Where each run has a value of its own, that says nothing: such
    numbers go together where they rise together, or one falls as the other rises.
    """
    codes = factor.codes
    if len(factor.values) == codes.size and not factor.category:
        return min(codes.astype(np.int32).tobytes(), (codes.size - 1 - codes).astype(np.int32).tobytes())
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int32).tobytes()


def _same(one: Factor, other: Factor) -> bool:
    return one.values == other.values and bool((one.codes == other.codes).all())


def _told_apart(found: Sequence[Factor]) -> tuple[list[Factor], dict[str, str]]:
    """Make one factor of those that always varied together; a label that only says another again is dropped."""
    groups: dict[bytes, list[Factor]] = {}
    for factor in found:
        groups.setdefault(_partition(factor), []).append(factor)
    chosen: list[Factor] = []
    left_out: dict[str, str] = {}
    for group in groups.values():
        group.sort(key=lambda f: (f.role in ("", *LABELS), f.category, f.name))
        main, others = group[0], group[1:]
        labels = [f for f in others if _same(f, main) or (f.category and f.role in ("", *LABELS))]
        left_out.update({f.name: f"same values as {main.name}" for f in labels})
        tied = tuple(f.name for f in others if f not in labels)
        left_out.update(dict.fromkeys(tied, f"always varied together with {main.name}"))
        chosen.append(replace(main, tied=tied) if tied else main)
    return chosen, left_out
