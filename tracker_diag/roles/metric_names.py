"""A metric's name, understood by itself: split, quantity, and the words that are left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from tracker_diag.roles.metric import LOSS, SCORE, Metric
from tracker_diag.roles.words import Name, phrases, read, vocabulary, words

# Costs, in words that are too many.
STEP_LEVEL, PART, STRANGE, MINOR_PART, NAMED_LOSS, OUTER_WORD, MOST = 0.5, 1.0, 1.5, 3.0, 0.3, 0.3, 4.5
_NEGATIVE = frozenset({"neg", "negative", "minus"})
#: What a discriminator makes of either is no score of a model.
_SIDES_OF_A_GAME = frozenset({"fake", "real"})
_STEP = frozenset({"step", "batch", "running", "smoothed", "ema", "moving", "smooth", "raw", "interval"})
# Words that name the loss itself and not a part of it.
LOSS_NAMES = frozenset(
    ["nll", "cross", "entropy", "binary", "mse", "rmse", "mae", "huber", "log", "ctc", "focal", "hinge"]
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric's name, understood.

    Attributes
    ----------
    split : {'train', 'val', 'test'} or None
        None where the name does not say it.
    kind : {'loss', 'likelihood', 'proxy', 'score'}
        As the vocabulary has it.
    rank : int
        The lower, the more it is preferred.
    better : {'min', 'max'}
        Which way it gets better.
    extras : frozenset of str
        Words that are left.
    unknown : frozenset of str
        Those of them that the vocabulary does not know: the name may say anything by them.
    parts : frozenset of str
        Those that make a loss a part of one.
    adversary : {'generator', 'discriminator'} or None
        Whose loss it would be in an adversarial training.
    cost : float
        How much the name says too much.
    index : int or None
        The number behind the split, of several evaluation sets.
    task : str or None
        Which task it is a metric of, where that is certain.
    side : str or None
        The split on which such a metric is measured, where its name does not say it.
    facts : Metric
        What is known of it.
    """

    split: str | None
    kind: str
    rank: int
    better: str
    extras: frozenset[str]
    unknown: frozenset[str]
    parts: frozenset[str]
    adversary: str | None
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
class _Quantity:
    phrase: frozenset[str]
    rank: int
    row: dict[str, Any]
    facts: Metric


@dataclass(frozen=True, slots=True)
class _Book:
    neutral: frozenset[str]
    veto: tuple[frozenset[str], ...]
    component: frozenset[str]
    minor: frozenset[str]
    known: frozenset[str]
    adversaries: dict[str, frozenset[str]]
    quantities: tuple[_Quantity, ...]


@cache
def _book() -> _Book:
    metrics = vocabulary()["metrics"]
    rank, quantities = -1, []
    for q in metrics["quantities"]:
        rank += 0 if q.get("beside") else 1
        facts = Metric(q.get("is", "score"), q["better"], q.get("unit", ""), q.get("best"), q.get("nothing"))
        quantities += [_Quantity(phrase, rank, q, facts) for phrase in phrases(q["words"])]
    quantities.sort(key=lambda q: (-len(q.phrase), q.rank))
    component, minor = words(metrics["component"]), words(metrics["minor"])
    neutral = (words(vocabulary()["neutral"]) | words("total vs epoch")) - component
    adversaries = {side: words(text) for side, text in metrics["adversaries"].items()}
    return _Book(
        neutral,
        phrases(metrics["veto"].split()),
        component,
        minor,
        component | minor | words(metrics["known"]) | LOSS_NAMES | neutral,
        adversaries,
        tuple(quantities),
    )


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
    """Read a metric's name as split, quantity and the words that are left; None for what is neither loss nor score.

    Parameters
    ----------
    name : str
        As logged.

    Returns
    -------
    Reading or None
        The same for every run that has the name.
    """
    book, cut = _book(), read(name)
    if cut.segments and cut.segments[0][0] == "system":
        return None
    split, index = _split(cut.segments)
    q = next((q for q in book.quantities if _fits(q, cut, split)), None)
    # What names both sides at once is their difference, most likely.
    both = any({"train", "val"} <= set(segment) for segment in cut.segments)
    if q is None or both or any(v <= cut.words and not v <= q.phrase for v in book.veto):
        return None
    kind, better, facts, rank = q.row["kind"], q.row["better"], q.facts, q.rank
    if kind != "score":
        facts = facts_of_loss(cut.words)
    left = cut.words - q.phrase - book.neutral - _STEP - {"train", "val", "test", "eval", "loss", "percent"}
    if index is not None:
        left -= {str(index)}
    if kind == "score" and left & _SIDES_OF_A_GAME:
        return None
    if left & _NEGATIVE:
        facts = Metric(facts.kind, "max" if better == "min" else "min")
        left, better, kind = left - _NEGATIVE, facts.better, turned(kind)
    also = frozenset[str]()
    if rank == 1:
        # Each of these is the loss by another name.
        rank, also = 0, q.phrase
    sides = {side: words & left for side, words in book.adversaries.items() if words & left}
    # Without their counterpart these letters are any letters.
    told = frozenset().union(*sides.values())
    named = _beside_the_loss(cut.segments, book.neutral)
    parts = (
        frozenset(w for w in (left & named) - told if w in book.minor | book.component and not _names_the_loss(w, left))
        if kind == "loss"
        else frozenset()
    )
    unknown = frozenset(w for w in left if w not in book.known and not w.isdecimal())
    outer = left - frozenset(cut.segments[-1]) - parts
    cost = min(MOST, sum(_word_cost(w, parts, book.minor, w in outer, w in unknown) for w in left))
    cost += (NAMED_LOSS if also else 0.0) + (0.0 if index is None else _number_cost(str(index))) + _level_cost(cut)
    return Reading(
        split,
        kind,
        rank,
        better,
        frozenset(left | also),
        unknown,
        parts,
        next(iter(sides)) if len(sides) == 1 and kind != "score" else None,
        cost,
        index,
        q.row.get("task"),
        q.row.get("side"),
        facts,
    )


def turned(kind: str) -> str:
    """Give the kind of a metric whose sign is turned."""
    return {"loss": "likelihood", "likelihood": "loss"}.get(kind, "score")


def _names_the_loss(word: str, left: frozenset[str]) -> bool:
    # Entropy by itself is a bonus of reinforcement, and no loss.
    return word in LOSS_NAMES and (word != "entropy" or "cross" in left)


def _beside_the_loss(segments: tuple[tuple[str, ...], ...], neutral: frozenset[str]) -> frozenset[str]:
    """Words that may say which part it is of: those of its segment and behind, or before one that says no more.

    ``policy/loss`` is the loss of the policy, ``default_policy/total_loss`` the whole of one that is called so.
    """
    at = next((i for i, segment in enumerate(segments) if "loss" in segment), 0)
    if at and not set(segments[at]) - neutral - {"loss", "train", "val", "test"} and "total" not in segments[at]:
        at -= 1
    return frozenset(word for segment in segments[at:] for word in segment)


def _fits(q: _Quantity, cut: Name, split: str | None) -> bool:
    if not q.phrase <= cut.words or (q.rank != 0 and "loss" in cut.words):
        return False
    only = q.row.get("only")
    if only == "split":
        return split is not None
    # "per" is a rate of errors in val_per, and none in samples_per_epoch.
    return only != "last" or any(segment[-1] in q.phrase for segment in cut.segments)


def _level_cost(cut: Name) -> float:
    """What it costs that a metric is of steps, or does not say that it is of epochs."""
    if "epoch" in cut.words:
        return 0.0
    return STEP_LEVEL if cut.words & _STEP else 0.05


def _number_cost(word: str) -> float:
    return 0.05 + min(int(word[:4]), 999) * 1e-4


def _word_cost(word: str, parts: frozenset[str], minor: frozenset[str], outer: bool, strange: bool) -> float:
    if word.isdecimal():
        return _number_cost(word)
    if word in parts:
        return MINOR_PART if word in minor else PART
    return NAMED_LOSS if word in LOSS_NAMES else OUTER_WORD if outer else STRANGE if strange else PART


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


@cache
def _optimizers() -> frozenset[str]:
    """Words of optimisers, which stand beside the rates of their groups: ``lr-AdamW/pg1``."""
    known = vocabulary()["values"]["optimizer"]
    return frozenset(known) | frozenset().union(*known.values()) | words("decoupled pg group")


@lru_cache(maxsize=16384)
def read_plain(name: str) -> tuple[tuple[str, float], ...]:
    """The roles without a split that a metric's name fits (learning rate, gradient norm, …), each with its cost."""
    cut = read(name)
    neutral = _book().neutral
    out = []
    for role, options, veto, most in _plain_book():
        inner = frozenset(cut.segments[-1]) if cut.segments else frozenset[str]()
        fits = [
            phrase
            for phrase in options
            if phrase <= cut.words and not (veto - phrase) & (inner if phrase <= inner else cut.words)
        ]
        if fits:
            left = cut.words - max(fits, key=len) - neutral - _optimizers() - {"train", "step"}
            cost = sum(_word_cost(w, frozenset(), frozenset(), w not in inner, False) for w in left)
            if cost <= most:
                out.append((role, round(cost, 4)))
    return tuple(sorted(out, key=lambda x: x[1])[:1])
