"""Metrics that may play a role: read by their names, and by what is trained."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from tracker_diag.core.run import Series
from tracker_diag.roles.metric_names import Reading, read_metric, turned
from tracker_diag.roles.words import read, vocabulary, words

SPLITS = ("train", "val", "test")
# Costs, in words that are too many.
ONE_POINT, REPAIRED = 3.0, 0.3
_KINDS_OF_ERROR = frozenset({"huber", "mse", "mae"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A metric that may play a role.

    Attributes
    ----------
    series : Series
        Its curve.
    reading : Reading
        What its name says.
    cost : float
        How much it says too much, and what else speaks against it.
    note : str
        What a user should know if it is taken.
    """

    series: Series
    reading: Reading
    cost: float
    note: str = ""

    @property
    def order(self) -> tuple[float, int, int, str]:
        """Lowest cost, then most points, then the shortest name, then the alphabet."""
        return round(self.cost, 4), -len(self.series), len(self.series.name), self.series.name


def by_stem(candidates: Iterable[Candidate]) -> dict[tuple[int, frozenset[str]], Candidate]:
    """Give the best of those that measure the same."""
    best: dict[tuple[int, frozenset[str]], Candidate] = {}
    for c in candidates:
        known = best.get(c.reading.stem)
        if known is None or c.order < known.order:
            best[c.reading.stem] = c
    return best


def candidates(metrics: Mapping[str, Series], directions: Mapping[str, str]) -> list[Candidate]:
    """Read all names.

    Parameters
    ----------
    metrics : mapping of str to Series
        By name.
    directions : mapping of str to {'min', 'max'}
        Which way is better, by exact name, where the user says so.

    Returns
    -------
    list of Candidate
        Losses and scores that have values, but for losses that are exactly 0 throughout.
    """
    namespace, letters = len(_namespace(metrics)), _by_letter(metrics)
    found = []
    for name, series in metrics.items():
        reading = read_metric(letters.get(name) or name[namespace:]) if len(series) else None
        if reading is None or _is_nought(series, reading):
            continue
        cost = reading.cost + (ONE_POINT if len(series) < 2 else 0.0) + (REPAIRED if series.notes else 0.0)
        if name in directions and directions[name] != reading.better:
            reading = replace(reading, better=directions[name], kind=turned(reading.kind))
        found.append(Candidate(series, reading, cost))
    return found


def are_adversarial(several: Iterable[Candidate]) -> bool:
    """Whether losses of both sides of an adversarial training are among them."""
    return {"generator", "discriminator"} <= {c.reading.adversary for c in several}


def of_their_kind(several: list[Candidate], names: Iterable[str], traits: Collection[str]) -> list[Candidate]:
    """Leave out losses that no curve of learning can be made of, for what is trained.

    Parameters
    ----------
    several : list of Candidate
        All there are.
    names : iterable of str
        Names of all metrics.
    traits : collection of str
        Kinds of training.

    Returns
    -------
    list of Candidate
        The others.
    """
    if "adversarial" in traits:
        # Two networks against each other: neither loss falls as they learn, and their sum says nothing.
        return [c for c in several if not (c.reading.parts or c.reading.adversary or _is_one_of_two(c.reading))]
    if "reinforcement" in traits:
        # What an agent earns says how it learns; of its losses, only one that is called so without more.
        return [
            c
            for c in several
            if c.reading.kind == "score" or not (c.reading.extras - _KINDS_OF_ERROR or c.reading.adversary)
        ]
    quantized = words(vocabulary()["metrics"]["quantized"])
    if any(quantized & read(name).words for name in names):
        # That is how evenly a codebook is used.
        return [c for c in several if c.reading.facts.kind != "perplexity"]
    return several


def _is_one_of_two(reading: Reading) -> bool:
    return reading.kind == "loss" and any(word.isdecimal() for word in reading.extras)


def _is_nought(series: Series, reading: Reading) -> bool:
    """Whether a loss is exactly 0 throughout: it was divided away, or never computed, and says nothing."""
    return reading.kind != "score" and len(series) > 2 and not series.values.any()


def _namespace(names: Collection[str]) -> str:
    """What all names begin with, up to a slash, where it says nothing of the split: ``experiment_42/``."""
    shared = [name for name in names if not name.startswith("system/")]
    first, last = min(shared, default=""), max(shared, default="")
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    prefix = first[: first.rfind("/", 0, same) + 1]
    return "" if read(prefix).words & {"train", "val", "test", "eval", "loss"} else prefix


def _by_letter(names: Collection[str]) -> dict[str, str]:
    """Names that tell training from validation by ``t`` and ``v`` alone, spelt out, where one comes with both.

    Beside a loss that is called so without more, or those of a policy, they are parts: text and vision, value and
    temperature.
    """
    spelt = {"t": "train", "v": "val"}
    if any(_is_plain_loss(name) or read(name).words & {"pi", "q", "policy"} for name in names):
        return {}
    rests = {name: name[1:] for name in names if name[:1] in spelt and _says_no_split(name[1:])}
    if not any(name[0] == "t" and f"v{rest}" in rests for name, rest in rests.items()):
        return {}
    return {name: f"{spelt[name[0]]} {rest}" for name, rest in rests.items()}


def _is_plain_loss(name: str) -> bool:
    reading = read_metric(name)
    return reading is not None and reading.kind == "loss" and reading.split is None and not reading.extras


def _says_no_split(name: str) -> bool:
    reading = read_metric(name)
    return reading is not None and reading.split is None
