"""What each parameter of an experiment does to the outcome of its runs, the other parameters held."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, stdtrit

from tracker_diag.stats.arrays import FloatArray

IntArray = NDArray[np.int64]

#: Share of experiments in which no parameter has an effect and one is flagged all the same, at most.
LEVEL = 0.05
#: The most parameters that are looked at; 50 tests need a p-value of .001, which 1,999 permutations can give.
MOST = 50
#: Numbers of more values than this are cut into thirds.
FEW = 6
#: Words of more values than this are left out.
WORDS = 12
#: Permutations, and up to how many values they are drawn; for more the statistic has its limiting distribution.
PERMUTATIONS, SMALL = 1999, 100
#: Degrees of freedom from which two values of a parameter are compared without the help of its others.
ENOUGH = 6
#: Degrees of the curves by which numbers of many values are held: the highest for which all columns together are at
#: most a third of the configurations, else the last. In 300 runs a parabola let 17% false flags through, the sixth
#: degree 4%.
CURVES = (6, 4, 3, 2)
_SEED = 16
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class Contrast:
    """One value of a parameter against another.

    Attributes
    ----------
    parameter : str
        Its name; of parameters that always varied together the first.
    low, high : object
        The two values, as they were logged, in order: numbers by size, before words. One of them is the value that most
        of the runs have. A number of more than six values is cut into thirds, and each stands for a third: its median.
    effect : float
        How much the outcome differs at `high` from `low`, in its unit; negative: smaller. Finite: a run that diverged
        counts as one at the fence (see `contrasts`), so that where some did the true difference is larger.
    interval : tuple of float
        Simultaneous 95% interval over all contrasts that were looked at; infinite where nothing tells the error.
    p : float
        Of "this parameter has no effect", the same for all its contrasts; corrected (Holm) for how many were looked at.
    matched : int
        Pairs of runs, one at each value, that differ in this parameter (and seed) alone; 0: told by regression.
    runs : int
        That entered.
    """

    parameter: str
    low: Any
    high: Any
    effect: float
    interval: tuple[float, float]
    p: float
    matched: int
    runs: int


@dataclass(frozen=True, slots=True)
class Contrasts:
    """The effects of all parameters of an experiment.

    Attributes
    ----------
    contrasts : tuple of Contrast
        By p, then name, then in the order of values.
    aliased : tuple of tuple of str
        Groups of parameters that always varied together, or of which one follows from another: they cannot be told
        apart, and are looked at as one, under the first name.
    left_out : mapping of str to str
        Parameters that were not looked at, and why.
    """

    contrasts: tuple[Contrast, ...]
    aliased: tuple[tuple[str, ...], ...]
    left_out: Mapping[str, str]

    @property
    def flagged(self) -> tuple[Contrast, ...]:
        """Those of parameters that have an effect: p at most 0.05."""
        return tuple(c for c in self.contrasts if c.p <= LEVEL)


def contrasts(parameters: Mapping[str, Sequence[Any]], outcome: FloatArray, repeats: Collection[str] = ()) -> Contrasts:
    """Test each parameter that varies, and measure its effect with the others held.

    The null hypothesis for each parameter is that the outcome does not depend on it. A parameter is tested as a whole,
    because effects need not be monotonic: a learning rate has an optimum. Each of its values is then compared with the
    value that most runs have.

    *Other parameters held*: this is done in one of two ways. The choice depends on the parameters, never on the
    outcome.

    - In blocks, where enough runs differ in this parameter (and seed) alone. They are compared among themselves, in
      blocks of runs that agree in everything else. Under the null the runs of a block are exchangeable, whatever the
      other parameters do and however they interact. Ranks of the outcome are permuted within blocks, and the statistic
      is that of Cochran, Mantel and Haenszel for mean scores.
    - By regression, where such runs are too few for p = 0.05 after the correction, or fewer than a third of all (a
      random search). The ranks are regressed on the other parameters, and the residuals are permuted (Freedman and
      Lane). Each value is its own level; numbers with many values enter as a curve. This assumes that effects add up,
      and is approximate.

    *Repeats*: in a block, repeats are runs like others. In the regression, several seeds of one configuration are one
    value, their mean, because they say nothing more about another parameter. Runs of one configuration and seed with
    the same finite outcome are copies, and count once. A parameter that always changed with a seed is left out.

    *NaN and infinite outcomes*: these runs diverged, and get the worst ranks. For the size of an effect, outcomes
    beyond the fence Q90 + 3 (Q90 − Q10) of the finite ones count as at the fence. The effect is then estimated by
    ordinary least squares on the same blocks or regression, with Student's t. Its standard error is the larger of the
    classical one and that for unequal variances (HC3). In blocks the effect is a mean over the blocks that there are.

    *Multiplicity*: p-values are corrected by Holm over the parameters looked at, and intervals by Bonferroni over all
    contrasts. *Autocorrelation*: runs of different seeds are taken as independent, and nothing is assumed about their
    order in time. *Repeated looks*: none is corrected for, and an experiment that is looked at as it grows is tested
    anew each time. *Randomness*: permutations are seeded, so the answer is the same every time. It does not depend on
    the order of runs or parameters.

    Parameters
    ----------
    parameters : mapping of str to sequence
        Values by name, one a run; None: not logged. Numbers may be given as text. Lists and paths are words.
    outcome : ndarray, shape (n,)
        Lower is better.
    repeats : collection of str
        Names of parameters that only repeat a run (seeds).

    Returns
    -------
    Contrasts
        Effects in the unit of the outcome.

    Raises
    ------
    ValueError
        If a parameter has another number of values than there are runs.

    References
    ----------
    Landis, Heyman and Koch (1978) Int. Stat. Rev. 46:237, the test in blocks; Freedman and Lane (1983) J. Bus. Econ.
    Stat. 1:292, and Winkler et al. (2014) NeuroImage 92:381, the regression; Phipson and Smyth (2010) SAGMB 9:39,
    p-values of drawn permutations; MacKinnon and White (1985) J. Econometrics 29:305, HC3; Holm (1979) Scand. J.
    Stat. 6:65.

    Examples
    --------
    >>> import numpy as np
    >>> from tracker_diag.stats.contrasts import contrasts
    >>> rates = [0.001, 0.001, 0.001, 0.001, 0.1, 0.1, 0.1, 0.1]
    >>> loss = np.array([0.31, 0.33, 0.32, 0.30, 0.52, 0.51, 0.50, 0.53])
    >>> (found,) = contrasts({"lr": rates, "seed": [0, 1, 2, 3] * 2}, loss, repeats=["seed"]).flagged
    >>> print(f"{found.parameter} {found.high} against {found.low}: {found.effect:+.2f}, {found.matched} pairs")
    lr 0.1 against 0.001: +0.20, 16 pairs
    """
    for name, values in parameters.items():
        if len(values) != outcome.size:
            raise ValueError(f"{name!r}: give one value per run, {outcome.size} in all, not {len(values)}")
    y = np.where(np.isfinite(outcome), outcome, np.inf)
    if not np.isfinite(y).any():
        return Contrasts((), (), dict.fromkeys(sorted(parameters), "no run has a finite outcome"))
    factors, left_out = _factors(parameters, frozenset(repeats))
    seeds = _seeds(parameters, repeats, y.size)
    left_out |= _with_seeds(factors, seeds)
    groups, combined, follow = _groups([f for name, f in factors.items() if name not in left_out])
    left_out |= combined
    chosen = [factors[group[0]] for group in groups]
    table = _Table.of(chosen, [f for name, f in factors.items() if name in left_out], seeds, y)
    left_out |= follow
    held = _bounded(chosen, table.cells)
    cells = _Cells.of(table, held)
    found: list[_Found] = []
    aliases = {group[0]: group for group in groups}
    for k, factor in enumerate(chosen):
        answer = None
        if held.crowded.get(k) != _TOO_MANY:
            answer = _look(table, k, cells, min(len(chosen), MOST))
        if answer is None or not answer.pairs:
            left_out |= dict.fromkeys(aliases.pop(factor.name), held.crowded.get(k, _NOTHING_HELD))
        else:
            found.append(answer)
    together = tuple(group for group in aliases.values() if len(group) > 1)
    return Contrasts(_corrected(found, table.unit), together, dict(sorted(left_out.items())))


_TOO_MANY = f"beyond the {MOST} parameters that split the runs most evenly"
_NOTHING_HELD = "does not vary if the other parameters are held fixed"


class _Factor(NamedTuple):
    """A parameter in whole numbers: -1 for not logged."""

    name: str
    exact: IntArray
    """Which value, in order."""
    level: IntArray
    """Which value or, of many numbers, which third."""
    shown: tuple[Any, ...]
    """The value of each level."""
    cut: int = 0
    """How many of the values are numbers that were cut into thirds."""

    @property
    def levels(self) -> int:
        return len(self.shown)

    @property
    def evenness(self) -> float:
        """Entropy of the levels."""
        share = np.bincount(self.level + 1) / self.level.size
        return -float(sum(p * math.log(p) for p in share if p > 0))


# ---- from values to levels


def _factors(
    parameters: Mapping[str, Sequence[Any]], repeats: frozenset[str]
) -> tuple[dict[str, _Factor], dict[str, str]]:
    factors: dict[str, _Factor] = {}
    left_out: dict[str, str] = {}
    for name in sorted(parameters):
        if name in repeats:
            left_out[name] = "only numbers repeated runs"
            continue
        factor, reason = _factor(name, parameters[name])
        if factor is not None:
            factors[name] = factor
        if reason:
            left_out[name] = reason
    return factors, left_out


def _factor(name: str, values: Sequence[Any]) -> tuple[_Factor | None, str]:
    """The parameter, and why it is not looked at; none at all if it holds nothing that could be held."""
    texts, distinct = _distinct(values)
    logged = len(texts) - texts.count(None)
    if len(distinct) + (logged < len(texts)) < 2:
        return None, "only one value"
    order = sorted(distinct, key=lambda key: (isinstance(key, str), key))
    numbers = [key for key in order if not isinstance(key, str)]
    words = len(order) - len(numbers)
    each = len(order) == logged and (words > 0 or (logged > 2 and _counts(numbers)))
    if each and logged == len(texts):
        return None, "differs in every run"
    place: dict[float | str | None, int] = {key: k for k, key in enumerate(order)}
    exact = np.array([place.get(key, -1) for key in texts], np.int64)
    factor = _Factor(name, exact, exact, tuple(distinct[key] for key in order))
    if 2 * logged <= len(texts):
        return None if each else factor, "missing in half of the runs"
    if each:
        return None, "differs in every run where it is logged"
    if len(order) < 2:
        return factor, "only one value where it is logged"
    if words > WORDS:
        kind = "lists or paths" if any(_structured(distinct[key]) for key in order[len(numbers) :]) else "words"
        return factor, f"{words} different {kind}"
    return (factor if len(numbers) <= FEW else _thirds(factor, len(numbers))), ""


def _distinct(values: Sequence[Any]) -> tuple[list[float | str | None], dict[float | str, Any]]:
    """A key for each value, equal for equal numbers however they are written, and how each was logged."""
    keys: dict[Any, float | str | None] = {}
    texts: list[float | str | None] = []
    shown: dict[float | str, Any] = {}
    for value in values:
        # True == 1 == 1.0 in a dict of Python's: the type keeps them apart.
        probe = (type(value), value if isinstance(value, str | int | float) else repr(value))
        if probe not in keys:
            key = keys[probe] = _key(value)
            if key is not None and (key not in shown or repr(value) < repr(shown[key])):
                shown[key] = value
        texts.append(keys[probe])
    return texts, shown


def _key(value: Any) -> float | str | None:
    if value is None:
        return None
    if isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, str | int | float | np.number):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return str(value)
        return None if math.isnan(number) else number
    return repr(value)


def _structured(value: Any) -> bool:
    return not isinstance(value, str) or "/" in value or "\\" in value or value[:1] in "[({"


def _counts(numbers: Sequence[float | str]) -> bool:
    """Whether these are numbers of runs, ids or times: whole numbers one after another, or of ten digits."""
    first, last = float(numbers[0]), float(numbers[-1])
    return first >= 1e9 or (last - first == len(numbers) - 1 and first.is_integer())


def _thirds(factor: _Factor, numbers: int) -> _Factor:
    exact, shown = factor.exact, factor.shown
    number = np.sort(exact[(exact >= 0) & (exact < numbers)])
    cuts = number[[(number.size - 1) // 3, 2 * (number.size - 1) // 3]]
    third = (np.arange(numbers)[:, None] > cuts).sum(axis=1)
    if third[0] == third[-1]:  # the largest value is that of most of the runs
        third = (np.arange(numbers) >= cuts[0]).astype(np.int64)
    third = np.unique(third, return_inverse=True)[1]
    insides = [number[third[number] == g] for g in range(int(third[-1]) + 1)]
    words = np.arange(len(shown) - numbers) + third[-1] + 1
    level = np.concatenate((third, words, [-1]))[exact]
    medians = [shown[int(inside[(inside.size - 1) // 2])] for inside in insides]
    return factor._replace(level=level, shown=(*medians, *shown[numbers:]), cut=numbers)


# ---- what cannot be told apart


def _seeds(parameters: Mapping[str, Sequence[Any]], repeats: Collection[str], n: int) -> dict[str, IntArray]:
    seeds: dict[str, IntArray] = {}
    for name in sorted(set(repeats) & set(parameters)):
        texts, _ = _distinct(parameters[name])
        place = {key: k for k, key in enumerate(sorted(set(texts), key=repr))}
        seeds[name] = np.array([place[key] for key in texts], np.int64)
    return seeds


def _with_seeds(factors: Mapping[str, _Factor], seeds: Mapping[str, IntArray]) -> dict[str, str]:
    """Parameters that changed with a seed which many runs share: its effect would be taken for theirs."""
    return {
        name: f"always varied together with {seed}"
        for name, factor in factors.items()
        for seed, values in seeds.items()
        if 1 < np.unique(values).size <= values.size / 2
        and (_decides(values, factor.level) or _decides(factor.level, values))
    }


def _decides(a: IntArray, b: IntArray) -> bool:
    """Whether b follows from a."""
    first = np.full(int(a.max()) + 2, -2, np.int64)
    first[a] = b
    return bool((first[a] == b).all())


class _Told(NamedTuple):
    groups: list[tuple[str, ...]]
    """Names that are looked at as one, the finest first."""
    combined: dict[str, str]
    """Not looked at, but to be held."""
    follow: dict[str, str]
    """Not looked at, and held with what they follow from."""


def _groups(factors: Sequence[_Factor]) -> _Told:
    same: dict[bytes, list[_Factor]] = defaultdict(list)
    for factor in factors:
        # Levels in the order in which they first occur are the same for the same partition of the runs.
        _, begins, inverse = np.unique(factor.level, return_index=True, return_inverse=True)
        same[np.argsort(np.argsort(begins))[inverse].tobytes()].append(factor)
    even = sorted(same.values(), key=lambda group: (-round(group[0].evenness, 9), group[0].name))
    told = _nested(even[: 2 * MOST])
    told.combined.update((f.name, _TOO_MANY) for group in even[2 * MOST :] for f in group)
    return told


def _nested(groups: Sequence[Sequence[_Factor]]) -> _Told:
    told = _Told([], {}, {})
    name = [group[0].name for group in groups]
    below = [
        [b for b, coarse in enumerate(groups) if b != a and _decides(fine[0].level, coarse[0].level)]
        for a, fine in enumerate(groups)
    ]
    # Coarser levels first: what is a combination of others is out before it could hide them.
    above: dict[int, list[int]] = {}
    for a in sorted(range(len(groups)), key=lambda a: (groups[a][0].levels, name[a])):
        under = [b for b in below[a] if b in above]
        tops = sorted(name[b] for b in under if not any(b in below[c] for c in under))
        if len(tops) > 1:
            told.combined.update((f.name, f"never changes without {tops[0]} and {tops[1]}") for f in groups[a])
        else:
            above[a] = []
            for b in under:
                above[b].append(a)
    members = {a: [f.name for f in groups[a]] for a, over in above.items() if not over}
    for b, over in above.items():
        finest = sorted((name[a], a) for a in over if a in members)
        if len(finest) == 1:
            members[finest[0][1]] += [f.name for f in groups[b]]
        elif finest:
            told.follow.update((f.name, f"is determined by {finest[0][0]} and by {finest[1][0]}") for f in groups[b])
    told.groups.extend(sorted((names[0], *sorted(names[1:])) for names in members.values()))
    return told


# ---- runs that agree in all but one parameter


class _Table(NamedTuple):
    """The runs without copies, in an order of their own; u of them."""

    factors: list[_Factor]
    unit: float
    y: FloatArray
    """Outcome, clipped at the fence, in the unit; shape (u,)."""
    rank: FloatArray
    """Shape (u,)."""
    runs: FloatArray
    """How many each stands for; shape (u,)."""
    settings: NDArray[np.uint64]
    """One number for each configuration; shape (u,)."""
    codes: NDArray[np.uint64]
    """What changes in it with each parameter; shape (m, u)."""

    @property
    def cells(self) -> int:
        return int(np.unique(self.settings).size)

    @classmethod
    def of(
        cls, factors: Sequence[_Factor], beside: Sequence[_Factor], seeds: Mapping[str, IntArray], y: FloatArray
    ) -> _Table:
        # Sums of random numbers, one a value: configurations that differ have another sum but for 1 in 2^64.
        rng = np.random.default_rng(_SEED)

        def code(exact: IntArray) -> NDArray[np.uint64]:
            return rng.integers(2**64, size=int(exact.max()) + 2, dtype=np.uint64)[exact]

        codes = np.array([code(f.exact) for f in factors], np.uint64).reshape(len(factors), y.size)
        settings = codes.sum(axis=0, dtype=np.uint64)
        for place, other in enumerate(beside):
            its = code(other.exact)
            settings += its
            # It cannot be held where what it decides is to vary: the name of a configuration.
            for k, factor in enumerate(factors if place < MOST else ()):
                if _decides(other.exact, factor.level):
                    codes[k] += its
        seed = np.zeros(y.size, np.uint64)
        for values in seeds.values():
            seed += code(values)
        order = np.lexsort((seed, y, settings))
        copy = np.zeros(y.size, bool)
        copy[1:] = np.isfinite(y[order][1:]) & (y[order][1:] == y[order][:-1])
        copy[1:] &= (settings[order][1:] == settings[order][:-1]) & (seed[order][1:] == seed[order][:-1])
        kept = order[~copy]
        runs = np.bincount(np.cumsum(~copy) - 1).astype(np.float64)
        thinned = [f._replace(exact=f.exact[kept], level=f.level[kept]) for f in factors]
        unit = float(np.abs(y[np.isfinite(y)]).max()) or 1.0
        return cls(thinned, unit, _clipped(y[kept] / unit), _ranks(y[kept]), runs, settings[kept], codes[:, kept])


def _clipped(y: FloatArray) -> FloatArray:
    low, high = np.quantile(y[np.isfinite(y)], (0.1, 0.9))
    clipped: FloatArray = np.minimum(y, high + (3 * (high - low) or abs(high) or 1.0))
    return clipped


def _ranks(y: FloatArray) -> FloatArray:
    _, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
    ranks: FloatArray = np.cumsum(counts) - (counts - 1) / 2
    return ranks[inverse]


class _Held(NamedTuple):
    factors: list[int]
    curve: int
    """Degree of the curves by which numbers of many values are held."""
    crowded: dict[int, str]
    """Those that a regression cannot hold, and why."""


def _bounded(factors: Sequence[_Factor], cells: int) -> _Held:
    """What a regression can hold: the parameters that split the runs most evenly go first."""
    order = sorted(range(len(factors)), key=lambda k: (-round(factors[k].evenness, 9), factors[k].name))
    widths = {degree: [_columns(factors[k], degree) for k in order[:MOST]] for degree in CURVES}
    curve = next((degree for degree in CURVES if 3 * sum(widths[degree]) <= cells), CURVES[-1])
    held = _Held([], curve, dict.fromkeys(order[MOST:], _TOO_MANY))
    columns = 1
    for k, more in zip(order, widths[curve], strict=False):
        if cells - columns - more < max(3, cells / 4):
            held.crowded[k] = f"{cells} configurations are too few to separate so many parameters"
        else:
            held.factors.append(k)
            columns += more
    held.factors.sort()
    return held


def _columns(factor: _Factor, degree: int) -> int:
    words = factor.exact.max() + 1 - factor.cut
    missing = int((factor.exact < 0).any())
    return int(words + degree + missing if factor.cut else factor.levels - 1 + missing)


# ---- one parameter


class _Pair(NamedTuple):
    low: int
    high: int
    effect: float
    error: float
    degrees: int
    matched: int = 0


class _Found(NamedTuple):
    factor: _Factor
    p: float
    pairs: list[_Pair]
    runs: int


def _look(table: _Table, k: int, cells: _Cells, tests: int) -> _Found | None:
    """Test and measure the parameter k, in blocks or by regression; None where nothing can be told."""
    blocks = _blocks(table, k)
    if k in cells.columns and not blocks.suffices(tests, table.y.size):
        answer = _by_regression(table.factors[k], k, cells)
        if answer is not None:
            return answer
    return _in_blocks(table, k, blocks) if blocks.rows.size else None


class _Blocks(NamedTuple):
    rows: IntArray
    """Of the table: those in blocks of more than one level, sorted by block."""
    block: IntArray
    arrangements: float
    """Logarithm of the number of ways in which the levels can lie in the blocks."""

    def suffices(self, tests: int, total: int) -> bool:
        return self.arrangements >= math.log(2 * tests / LEVEL) and 3 * self.rows.size >= total


def _blocks(table: _Table, k: int) -> _Blocks:
    level = table.factors[k].level
    rows = np.flatnonzero(level >= 0)
    others = table.settings[rows] - table.codes[k][rows]
    _, block = np.unique(others, return_inverse=True)
    levels = table.factors[k].levels
    counts = np.zeros((int(block.max()) + 1, levels))
    np.add.at(counts, (block, level[rows]), 1)
    mixed = (counts > 0).sum(axis=1) > 1
    inside = mixed[block]
    rows, block = rows[inside], block[inside]
    order = np.argsort(block, kind="stable")
    rows, block = rows[order], np.unique(block[order], return_inverse=True)[1]
    log_factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, table.y.size + 1)))))
    part = counts[mixed].astype(np.int64)
    arrangements = float(log_factorial[part.sum(axis=1)].sum() - log_factorial[part].sum())
    return _Blocks(rows, block, arrangements)


def _in_blocks(table: _Table, k: int, blocks: _Blocks) -> _Found:
    factor, rows, block = table.factors[k], blocks.rows, blocks.block
    level = factor.level[rows]
    score = _centred(table.rank[rows], block)
    x = _centred(_dummies(level, factor.levels), block)
    within = (np.bincount(block, score**2) / (np.bincount(block) - 1))[block]
    covariance = (x * within[:, None]).T @ x
    inverse = np.asarray(np.linalg.pinv(covariance, rtol=1e-9, hermitian=True), np.float64)
    rank = round(float(np.trace(inverse @ covariance)))
    if rank == 0:
        p = 1.0
    elif rows.size > SMALL:
        p = float(chdtrc(rank, _quadratic((score @ x)[None], inverse)[0]))
    else:
        rng = np.random.default_rng(_SEED)
        drawn = np.argsort(block + rng.random((PERMUTATIONS, rows.size)), axis=1)
        p = _share(_quadratic((score @ x)[None], inverse)[0], _quadratic(score[drawn] @ x, inverse))
    runs = table.runs[rows]
    counts = np.zeros((int(block.max()) + 1, factor.levels))
    np.add.at(counts, (block, level), runs)
    y = table.y[rows]
    pairs = [
        _direct(pair, level, y, block, counts)._replace(matched=int(counts[:, pair.low] @ counts[:, pair.high]))
        for pair in _effects(level, x, _centred(y, block), 1 / np.bincount(block)[block])
    ]
    return _Found(factor, p, pairs, int(runs.sum()))


def _direct(pair: _Pair, level: IntArray, y: FloatArray, block: IntArray, counts: FloatArray) -> _Pair:
    """The same from blocks of these two levels alone if there are enough: others may be far noisier."""
    both = (counts[:, pair.low] > 0) & (counts[:, pair.high] > 0)
    inside = both[block] & ((level == pair.low) | (level == pair.high))
    if not inside.any():
        return pair
    level, y = level[inside], y[inside]
    block = np.unique(block[inside], return_inverse=True)[1]
    x = _centred(_dummies(level, counts.shape[1]), block)
    direct = next(p for p in _effects(level, x, _centred(y, block), 1 / np.bincount(block)[block]))
    return direct if direct.degrees >= ENOUGH else pair


def _centred(v: FloatArray, block: IntArray) -> FloatArray:
    """Without the mean of its block; shape (n,) or (n, levels)."""
    sums = np.zeros((int(block.max()) + 1, *v.shape[1:]))
    np.add.at(sums, block, v)
    return v - (sums.T / np.bincount(block)).T[block]


class _Cells(NamedTuple):
    """One value for each configuration, as a regression takes them; c of them."""

    rows: IntArray
    """Of the table: one run of each; shape (c,)."""
    rank: FloatArray
    """Mean over its seeds; shape (c,)."""
    y: FloatArray
    runs: FloatArray
    columns: dict[int, FloatArray]
    """What is held of each parameter; shape (c, columns)."""

    @classmethod
    def of(cls, table: _Table, held: _Held) -> _Cells:
        _, rows, cell = np.unique(table.settings, return_index=True, return_inverse=True)
        size = np.bincount(cell)
        rank, y = np.bincount(cell, table.rank) / size, np.bincount(cell, table.y) / size
        columns = {k: _held_columns(table.factors[k], rows, held.curve) for k in held.factors}
        runs = np.bincount(cell, table.runs).astype(np.float64)
        return cls(rows, rank, y, runs, columns)


def _by_regression(factor: _Factor, k: int, cells: _Cells) -> _Found | None:
    level = factor.level[cells.rows]
    known = level >= 0
    level = level[known]
    columns = [np.ones((level.size, 1)), *(c[known] for h, c in cells.columns.items() if h != k)]
    basis = _orthonormal(np.concatenate(columns, axis=1))

    def rest(v: FloatArray) -> FloatArray:
        outside: FloatArray = v - basis @ (basis.T @ v)
        return outside

    x = rest(_dummies(level, factor.levels))
    axes = _orthonormal(x)
    degrees = level.size - basis.shape[1] - axes.shape[1]
    if axes.shape[1] == 0 or degrees < 1:
        return None

    def ratio(v: FloatArray) -> FloatArray:
        explained = ((axes.T @ v) ** 2).sum(axis=0)
        left = np.maximum((v**2).sum(axis=0) - explained, 1e-12)
        f: FloatArray = (explained / axes.shape[1]) / (left / degrees)
        return f

    residual = rest(cells.rank[known])
    if float(residual @ residual) <= 1e-12 * level.size:
        p = 1.0
    elif level.size > SMALL:
        p = float(fdtrc(axes.shape[1], degrees, ratio(residual[:, None])[0]))
    else:
        rng = np.random.default_rng(_SEED)
        drawn = rng.permuted(np.tile(residual, (PERMUTATIONS, 1)), axis=1).T
        p = _share(ratio(residual[:, None])[0], ratio(rest(drawn)))
    pairs = _effects(level, x, rest(cells.y[known]), (basis**2).sum(axis=1))
    return _Found(factor, p, pairs, int(cells.runs[known].sum()))


def _orthonormal(columns: FloatArray) -> FloatArray:
    """A basis of the span of columns, whose size is about one; shape (n, rank)."""
    values, vectors = np.linalg.eigh(columns.T @ columns)
    kept = values > 1e-9 * columns.shape[0]
    basis: FloatArray = columns @ (vectors[:, kept] / np.sqrt(values[kept]))
    return basis


def _held_columns(factor: _Factor, at: IntArray, degree: int) -> FloatArray:
    """What is held of a parameter: its levels; of numbers that were cut a curve, for thirds would let some through."""
    exact = factor.exact[at]
    if not factor.cut:
        return _dummies(factor.level[at], factor.levels)
    number = (exact >= 0) & (exact < factor.cut)
    columns = np.zeros((at.size, degree + 1))
    if number.any():
        place = 2 * _ranks(exact[number].astype(np.float64)) / number.sum() - 1
        columns[number] = np.polynomial.legendre.legvander(place, degree)
    words = _dummies(exact - factor.cut, int(factor.exact.max()) + 1 - factor.cut)
    return np.concatenate((columns, words), axis=1)


def _dummies(level: IntArray, levels: int) -> FloatArray:
    """Shape (n, levels); none where the value was not logged."""
    dummies: FloatArray = (level[:, None] == np.arange(levels)).astype(np.float64)
    return dummies


def _quadratic(t: FloatArray, inverse: FloatArray) -> FloatArray:
    form: FloatArray = np.einsum("bi,ij,bj->b", t, inverse, t)
    return form


def _share(observed: float, drawn: FloatArray) -> float:
    """Share of permutations that are at least as extreme, the observed order being one of them."""
    return (1 + int((drawn >= observed * (1 - 1e-9)).sum())) / (1 + drawn.size)


def _effects(level: IntArray, x: FloatArray, y: FloatArray, taken: FloatArray) -> list[_Pair]:
    """Each level against the one that most have; `taken` is the leverage of what was held."""
    counts = np.bincount(level, minlength=x.shape[1])
    most = np.flatnonzero(counts == counts.max())
    reference = int(most[(most.size - 1) // 2])
    inverse = np.linalg.pinv(x.T @ x, rtol=1e-9, hermitian=True)
    span = inverse @ (x.T @ x)
    degrees = y.size - round(float(taken.sum())) - round(float(np.trace(span)))
    beta = inverse @ (x.T @ y)
    left = y - x @ beta
    # Of a value that is fitted alone nothing is left to tell its error.
    leverage = np.minimum(np.einsum("ni,ij,nj->n", x, inverse, x) + taken, 1 - 1e-3)
    classical = inverse * float(left @ left) / max(degrees, 1)
    unequal = inverse @ ((x * (left / (1 - leverage))[:, None] ** 2).T @ x) @ inverse
    pairs = []
    for other in np.flatnonzero(counts).tolist():
        a, b = sorted((other, reference))
        c = np.zeros(x.shape[1])
        c[a] -= 1
        c[b] += 1
        if a < b and np.abs(span @ c - c).max() < 1e-6:
            variance = max(float(c @ classical @ c), float(c @ unequal @ c), 0.0)
            pairs.append(_Pair(a, b, float(c @ beta), math.sqrt(variance), degrees))
    return pairs


def _corrected(found: Sequence[_Found], unit: float) -> tuple[Contrast, ...]:
    ordered = sorted(found, key=lambda f: (f.p, f.factor.name))
    family = sum(len(f.pairs) for f in ordered)
    result: list[Contrast] = []
    largest = 0.0
    for k, f in enumerate(ordered):
        largest = max(largest, min(1.0, f.p * (len(ordered) - k)))
        for pair in f.pairs:
            effect = max(-_LARGEST, min(pair.effect * unit, _LARGEST))
            half = math.inf
            if pair.degrees > 0:
                half = float(stdtrit(pair.degrees, 1 - 0.025 / family)) * pair.error * unit
            low, high = f.factor.shown[pair.low], f.factor.shown[pair.high]
            interval = (effect - half, effect + half)
            result.append(Contrast(f.factor.name, low, high, effect, interval, largest, pair.matched, f.runs))
    return tuple(sorted(result, key=lambda c: (c.p, c.parameter)))
