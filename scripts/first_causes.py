"""Of the cause that is named first: how often it is right, what it is taken for, and what its score is worth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scripts.accuracy import EXPERIMENTS, mean, share, table
from scripts.heard import Heard
from scripts.left_out import right_first

#: A cause that is first more often than this has to be right in a third of the cases.
SELDOM = 5
LEAST_RIGHT = 1 / 3
#: Fewer confusions of one kind are not listed.
LEAST_CELL = 2
#: Edges of the bins of scores.
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
NONE = "no cause"


def first(run: Heard) -> str:
    """The cause that is named first."""
    return next(iter(run.as_judged.causes), NONE)


@dataclass(frozen=True)
class Counts:
    """How often each cause holds, is named first, rightly, and leads on sound runs."""

    true: Counter[str]
    times: Counter[str]
    right: Counter[str]
    sound: Counter[str]

    @classmethod
    def of(cls, runs: Iterable[Heard]) -> Counts:
        """Count them."""
        found = cls(Counter(), Counter(), Counter(), Counter())
        for run in runs:
            if run.causes:
                found.times[first(run)] += 1
                found.right[first(run)] += right_first(run.as_judged)
                found.true.update(run.causes)
            elif run.sound:
                found.sound[first(run)] += 1
        return found

    def cells(self, name: str) -> tuple[str, ...]:
        """Runs that hold a cause, how often it is named first, rightly, and on sound runs."""
        if name == NONE:
            return "–", str(self.times[NONE]), "–", str(self.sound[NONE])
        times, right = self.times[name], self.right[name]
        rightly = f"{right} ({share(right / times)})" if times else "–"
        return str(self.true[name]), str(times), rightly, str(self.sound[name])


def named(runs: Iterable[Heard], left_out: Sequence[Heard] = ()) -> str:
    """Each cause: how often it is named first, how often rightly, and how often it leads on sound runs.

    Of runs that nobody tuned on, where there are some, in the same row.
    """
    found, other = Counts.of(runs), Counts.of(left_out)
    names = sorted(
        ({*found.times, *found.true, *found.sound, *other.times, *other.true}) - {NONE},
        key=lambda name: (-found.times[name], name),
    )
    lines = []
    for name in (*names, NONE):
        low = name != NONE and seldom_right(found.times[name], found.right[name])
        flag = "**right in less than a third**" if low else ""
        lines.append((name, *found.cells(name), *(other.cells(name) if left_out else ()), flag))
    head = ("runs that hold it", "named first", "rightly", "first on sound runs")
    outside = tuple(f"left out: {cell}" for cell in head) if left_out else ()
    return table(("cause", *head, *outside, ""), lines)


def seldom_right(times: int, right: int) -> bool:
    """Whether a cause is named first more often than it should be.

    >>> seldom_right(5, 0), seldom_right(6, 1), seldom_right(6, 2)
    (False, True, False)
    """
    return times > SELDOM and right / times < LEAST_RIGHT


@dataclass(frozen=True)
class Confusions:
    """What runs of a cause are taken for."""

    taken: dict[str, Counter[str]]
    right: Counter[str]
    of: Counter[str]

    @classmethod
    def among(cls, runs: Iterable[Heard]) -> Confusions:
        """Count them."""
        found = cls(defaultdict(Counter), Counter(), Counter())
        for run in runs:
            if not run.causes:
                continue
            # Of several names that are right for a run, the label gives the most fitting one first.
            true = run.record["truth"]["causes"][0]
            found.of[true] += 1
            found.right[true] += right_first(run.as_judged)
            if not right_first(run.as_judged):
                found.taken[true][first(run)] += 1
        return found

    def cells(self, true: str) -> tuple[str, ...]:
        """Runs of a cause, in how many it is first, and what is in its place where that is so more than once."""
        if not self.of[true]:
            return "–", "–", "–"
        found = self.taken.get(true, Counter[str]())
        cells = [f"{name} {n}" for name, n in sorted(found.items(), key=lambda x: (-x[1], x[0])) if n >= LEAST_CELL]
        rest = found.total() - sum(n for n in found.values() if n >= LEAST_CELL)
        cells += [f"others {rest}"] if rest else []
        return str(self.of[true]), str(self.right[true]), ", ".join(cells) or "–"


def confused(runs: Iterable[Heard], left_out: Sequence[Heard] = ()) -> str:
    """What runs of a cause are taken for, where the cause named first is wrong; left-out runs in the same row."""
    found, other = Confusions.among(runs), Confusions.among(left_out)
    wrong = {true: found.taken.get(true, Counter[str]()).total() for true in {*found.of, *other.of}}
    listed = [t for t in wrong if wrong[t] or other.taken.get(t)]
    lines = [
        (true, *found.cells(true), *(other.cells(true) if left_out else ()))
        for true in sorted(listed, key=lambda t: (-wrong[t], t))
    ]
    head = ("runs", "right first", "named first in their place")
    outside = tuple(f"left out: {cell}" for cell in head) if left_out else ()
    return table(("true cause", *head, *outside), lines)


def reliable(runs: Sequence[Heard], left_out: Sequence[Heard] = ()) -> str:
    """The score of the first cause, in bins: how many runs have it, and the share in which the cause is right.

    Runs that are judged beside siblings are counted apart: these settle what curves alone leave open.
    """
    beside = [run for run in runs if run.held_in in EXPERIMENTS]
    columns = {"alone": [run for run in runs if run.held_in not in EXPERIMENTS], "beside siblings": beside}
    if left_out:
        columns["alone, left out"] = list(left_out)
    bins = [_bins(column) for column in columns.values() if column]
    head = [cell for name, column in columns.items() if column for cell in (f"runs {name}", "right")]
    names = [f"{low:g}–{high:g}" for low, high in pairwise(EDGES)] + ["any score", NONE]
    lines = [
        (name, *(cell for c in bins for cell in (str(len(c[name])), "–" if name == NONE else share(mean(c[name])))))
        for name in names
    ]
    return table(["score of the first cause", *head], lines)


def _bins(runs: Iterable[Heard]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for run in runs:
        if not run.causes:
            continue
        score = run.score
        if score is None:
            found[NONE].append(0)
            continue
        at = max(i for i, low in enumerate(EDGES[:-1]) if score >= low)
        for name in (f"{EDGES[at]:g}–{EDGES[at + 1]:g}", "any score"):
            found[name].append(right_first(run.as_judged))
    return found


def causes_of(runs: Sequence[Heard], left_out: Sequence[Heard] = ()) -> str:
    """All of it."""
    sets = Counter(run.held_in for run in runs if run.causes)
    sound = sum(run.sound for run in runs)
    return "\n\n".join(
        (
            f"Made by `scripts/weigh`: {sets.total()} runs with a labelled cause "
            f"({', '.join(f'{name} {n}' for name, n in sets.items())}), and {sound} sound ones.",
            named(runs, left_out),
            confused(runs, left_out),
            reliable(runs, left_out),
        )
    )
