"""Which metric plays which role: names are read as split, quantity and rest, and the best pair of curves is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import product
from typing import Any

import numpy as np

from tracker_diag.core.run import Series
from tracker_diag.roles.metric import LOSS, SCORE, Metric
from tracker_diag.roles.words import phrases, read, vocabulary, words

SPLITS = ("train", "val", "test")
# Costs, in words that are too many: the pair of curves with the lowest sum is taken.
PROXY, ONE_POINT, STEP_LEVEL, UNSPLIT, REPAIRED = 2.5, 3.0, 0.5, 0.4, 0.3
PART, MINOR_PART, NAMED_LOSS, DIFFERENT, NO_COUNTERPART = 1.0, 3.0, 0.3, 1.5, 4.0
RANK = 0.1
_NEGATIVE = frozenset({"neg", "negative", "minus"})
_STEP = frozenset({"step", "batch", "running", "smoothed", "ema", "moving", "smooth", "raw", "interval"})
# Words that name the loss itself and not a part of it.
_LOSS_NAMES = frozenset(
    ["nll", "cross", "entropy", "binary", "mse", "rmse", "mae", "huber", "log", "ctc", "focal", "hinge"]
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric's name, understood."""

    split: str | None
    kind: str
    rank: int
    better: str
    extras: frozenset[str]
    parts: frozenset[str]
    cost: float
    index: int | None = None
    task: str | None = None
    side: str | None = None
    facts: Metric = SCORE

    @property
    def stem(self) -> tuple[int, frozenset[str]]:
        """What must be the same on both sides for the curves to be comparable."""
        return self.rank, self.extras


@dataclass(frozen=True, slots=True)
class Candidate:
    """A metric that may play a role."""

    series: Series
    reading: Reading
    cost: float

    @property
    def order(self) -> tuple[float, int, int, str]:
        """Lowest cost, then most points, then the shortest name, then the alphabet."""
        return round(self.cost, 4), -len(self.series), len(self.series.name), self.series.name


@dataclass(slots=True)
class Found:
    """Metrics by role."""

    metrics: dict[str, Series] = field(default_factory=dict)
    directions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    task: str | None = None


def find_metrics(metrics: Mapping[str, Series], directions: Mapping[str, str]) -> Found:
    """The metric for each role.

    The loss is what is called one; where nothing is, a log-likelihood (with its sign turned) or an error that is
    minimised (perplexity, MSE, RMSE, MAE). Of several, the pair of a training and a validation curve is taken whose
    names have the fewest words too many, see the costs of this module: a whole loss before its parts, equal stems
    before unequal ones, curves before single points, epochs before steps.

    Parameters
    ----------
    metrics : mapping of str to Series
        By name.
    directions : mapping of str to {'min', 'max'}
        Which way is better, by exact name, where the user says so.
    """
    found = Found()
    sides: dict[str | None, list[Candidate]] = {split: [] for split in (*SPLITS, None)}
    plain: dict[str, list[tuple[tuple[float, int, int, str], Series]]] = {}
    for name, series in metrics.items():
        if not len(series):
            continue
        for role, cost in read_plain(name):
            plain.setdefault(role, []).append(((cost, -len(series), len(name), name), series))
        reading = read_metric(name)
        if reading is not None and not _is_nought(series, reading):
            cost = reading.cost + (ONE_POINT if len(series) < 2 else 0.0) + (REPAIRED if series.notes else 0.0)
            if name in directions and directions[name] != reading.better:
                reading = replace(reading, better=directions[name], kind=_turned(reading.kind))
            sides[reading.split].append(Candidate(series, reading, cost))
    _numbered_sides(sides, found)
    told = bool(sides["train"] or sides["val"])
    chosen = _take(found, sides, "loss", ("loss", "likelihood", "proxy"), told)
    _take(found, sides, "score", ("score", "proxy"), told, leave=chosen)
    for role, several in plain.items():
        found.metrics[role] = min(several, key=lambda x: x[0])[1]
    tasks = {c.reading.task for side in sides.values() for c in side if c.reading.task}
    found.task = next(iter(tasks)) if len(tasks) == 1 else None
    return found


def _is_nought(series: Series, reading: Reading) -> bool:
    """Whether a loss is exactly 0 throughout: it was divided away, or never computed, and says nothing."""
    return reading.kind != "score" and len(series) > 2 and not series.values.any()


def _turned(kind: str) -> str:
    return {"loss": "likelihood", "likelihood": "loss"}.get(kind, "score")


def _numbered_sides(sides: dict[str | None, list[Candidate]], found: Found) -> None:
    """Take XGBoost's ``validation_0`` for training where ``validation_1`` exists and no training curve does."""
    indices = sorted({c.reading.index for c in sides["val"] if c.reading.index is not None})
    if len(indices) < 2 or sides["train"] or sides[None]:
        return
    first = [c for c in sides["val"] if c.reading.index == indices[0]]
    second = [c for c in sides["val"] if c.reading.index == indices[1]]
    if not {c.reading.stem for c in first} & {c.reading.stem for c in second}:
        return
    sides["val"] = [c for c in sides["val"] if c not in first]
    sides["train"] = first
    names = sorted(c.series.name for c in first)
    found.notes.append(f"{names[0]}: taken as the training side, being the first of the evaluation sets")


def _take(
    found: Found,
    sides: Mapping[str | None, list[Candidate]],
    what: str,
    kinds: tuple[str, ...],
    told: bool,
    leave: Iterable[Series] = (),
) -> list[Series]:
    """Fill the roles train, val and test of the loss or of the score."""
    left = list(leave)

    def of(split: str | None) -> list[Candidate]:
        out = []
        for c in sides[split]:
            if c.reading.kind in kinds and not any(_same(c.series, s) for s in left):
                extra = RANK * c.reading.rank + (PROXY if what == "loss" and c.reading.kind != "loss" else 0.0)
                out.append(Candidate(c.series, c.reading, c.cost + extra))
        return out

    val, test, train = of("val"), of("test"), of("train")
    _side_the_unsplit(of(None), train, val, test, found, told and what == "score")
    picked = _picked(train, val, test, what)
    turn = what == "loss" and _must_turn(picked)
    for split, c in picked.items():
        series, better = c.series, c.reading.better
        if what == "loss":
            if turn and c.reading.kind == "likelihood":
                series = replace(series, values=-series.values)
                found.notes.append(f"{c.series.name}: taken as a loss with its sign turned")
            better = "min"
        found.metrics[f"{split}_{what}"] = series
        found.directions[f"{split}_{what}"] = better
        if what == "loss" and c.reading.parts:
            found.notes.append(f"{c.series.name}: a part of the loss, taken for want of the whole")
    return [c.series for c in picked.values()]


def _side_the_unsplit(
    unsplit: list[Candidate],
    train: list[Candidate],
    val: list[Candidate],
    test: list[Candidate],
    found: Found,
    doubted: bool,
) -> None:
    """Put what names no split beside training, or where that is in doubt and the kind says so beside validation."""
    paired = {c.reading.stem for c in val} | ({c.reading.stem for c in test} if not val else set())
    for c in unsplit:
        if doubted and c.reading.stem not in paired:
            if c.reading.side == "val":
                # Who goes to the length of decoding or matching does it on the validation data.
                val.append(Candidate(c.series, c.reading, c.cost + UNSPLIT))
                continue
            if not val and not train:
                found.notes.append(
                    f"{c.series.name}: left out, as its name does not say whether it is training or validation; "
                    f"say so with --role val_score={c.series.name}"
                )
            continue
        train.append(Candidate(c.series, c.reading, c.cost + UNSPLIT))


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


def _same(a: Series, b: Series) -> bool:
    """Whether two metrics are one: the same name, or the same curve under another."""
    return a.name == b.name or (
        len(a) == len(b) > 1 and np.array_equal(a.steps, b.steps) and np.array_equal(a.values, b.values, equal_nan=True)
    )


def _must_turn(picked: Mapping[str, Candidate]) -> bool:
    """Whether the likelihoods taken rise; one that falls is a loss that was logged under the name of its negative."""
    first = picked.get("train") or picked.get("val") or picked.get("test")
    if first is None:
        return False
    values = first.series.values[np.isfinite(first.series.values)]
    third = max(values.size // 3, 1)
    return values.size < 2 or bool(np.sort(values[:third])[third // 2] <= np.sort(values[-third:])[third // 2])


def _best_pair(train: list[Candidate], val: list[Candidate]) -> tuple[Candidate | None, Candidate | None]:
    best_train, best_val = _best_by_stem(train), _best_by_stem(val)
    options: list[tuple[Candidate | None, Candidate | None]] = [
        (best_train[stem], best_val[stem]) for stem in best_train if stem in best_val
    ]
    few_train = sorted(best_train.values(), key=lambda c: c.order)[:4]
    few_val = sorted(best_val.values(), key=lambda c: c.order)[:4]
    options += [(t, v) for t, v in product(few_train, few_val) if _comparable(t.reading, v.reading)]
    options += [(t, None) for t in few_train] + [(None, v) for v in few_val]
    return min(options, key=_pair_order, default=(None, None))


def _best_by_stem(candidates: list[Candidate]) -> dict[tuple[int, frozenset[str]], Candidate]:
    best: dict[tuple[int, frozenset[str]], Candidate] = {}
    for c in candidates:
        known = best.get(c.reading.stem)
        if known is None or c.order < known.order:
            best[c.reading.stem] = c
    return best


def _comparable(t: Reading, v: Reading) -> bool:
    """Whether two curves may stand for the same quantity although their names differ."""
    if t.kind != v.kind or t.parts != v.parts:
        return False
    return t.kind == "loss" or t.rank == v.rank


def _pair_order(pair: tuple[Candidate | None, Candidate | None]) -> tuple[Any, ...]:
    t, v = pair
    if t is None or v is None:
        only = t or v
        assert only is not None
        # Of two lone curves of scores the one on validation says more.
        return round(only.cost + NO_COUNTERPART + (0.2 if v is None else 0.0), 4), *only.order[1:]
    differing = t.reading.extras ^ v.reading.extras
    cost = t.cost + v.cost + sum(0.3 if w.isdecimal() or w in _LOSS_NAMES else DIFFERENT for w in differing)
    (_, points, length, name), (_, other_points, other_length, other_name) = t.order, v.order
    return round(cost, 4), points + other_points, length + other_length, name + other_name


@cache
def _book() -> tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str], list[tuple[Any, ...]]]:
    metrics = vocabulary()["metrics"]
    rank, quantities = -1, []
    for q in metrics["quantities"]:
        rank += 0 if q.get("beside") else 1
        facts = Metric(q.get("is", "score"), q["better"], q.get("unit", ""), q.get("best"), q.get("nothing"))
        quantities += [
            (phrase, rank, q["kind"], q["better"], q.get("task"), q.get("side"), facts)
            for phrase in phrases(q["words"])
        ]
    quantities.sort(key=lambda q: (-len(q[0]), q[1]))
    neutral = words(vocabulary()["neutral"]) | words("total vs epoch")
    return neutral, words(metrics["veto"]), words(metrics["component"]), words(metrics["minor"]), quantities


@cache
def _losses() -> list[tuple[frozenset[str], Metric]]:
    return [
        (phrase, Metric(q["is"], "min", q.get("unit", ""), q.get("best")))
        for q in vocabulary()["metrics"]["losses"]
        for phrase in phrases(q["words"])
    ]


def facts_of_loss(found: frozenset[str]) -> Metric:
    """What a loss is by the words of its name, or of a loss function: the first phrase that fits decides."""
    return next((facts for phrase, facts in _losses() if phrase <= found), LOSS)


@lru_cache(maxsize=16384)
def read_metric(name: str) -> Reading | None:
    """Read a metric's name as split, quantity and the words that are left; None for what is neither loss nor score."""
    neutral, veto, component, minor, quantities = _book()
    cut = read(name)
    if cut.words & veto or (cut.segments and cut.segments[0][0] == "system"):
        return None
    is_loss = "loss" in cut.words
    known = next((q for q in quantities if q[0] <= cut.words and (not is_loss or q[1] == 0)), None)
    if known is None:
        return None
    phrase, rank, kind, better, task, side, facts = known
    if kind != "score":
        facts = facts_of_loss(cut.words)
    split, index = _split(cut.segments)
    left = cut.words - phrase - neutral - _STEP - {"train", "val", "test", "eval", "loss"}
    if index is not None:
        left -= {str(index)}
    if rank == 1:
        # Each of these is the loss by another name.
        rank, left = 0, left | phrase
    if left & _NEGATIVE:
        facts = Metric(facts.kind, "max" if better == "min" else "min")
        left, better, kind = left - _NEGATIVE, facts.better, _turned(kind)
    parts = (
        frozenset(w for w in left if w in minor or (w in component and w not in _LOSS_NAMES))
        if kind == "loss"
        else frozenset()
    )
    cost = sum(_word_cost(w, parts, minor) for w in left) + (
        0.0 if index is None else _word_cost(str(index), parts, minor)
    )
    if cut.words & _STEP and "epoch" not in cut.words:
        cost += STEP_LEVEL
    elif "epoch" not in cut.words:
        cost += 0.05
    return Reading(split, kind, rank, better, frozenset(left), parts, cost, index, task, side, facts)


def _word_cost(word: str, parts: frozenset[str], minor: frozenset[str]) -> float:
    if word.isdecimal():
        return 0.05 + min(int(word[:4]), 999) * 1e-4
    if word in parts:
        return MINOR_PART if word in minor else PART
    return NAMED_LOSS if word in _LOSS_NAMES else PART


def _split(segments: tuple[tuple[str, ...], ...]) -> tuple[str | None, int | None]:
    """The split a name speaks of, the last segment that has one deciding; and the number behind the word, if any."""
    for segment in reversed(segments):
        # "eval" is often but the verb: eval_train_loss is measured on the training data.
        for word, split in (("val", "val"), ("test", "test"), ("train", "train"), ("eval", "val")):
            if word in segment:
                after = segment[segment.index(word) + 1 :]
                index = (
                    int(after[0]) if after and after[0].isdecimal() and split == "val" and len(after[0]) < 4 else None
                )
                return split, index
    return None, None


@cache
def _plain_book() -> list[tuple[str, tuple[frozenset[str], ...], frozenset[str], float]]:
    plain = vocabulary()["metrics"]["plain"]
    return [
        (role, phrases(entry["words"]), words(entry.get("veto", "")), entry.get("most", 2.0))
        for role, entry in plain.items()
    ]


@lru_cache(maxsize=16384)
def read_plain(name: str) -> tuple[tuple[str, float], ...]:
    """The roles without a split that a metric's name fits (learning rate, gradient norm, …), each with its cost."""
    cut = read(name)
    neutral = _book()[0]
    out = []
    for role, options, veto, most in _plain_book():
        fits = [phrase for phrase in options if phrase <= cut.words and not (veto - phrase) & cut.words]
        if fits:
            left = cut.words - max(fits, key=len) - neutral - {"train", "step"}
            cost = sum(_word_cost(w, frozenset(), frozenset()) for w in left)
            if cost <= most:
                out.append((role, round(cost, 4)))
    return tuple(sorted(out, key=lambda x: x[1])[:1])
