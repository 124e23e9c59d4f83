"""The ratios of a cause fitted together, so that a row is credited only with what it adds to the others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.heard import Heard
from scripts.ratios import FEWEST, HALF_90, OFF_BY, Cause, Key, Weights, observed

FloatArray = NDArray[np.float64]

#: Variance of the logarithm of a judged ratio: off by ``OFF_BY`` at most in nine of ten cases.
VARIANCE = (math.log(OFF_BY) / HALF_90) ** 2
#: Steps of Newton's method, none longer than one e-fold of a ratio.
STEPS = 50


@dataclass(frozen=True, slots=True)
class Spoken:
    """The runs with a labelled cause in which one rule spoke.

    Attributes
    ----------
    keys : tuple of Key
        Rows of its table.
    seen : array, runs × rows
        Which rows were seen.
    log_odds : array
        Judged prior times judged ratios, as a logarithm.
    holds : array
        Whether the run holds the cause.
    tasks : array of str
    """

    keys: tuple[Key, ...]
    seen: FloatArray
    log_odds: FloatArray
    holds: FloatArray
    tasks: NDArray[np.str_]


def spoken(runs: Iterable[Heard], causes: Mapping[str, Cause]) -> list[Spoken]:
    """Collect, rule by rule, the runs in which it spoke."""
    labelled = [run for run in runs if run.causes]
    found = []
    for code, cause in causes.items():
        keys = tuple(Key(code, name) for name in cause.rows)
        said = [(run, h) for run in labelled for h in run.asked if h.code == code]
        logs = [observed([h]) for _, h in said]
        found.append(
            Spoken(
                keys,
                np.array([[float(key in each) for key in keys] for each in logs]).reshape(-1, len(keys)),
                np.array([math.log(h.prior) + sum(each.values()) for (_, h), each in zip(said, logs, strict=True)]),
                np.array([float(bool(cause.names & run.causes)) for run, _ in said]),
                np.array([run.task for run, _ in said], dtype=np.str_),
            )
        )
    return found


def fit_together(by_rule: Iterable[Spoken], without: Iterable[str] = ()) -> Weights:
    """What to multiply each judged ratio by: a logistic regression, drawn to the judged odds."""
    left_out = sorted(without)
    found: dict[Key, float] = {}
    for rule in by_rule:
        kept = ~np.isin(rule.tasks, left_out)
        seen, holds = rule.seen[kept], rule.holds[kept]
        if holds.size < FEWEST:
            continue
        moved = _newton(seen, rule.log_odds[kept], holds)
        often = seen.sum(axis=0) >= FEWEST
        found |= {key: math.exp(m) for key, m, enough in zip(rule.keys, moved, often, strict=True) if enough}
    return found


def _newton(seen: FloatArray, log_odds: FloatArray, holds: FloatArray) -> FloatArray:
    moved = np.zeros(seen.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(log_odds + seen @ moved)))
        slope = seen.T @ (holds - p) - moved / VARIANCE
        bend = seen.T @ (seen * (p * (1 - p))[:, None]) + np.eye(moved.size) / VARIANCE
        step = np.linalg.solve(bend, slope)
        longest = np.abs(step).max(initial=0.0)
        moved += step / max(1.0, longest)
        if longest < 1e-6:
            break
    return moved
