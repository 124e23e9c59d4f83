"""Which metric plays which role: the best pair of curves is taken, of a loss and of a score."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from tracker_diag.core.run import Series
from tracker_diag.roles.metric import LOSS
from tracker_diag.roles.metric_names import LOSS_NAMES, Reading, read_metric, read_plain, turned
from tracker_diag.roles.words import read, vocabulary, words

SPLITS = ("train", "val", "test")
# Costs, in words that are too many: the pair of curves with the lowest sum is taken.
PROXY, ONE_POINT, UNSPLIT, REPAIRED = 2.5, 3.0, 0.4, 0.3
DIFFERENT, MOST_DIFFERENT, NO_COUNTERPART, LONE_TRAINING = 1.5, 4.5, 8.0, 2.0
RANK = 0.1
#: Between the names of metrics that were added up.
SUM = " + "


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
    adversarial: bool = False


def find_metrics(
    metrics: Mapping[str, Series], directions: Mapping[str, str], traits: Collection[str] = frozenset()
) -> Found:
    """The metric for each role.

    The loss is what is called one; where nothing is, a log-likelihood (with its sign turned) or an error that is
    minimised (perplexity, MSE, RMSE, MAE). Of several, the pair of a training and a validation curve is taken whose
    names have the fewest words too many, see the costs of this module: a whole loss before its parts, equal stems
    before unequal ones, curves before single points, epochs before steps. Parts without a whole are added up. A name
    that holds a word nobody knows and does not say its split is of no split: it is taken only where its counterpart
    says which.

    Parameters
    ----------
    metrics : mapping of str to Series
        By name.
    directions : mapping of str to {'min', 'max'}
        Which way is better, by exact name, where the user says so.
    traits : collection of str
        Kinds of training that names give away.
    """
    found = Found()
    plain: dict[str, list[tuple[tuple[float, int, int, str], Series]]] = {}
    candidates: list[Candidate] = []
    namespace, letters = len(_namespace(metrics)), _by_letter(metrics)
    for name, series in metrics.items():
        if not len(series):
            continue
        for role, cost in read_plain(name):
            plain.setdefault(role, []).append(((cost, -len(series), len(name), name), series))
        reading = read_metric(letters.get(name) or name[namespace:])
        if reading is not None and not _is_nought(series, reading):
            cost = reading.cost + (ONE_POINT if len(series) < 2 else 0.0) + (REPAIRED if series.notes else 0.0)
            if name in directions and directions[name] != reading.better:
                reading = replace(reading, better=directions[name], kind=turned(reading.kind))
            candidates.append(Candidate(series, reading, cost))
    found.adversarial = {"generator", "discriminator"} <= {c.reading.adversary for c in candidates}
    candidates = _of_its_kind(candidates, metrics, found, traits)
    sides: dict[str | None, list[Candidate]] = {split: [] for split in (*SPLITS, None)}
    for c in candidates:
        sides[c.reading.split].append(c)
    _numbered_sides(sides, found)
    _side_the_unsplit(sides, found)
    _held_out_by_test(sides, found)
    losses = _take(found, _losses_of(sides, found), "loss", ("loss", "likelihood", "proxy"))
    _take(found, _scores_of(sides, losses), "score", ("score", "proxy"), leave=[c.series for c in losses])
    for role, several in plain.items():
        found.metrics[role] = min(several, key=lambda x: x[0])[1]
    tasks = {c.reading.task for side in sides.values() for c in side if c.reading.task}
    found.task = next(iter(tasks)) if len(tasks) == 1 else None
    return found


def _is_nought(series: Series, reading: Reading) -> bool:
    """Whether a loss is exactly 0 throughout: it was divided away, or never computed, and says nothing."""
    return reading.kind != "score" and len(series) > 2 and not series.values.any()


def _of_its_kind(
    candidates: list[Candidate], names: Iterable[str], found: Found, traits: Collection[str]
) -> list[Candidate]:
    """Leave out losses that no curve of learning can be made of, for what is trained."""
    if found.adversarial or "adversarial" in traits:
        # Two networks against each other: neither loss falls as they learn, and their sum says nothing.
        return [c for c in candidates if not (c.reading.parts or c.reading.adversary or _is_one_of_two(c.reading))]
    if "reinforcement" in traits:
        return [c for c in candidates if not (c.reading.parts or c.reading.adversary)]
    quantized = words("vq codebook commitment")
    if any(quantized & read(name).words for name in names):
        # That is how evenly a codebook is used.
        return [c for c in candidates if c.reading.facts.kind != "perplexity"]
    return candidates


def _is_one_of_two(reading: Reading) -> bool:
    return reading.kind == "loss" and any(word.isdecimal() for word in reading.extras)


def _namespace(names: Collection[str]) -> str:
    """What all names begin with, up to a slash, where it says nothing of the split: ``experiment_42/``."""
    shared = [name for name in names if not name.startswith("system/")]
    first, last = min(shared, default=""), max(shared, default="")
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    prefix = first[: first.rfind("/", 0, same) + 1]
    return "" if read(prefix).words & {"train", "val", "test", "eval", "loss"} else prefix


def _by_letter(names: Collection[str]) -> dict[str, str]:
    """Names that tell training from validation by ``t`` and ``v`` alone, spelt out, where one comes with both."""
    spelt = {"t": "train", "v": "val"}
    rests = {name: name[1:] for name in names if name[:1] in spelt and _says_no_split(name[1:])}
    if not any(name[0] == "t" and f"v{rest}" in rests for name, rest in rests.items()):
        return {}
    return {name: f"{spelt[name[0]]} {rest}" for name, rest in rests.items()}


def _says_no_split(name: str) -> bool:
    reading = read_metric(name)
    return reading is not None and reading.split is None


def _held_out_by_test(sides: dict[str | None, list[Candidate]], found: Found) -> None:
    """Take what is called test, logged as a curve, for the held-out curve where no validation is one."""
    longest = {split: max((len(c.series) for c in sides[split]), default=0) for split in ("val", "test")}
    if longest["val"] > 1 or longest["test"] < 2:
        return
    sides["val"], sides["test"] = sides["test"], []
    name = min(sides["val"], key=lambda c: c.order).series.name
    found.notes.append(f"{name}: taken as the held-out curve, as no validation curve was logged")


def _side_the_unsplit(sides: dict[str | None, list[Candidate]], found: Found) -> None:
    """Put what names no split where its counterpart, its kind or its length says it belongs, or leave it out."""
    unsplit, sides[None] = sides[None], []
    train, val = {c.reading.stem for c in sides["train"]}, {c.reading.stem for c in sides["val"] or sides["test"]}
    explicit = bool(sides["train"])
    told = explicit or bool(sides["val"])
    held_out = {len(c.series) for c in sides["val"] if c.reading.kind == "loss"}
    for c in sorted(unsplit, key=lambda c: c.order):
        reading = c.reading
        if reading.kind in ("score", "proxy") and len(c.series) < 2 and reading.stem not in val:
            # Logged once, at the end, on data that it does not name.
            continue
        moved = Candidate(c.series, reading, c.cost + UNSPLIT)
        if (reading.stem in val and reading.stem not in train) or (
            reading.kind != "score" and not reading.unknown and reading.kind != "proxy"
        ):
            sides["train"].append(moved)
        elif reading.side == "train":
            # What an agent gathers while it learns.
            sides["train"].append(moved)
        elif reading.side == "val" and not reading.unknown:
            # Who goes to the length of decoding or matching does it on the validation data.
            sides["val"].append(moved)
        elif reading.stem in train and reading.stem not in val and told:
            sides["val"].append(moved)
        elif not reading.unknown and not told:
            sides["train"].append(moved)
        elif not reading.unknown and explicit and len(c.series) > 1 and held_out == {len(c.series)}:
            sides["val"].append(moved)
            found.notes.append(f"{c.series.name}: taken as a score on the validation data, beside whose loss it stands")
        elif reading.kind in ("loss", "score"):
            role = "train_loss" if reading.kind == "loss" else "val_score"
            found.notes.append(
                f"{c.series.name}: left out, as its name does not say whether it is training or validation; "
                f"say so with --role {role}={c.series.name}"
            )


def _losses_of(sides: Mapping[str | None, list[Candidate]], found: Found) -> dict[str | None, list[Candidate]]:
    """Losses of each side: whole ones where there are any, otherwise their parts and what these add up to."""
    out: dict[str | None, list[Candidate]] = {}
    for split in SPLITS:
        losses = [c for c in sides[split] if c.reading.kind in ("loss", "likelihood", "proxy")]
        whole, plain = any(_is_whole(c) for c in losses), any(_is_plain(c) for c in losses)
        out[split] = [c for c in losses if not (whole and c.reading.parts) and not (plain and c.reading.unknown)]
    parts = {
        split: _by_stem(c for c in out[split] if c.reading.kind == "loss" and c.reading.extras) for split in SPLITS
    }
    if not any(c.reading.parts for split in SPLITS for c in parts[split].values()):
        return out
    detector = words(vocabulary()["metrics"]["detector"])
    named = frozenset().union(*(c.reading.parts for split in SPLITS for c in parts[split].values()))
    heads = {
        c.reading.extras & named
        for split in SPLITS
        for c in sides[split]
        if c.reading.kind == "score" and c.reading.extras & named
    }
    if heads and not named & detector:
        return out
    both = [set(parts[split]) for split in ("train", "val") if parts[split]]
    common = set.intersection(*both) if both else set()
    for split in SPLITS:
        summed = _sum([c for stem, c in parts[split].items() if stem in common])
        if summed is not None:
            out[split] = [c for c in out[split] if not c.reading.parts and c.reading.kind != "loss"] + [summed]
            found.notes.append(f"{summed.series.name}: added up, for want of the whole loss")
    return out


def _is_whole(c: Candidate) -> bool:
    return c.reading.kind == "loss" and not c.reading.parts and not (c.reading.extras & LOSS_NAMES)


def _is_plain(c: Candidate) -> bool:
    return c.reading.kind == "loss" and all(word.isdecimal() for word in c.reading.extras)


def _by_stem(candidates: Iterable[Candidate]) -> dict[tuple[int, frozenset[str]], Candidate]:
    best: dict[tuple[int, frozenset[str]], Candidate] = {}
    for c in candidates:
        known = best.get(c.reading.stem)
        if known is None or c.order < known.order:
            best[c.reading.stem] = c
    return best


def _sum(parts: list[Candidate]) -> Candidate | None:
    """Several parts of a loss as one, where they were logged at the same steps."""
    at_steps: dict[bytes, list[Candidate]] = defaultdict(list)
    for c in parts:
        at_steps[c.series.steps.tobytes()].append(c)
    most = max(at_steps.values(), key=lambda several: len(several), default=[])
    together = sorted(most, key=lambda c: c.series.name)
    if len(together) < 2:
        return None
    first = together[0].series
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.sum([c.series.values for c in together], axis=0)
    named = frozenset().union(*(c.reading.extras for c in together))
    reading = replace(
        together[0].reading, extras=named, parts=named, unknown=frozenset(), cost=0.0, facts=LOSS, adversary=None
    )
    name = SUM.join(c.series.name for c in together)
    return Candidate(Series(name, first.steps, values, first.seconds), reading, together[0].cost)


def _scores_of(
    sides: Mapping[str | None, list[Candidate]], losses: list[Candidate]
) -> dict[str | None, list[Candidate]]:
    """Scores of each side, but for those of another head than the loss that was taken."""
    head = frozenset().union(*(c.reading.parts for c in losses))
    named = (c.reading.parts for split in SPLITS for c in sides[split] if c.reading.kind == "loss")
    others = frozenset().union(*named) - head if head else frozenset()
    classes = any(c.reading.task == "classification" for split in SPLITS for c in sides[split])
    told = bool(losses) and any(c.reading.kind == "score" for c in sides["val"])
    return {
        split: [
            c
            for c in sides[split]
            if not c.reading.extras & others and not (told and c.reading.kind == "proxy" and _adds_nothing(c, classes))
        ]
        for split in SPLITS
    }


def _adds_nothing(c: Candidate, classes: bool) -> bool:
    """Whether an error says less than a score would: perplexity is the loss again, and classes have no distances."""
    return c.reading.facts.kind == "perplexity" or classes


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
    leave: Iterable[Series] = (),
) -> list[Candidate]:
    """Fill the roles train, val and test of the loss or of the score."""
    left = list(leave)

    def of(split: str) -> list[Candidate]:
        out = []
        for c in sides[split]:
            if c.reading.kind in kinds and not any(_same(c.series, s) for s in left):
                extra = RANK * c.reading.rank + (PROXY if what == "loss" and c.reading.kind != "loss" else 0.0)
                out.append(Candidate(c.series, c.reading, c.cost + extra))
        return out

    picked = _picked(of("train"), of("val"), of("test"), what)
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
        if what == "loss" and c.reading.parts and SUM not in series.name:
            found.notes.append(f"{c.series.name}: a part of the loss, taken for want of the whole")
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
    best_train, best_val = _by_stem(train), _by_stem(val)
    options: list[tuple[Candidate | None, Candidate | None]] = [
        (best_train[stem], best_val[stem]) for stem in best_train if stem in best_val
    ]
    few_train = sorted(best_train.values(), key=lambda c: c.order)[:4]
    few_val = sorted(best_val.values(), key=lambda c: c.order)[:4]
    options += [(t, v) for t, v in product(few_train, few_val) if _comparable(t.reading, v.reading)]
    options += [(t, None) for t in few_train] + [(None, v) for v in few_val]
    return min(options, key=_pair_order, default=(None, None))


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
        return round(only.cost + NO_COUNTERPART + (LONE_TRAINING if v is None else 0.0), 4), *only.order[1:]
    differing = t.reading.extras ^ v.reading.extras
    cost = (
        t.cost
        + v.cost
        + min(MOST_DIFFERENT, sum(0.3 if w.isdecimal() or w in LOSS_NAMES else DIFFERENT for w in differing))
    )
    (_, points, length, name), (_, other_points, other_length, other_name) = t.order, v.order
    return round(cost, 4), points + other_points, length + other_length, name + other_name
