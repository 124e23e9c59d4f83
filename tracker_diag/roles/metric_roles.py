"""Which metric plays which role: the best pair of curves is taken, of a loss and of a score."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from tracker_diag.core.run import Series
from tracker_diag.roles.candidates import Candidate, are_adversarial, by_stem, candidates, of_their_kind
from tracker_diag.roles.metric_names import LOSS_NAMES, Reading, read_plain
from tracker_diag.roles.parts import SUM, losses_of, scores_of
from tracker_diag.roles.sides import Sides, sided

# Costs, in words that are too many: the pair of curves with the lowest sum is taken.
PROXY, RANK = 2.5, 0.1
DIFFERENT, MOST_DIFFERENT, NO_COUNTERPART, LONE_TRAINING = 1.5, 4.5, 8.0, 2.0


@dataclass(slots=True)
class Found:
    """Metrics by role."""

    metrics: dict[str, Series] = field(default_factory=dict)
    directions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    task: str | None = None
    adversarial: bool = False


def find_metrics(
    metrics: Mapping[str, Series], directions: Mapping[str, str], traits: Collection[str] = frozenset()
) -> Found:
    """The metric for each role.

    The loss is what is called one; where nothing is, a log-likelihood (with its sign turned) or an error that is
    minimised (perplexity, MSE, RMSE, MAE). Of several, the pair of a training and a validation curve is taken whose
    names have the fewest words too many, see the costs of this module: a whole loss before its parts, equal stems
    before unequal ones, curves before single points, epochs before steps. Parts without a whole are added up. If a
    name holds a word that nobody knows and does not say its split, its split is unknown: it is taken only if a metric
    of the same name has a split.

    Parameters
    ----------
    metrics : mapping of str to Series
        By name.
    directions : mapping of str to {'min', 'max'}
        Which way is better, by exact name, where the user says so.
    traits : collection of str
        Kinds of training that names give away.
    """
    several = candidates(metrics, directions)
    found = Found(adversarial=are_adversarial(several))
    if found.adversarial:
        traits = {*traits, "adversarial"}
    sides, notes = sided(of_their_kind(several, metrics, traits))
    found.notes += notes
    losses = _take(found, losses_of(sides), "loss", ("loss", "likelihood", "proxy"))
    _take(found, scores_of(sides, losses), "score", ("score", "proxy"), leave=losses)
    plain: dict[str, list[tuple[tuple[float, int, int, str], Series]]] = {}
    for name, series in metrics.items():
        for role, cost in read_plain(name) if len(series) else ():
            plain.setdefault(role, []).append(((cost, -len(series), len(name), name), series))
    for role, fitting in plain.items():
        found.metrics[role] = min(fitting, key=lambda x: x[0])[1]
    tasks = {c.reading.task for side in sides.values() for c in side if c.reading.task}
    found.task = next(iter(tasks)) if len(tasks) == 1 else None
    return found


def _take(
    found: Found,
    sides: Sides,
    what: str,
    kinds: tuple[str, ...],
    leave: Iterable[Candidate] = (),
) -> list[Candidate]:
    """Fill the roles train, val and test of the loss or of the score."""
    left = list(leave)

    def of(split: str) -> list[Candidate]:
        out = []
        for c in sides[split]:
            if c.reading.kind in kinds and not any(_is_again(c, taken) for taken in left):
                extra = RANK * c.reading.rank + (PROXY if what == "loss" and c.reading.kind != "loss" else 0.0)
                out.append(replace(c, cost=c.cost + extra))
        return out

    picked = _picked(of("train"), of("val"), of("test"), what)
    turn = what == "loss" and _must_turn(picked)
    for split, c in picked.items():
        series, better = c.series, c.reading.better
        if what == "loss":
            if turn and c.reading.kind == "likelihood":
                series = replace(series, values=-series.values)
                found.notes.append(f"{c.series.name}: used as a loss with the opposite sign")
            better = "min"
        found.metrics[f"{split}_{what}"] = series
        found.directions[f"{split}_{what}"] = better
        found.notes += [c.note] if c.note else []
        if what == "loss" and c.reading.parts and SUM not in series.name:
            found.notes.append(f"{c.series.name}: a part of the loss, used because the total was not found")
    return list(picked.values())


def _picked(train: list[Candidate], val: list[Candidate], test: list[Candidate], what: str) -> dict[str, Candidate]:
    """The metric of each side."""
    picked: dict[str, Candidate] = {}
    t, v = _best_pair(train, val)
    if t is not None:
        picked["train"] = t
    if v is not None:
        picked["val"] = v
    if test:
        like = {c.reading.stem for c in picked.values()}
        same = [c for c in test if c.reading.stem in like] or ([] if picked and what == "score" else test)
        if same:
            picked["test"] = min(same, key=lambda c: c.order)
    return picked


def _is_again(c: Candidate, taken: Candidate) -> bool:
    """Whether a metric is what was taken: the same name, the same curve, or the same error of another fold."""
    a, b = c.series, taken.series
    if a.name == b.name or (c.reading.kind == "proxy" and c.reading.rank == taken.reading.rank):
        return True
    return (
        len(a) == len(b) > 1 and np.array_equal(a.steps, b.steps) and np.array_equal(a.values, b.values, equal_nan=True)
    )


def _must_turn(picked: Mapping[str, Candidate]) -> bool:
    """Whether the likelihoods taken rise; one that falls is a loss that was logged under the name of its negative."""
    first = picked.get("train") or picked.get("val") or picked.get("test")
    if first is None:
        return False
    values = first.series.values[np.isfinite(first.series.values)]
    third = max(values.size // 3, 1)
    if values.size < 2:
        return True
    # Where a term is phased in, the middle may lie below the end: it is the first value that tells the way.
    rises = np.sort(values[:third])[third // 2] <= np.sort(values[-third:])[third // 2]
    return bool(rises and values[0] <= values[-third:].max())


def _best_pair(train: list[Candidate], val: list[Candidate]) -> tuple[Candidate | None, Candidate | None]:
    best_train, best_val = by_stem(train), by_stem(val)
    options: list[tuple[Candidate | None, Candidate | None]] = [
        (best_train[stem], best_val[stem]) for stem in best_train if stem in best_val
    ]
    few_train = sorted(best_train.values(), key=lambda c: c.order)[:4]
    few_val = sorted(best_val.values(), key=lambda c: c.order)[:4]
    options += [(t, v) for t, v in product(few_train, few_val) if _comparable(t.reading, v.reading)]
    options += [(t, None) for t in few_train] + [(None, v) for v in few_val]
    return min(options, key=_pair_order, default=(None, None))


def _comparable(t: Reading, v: Reading) -> bool:
    """Whether two curves may stand for the same quantity although their names differ.

    A loss may be called after its data on one side. A score with words that nobody knows is of something else.
    """
    if t.kind != v.kind or t.parts != v.parts:
        return False
    return t.kind == "loss" or (t.rank == v.rank and t.unknown == v.unknown)


def _pair_order(pair: tuple[Candidate | None, Candidate | None]) -> tuple[Any, ...]:
    t, v = pair
    if t is None or v is None:
        only = t or v
        assert only is not None
        # Of two lone curves of scores the one on validation says more.
        return round(only.cost + NO_COUNTERPART + (LONE_TRAINING if v is None else 0.0), 4), *only.order[1:]
    differing = t.reading.extras ^ v.reading.extras
    cost = (
        t.cost
        + v.cost
        + min(MOST_DIFFERENT, sum(0.3 if w.isdecimal() or w in LOSS_NAMES else DIFFERENT for w in differing))
    )
    (_, points, length, name), (_, other_points, other_length, other_name) = t.order, v.order
    return round(cost, 4), points + other_points, length + other_length, name + other_name
