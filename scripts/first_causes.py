"""Of the cause that is named first: how often it is right, what it is taken for, and what its score is worth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
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


def named(runs: Iterable[Heard]) -> str:
    """Each cause: how often it is named first, how often rightly, and how often it leads on sound runs."""
    times, right, sound, true = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for run in runs:
        if run.causes:
            times[first(run)] += 1
            right[first(run)] += right_first(run.as_judged)
            true.update(run.causes)
        elif run.sound:
            sound[first(run)] += 1
    names = sorted(({*times, *true, *sound}) - {NONE}, key=lambda name: (-times[name], name))
    lines = [
        (
            name,
            str(true[name]),
            str(times[name]),
            str(right[name]),
            share(right[name] / times[name]) if times[name] else "–",
            str(sound[name]),
            "**right in less than a third**" if seldom_right(times[name], right[name]) else "",
        )
        for name in names
    ]
    lines.append((NONE, "–", str(times[NONE]), "–", "–", str(sound[NONE]), ""))
    return table(("cause", "runs that hold it", "named first", "rightly", "share", "first on sound runs", ""), lines)


def seldom_right(times: int, right: int) -> bool:
    """Whether a cause is named first more often than it should be.

    >>> seldom_right(5, 0), seldom_right(6, 1), seldom_right(6, 2)
    (False, True, False)
    """
    return times > SELDOM and right / times < LEAST_RIGHT


def confused(runs: Iterable[Heard]) -> str:
    """What runs of a cause are taken for, where the cause named first is wrong."""
    taken: dict[str, Counter[str]] = defaultdict(Counter)
    right, of = Counter[str](), Counter[str]()
    for run in runs:
        if not run.causes:
            continue
        # Of several names that are right for a run, the label gives the most fitting one first.
        true = run.record["truth"]["causes"][0]
        of[true] += 1
        right[true] += right_first(run.as_judged)
        if not right_first(run.as_judged):
            taken[true][first(run)] += 1
    lines = []
    for true, found in sorted(taken.items(), key=lambda item: (-item[1].total(), item[0])):
        cells = [f"{name} {n}" for name, n in sorted(found.items(), key=lambda x: (-x[1], x[0])) if n >= LEAST_CELL]
        if cells:
            rest = found.total() - sum(n for n in found.values() if n >= LEAST_CELL)
            cells += [f"others {rest}"] if rest else []
            lines.append((true, str(of[true]), str(right[true]), ", ".join(cells)))
    return table(("true cause", "runs", "right first", "named first in their place"), lines)


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
            named(runs),
            confused(runs),
            reliable(runs, left_out),
        )
    )
