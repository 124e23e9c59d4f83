"""Likelihood ratios and priors of labelled runs: counted by task, with an interval, shrunk to the judged ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scripts.heard import Heard
from tracker_diag.rules.hypothesis import Hypothesis, LikelihoodRatio, rows
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import Rule

FloatArray = NDArray[np.float64]

#: Added to what was seen and to what was not (Jeffreys): a share is never 0 or 1.
PSEUDO = 0.5
#: Half of a 90% interval, in standard deviations.
HALF_90 = 1.645
#: How far a judged ratio may be off, up or down, in nine of ten cases. The rules' own scale is no finer: "a sign that
#: several causes leave" is 1.5 to 4, "an exact sign" 30 to 100, so that who judged told apart factors of three at most.
OFF_BY = 3.0
#: A row or a prior seen in fewer labelled runs than this is not measured.
FEWEST = 10
#: Drawings of tasks, with replacement, for the spread between them.
DRAWN_TASKS = 200


class Key(NamedTuple):
    """A row of a rule's table, or its prior, of which the row is empty."""

    code: str
    row: str = ""


@dataclass(slots=True)
class Count:
    """How often a row was seen, in the runs of one task or of several; of a prior, ``seen`` is every run that holds it.

    Attributes
    ----------
    seen, held : float
        Of the runs that hold the cause: those in which it was seen, and all.
    seen_without, without : float
        The same of the runs that are labelled with other causes.
    logs : float
        Sum of the logarithms of the ratios with which it was seen, which may grow with what is seen.
    sets : Counter of str
        In how many runs of which set it was seen.
    """

    seen: float = 0
    held: float = 0
    seen_without: float = 0
    without: float = 0
    logs: float = 0.0
    sets: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Count) -> Count:
        return Count(
            self.seen + other.seen,
            self.held + other.held,
            self.seen_without + other.seen_without,
            self.without + other.without,
            self.logs + other.logs,
            self.sets + other.sets,
        )

    @property
    def times_seen(self) -> float:
        return self.seen + self.seen_without

    @property
    def enough(self) -> bool:
        """Whether there are runs enough to measure anything."""
        return self.times_seen >= FEWEST and self.held >= FEWEST


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured ratio, or odds.

    Attributes
    ----------
    count : Count
        What it was measured on.
    judged : float
        As the rule has it: of a ratio that grows, the geometric mean of those seen.
    measured, low, high : float
        With the ends of a 90% interval.
    shrunk : float
        Between the measured and the judged one, by how sure each is.
    """

    count: Count
    judged: float
    measured: float
    low: float
    high: float
    shrunk: float

    @property
    def factor(self) -> float:
        """What to multiply the judged ratio by, whatever was seen."""
        return self.shrunk / self.judged


@dataclass(frozen=True, slots=True)
class Cause:
    """A rule that tells a cause."""

    rule: Rule
    table: type
    names: frozenset[str]
    rows: Mapping[str, LikelihoodRatio]

    @property
    def prior(self) -> float:
        return float(self.rule.thresholds["prior"])


def tabled() -> dict[str, Cause]:
    """Every rule that has a table of likelihood ratios, by code."""
    return {
        code: Cause(rule, rule.likelihoods, frozenset((rule.name, *rule.also)), rows(rule.likelihoods))
        for code, rule in all_rules().items()
        if rule.likelihoods is not None
    }


Tally = dict[str, dict[Key, Count]]


def tally(runs: Iterable[Heard], causes: Mapping[str, Cause]) -> Tally:
    """Count every row of every table, and how often each cause is held, task by task, in runs with a labelled cause."""
    counts: Tally = {}
    for run in runs:
        if not run.causes:
            continue
        here = counts.setdefault(run.task, {})
        logs = observed(run.asked)
        for code, cause in causes.items():
            holds = bool(cause.names & run.causes)
            for name in ("", *cause.rows):
                key = Key(code, name)
                seen = key in logs if name else holds
                count = here.setdefault(key, Count())
                count.held += holds
                count.without += not holds
                count.seen += seen and holds
                count.seen_without += seen and not holds
                if seen:
                    count.sets[run.held_in] += 1
                    count.logs += logs.get(key, 0.0)
    return counts


def observed(hypotheses: Iterable[Hypothesis]) -> dict[Key, float]:
    """The rows that were seen, each with the logarithm of its ratio; of one seen twice, that of the product."""
    logs: dict[Key, float] = {}
    for hypothesis in hypotheses:
        for seen in hypothesis.observations:
            key = Key(hypothesis.code, seen.key)
            logs[key] = logs.get(key, 0.0) + math.log(seen.ratio)
    return logs


def fit(counts: Tally, causes: Mapping[str, Cause], without: Iterable[str] = ()) -> dict[Key, Estimate]:
    """Estimate every row and every prior from the tasks but these, where the cause is held and the row was seen."""
    left_out = set(without)
    tasks = sorted(task for task in counts if task not in left_out)
    draws = _draws(len(tasks))
    found = {}
    for code, cause in causes.items():
        for name in ("", *cause.rows):
            key = Key(code, name)
            each = [counts[task][key] for task in tasks]
            whole = sum(each, Count())
            if not whole.times_seen or not whole.held:
                continue
            judged = math.exp(whole.logs / whole.times_seen) if name else cause.prior
            found[key] = estimate(whole, judged, _spread(each, draws, prior=not name), prior=not name)
    return found


def estimate(count: Count, judged: float, spread: float = 0.0, *, prior: bool = False) -> Estimate:
    """The ratio of two shares, or the odds of one, with its interval, and shrunk to the judged value.

    Parameters
    ----------
    count : Count
    judged : float
    spread : float
        Standard deviation of the logarithm between tasks; what binomial shares have is taken where that is wider.
    prior : bool
        Whether the odds of the cause are asked for.
    """
    n, held, m, without = count.seen, count.held, count.seen_without, count.without
    if prior:
        measured = math.log((held + PSEUDO) / (without + PSEUDO))
        variance = 1 / (held + PSEUDO) + 1 / (without + PSEUDO)
    else:
        measured = math.log(_share(n, held) / _share(m, without))
        variance = 1 / (n + PSEUDO) - 1 / (held + 2 * PSEUDO) + 1 / (m + PSEUDO) - 1 / (without + 2 * PSEUDO)
    deviation = max(math.sqrt(variance), spread)
    trust = 1 / deviation**2
    belief = (HALF_90 / math.log(OFF_BY)) ** 2
    shrunk = (trust * measured + belief * math.log(judged)) / (trust + belief)
    ends = (math.exp(measured + way * HALF_90 * deviation) for way in (-1, 1))
    return Estimate(count, judged, math.exp(measured), *ends, math.exp(shrunk))


def _share(n: float, of: float) -> float:
    return (n + PSEUDO) / (of + 2 * PSEUDO)


def _draws(tasks: int) -> FloatArray:
    """How often each task is drawn, in each drawing of as many with replacement."""
    random = np.random.default_rng(0)
    return random.multinomial(tasks, np.full(tasks, 1 / tasks), size=DRAWN_TASKS).astype(np.float64)


def _spread(each: list[Count], draws: FloatArray, *, prior: bool) -> float:
    """Standard deviation of the logarithm of the ratio, or of the odds, where tasks are drawn anew."""
    table = np.array([(c.seen, c.held, c.seen_without, c.without) for c in each], dtype=np.float64)
    n, held, m, without = (draws @ table).T
    if prior:
        logs = np.log((held + PSEUDO) / (without + PSEUDO))
    else:
        logs = np.log((n + PSEUDO) / (held + 2 * PSEUDO)) - np.log((m + PSEUDO) / (without + 2 * PSEUDO))
    return float(logs.std())


Weights = Mapping[Key, float]


def weights(fitted: Mapping[Key, Estimate], *, priors: bool = False) -> Weights:
    """What to multiply the judged ratios by, or the judged priors; what was seen too seldom stays as it is."""
    return {key: e.factor for key, e in fitted.items() if e.count.enough and bool(key.row) is not priors}


def reweighed(hypotheses: Iterable[Hypothesis], by: Weights, codes: Container[str]) -> list[Hypothesis]:
    """The hypotheses with the ratios and priors of these rules multiplied by the weights.

    What siblings show is in no table of a rule, and stays as it is.
    """
    return [_one(h, by) if h.code in codes else h for h in hypotheses]


def _one(hypothesis: Hypothesis, by: Weights) -> Hypothesis:
    code, seen = hypothesis.code, hypothesis.observations
    # Where siblings alone speak, the odds before them are those of the comparison, not of the rule.
    prior = 1.0 if any(s.key == "SIBLINGS" for s in seen) else by.get(Key(code), 1.0)
    ratios = (replace(s, ratio=s.ratio * by.get(Key(code, s.key), 1.0)) for s in seen)
    return replace(hypothesis, prior=hypothesis.prior * prior, observations=tuple(ratios))
