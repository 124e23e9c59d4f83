"""What curves of real runs did when they went on, beside what was extrapolated from their beginnings.

    python -m scripts.carried_on tests/data/faults.jsonl.gz tests/data/practice.jsonl.gz

Training and validation curves of labelled runs, sound and faulty, but for those that blow up, are cut at a quarter, a
third and half of their length, carried on to twice what is left, and compared with what the curve did: its mean over a
tenth of the cut length around either point. That mean is itself known to within two standard errors only, and a fifth
of a percent of what was achieved matters to nobody: an interval that misses by less holds. Where the curve rose,
nothing was to be gained, and ``low`` must be 0.

``low`` matters most, for a warning rests on it. So the columns on the right count the curves of which one might warn:
another tenth of what was achieved expected, another twentieth sure.

The last table leaves out each task or repository in turn, and then each file: ``doubt`` is the smallest that puts
``low`` above the truth in at most 5% of the others' (each task counts alike), and is tried on what was left out.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.accuracy import load, mean, read
from tracker_diag.core.run import Series
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.optimiser import ANNEALED, POINTS_OF_SCHEDULE, POINTS_TO_CARRY_ON, lowest_possible
from tracker_diag.roles.metric import LOSS
from tracker_diag.roles.resolve import resolve
from tracker_diag.settings.settings import Settings
from tracker_diag.stats.condense import condense
from tracker_diag.stats.extrapolation import DOUBT, Extrapolation, extrapolate
from tracker_diag.stats.noise import local_mean, noise

FloatArray = NDArray[np.float64]

CUTS = (4, 3, 2)
LENGTHS = ((5, 7), (8, 11), (12, 19), (20, 39), (40, 99), (100, 399), (400, 10**9))
DOUBTS = (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
LEFT_OUT = 0.05
#: Share of what was achieved that a miss must exceed.
MATTERS = 0.002
EXPECTED, SURE = 0.1, 0.05


@dataclass(frozen=True, eq=False)
class Cut:
    """The beginning of a curve, and what came after.

    Attributes
    ----------
    file, task, rate, state : str
        Where it is from, and what is known of its run.
    x, y : ndarray, shape (n,)
        What was seen.
    floor : float
        What it cannot fall below.
    achieved : float
        Its fall so far.
    truth, known_to : float
        Its fall from the cut to twice the length, and how well that is known.
    """

    file: str
    task: str
    rate: str
    state: str
    x: FloatArray
    y: FloatArray
    floor: float
    achieved: float
    truth: float
    known_to: float

    @property
    def length(self) -> str:
        """The span of lengths that it belongs to."""
        a, b = next(span for span in LENGTHS if span[0] <= self.y.size <= span[1])
        return f"{a} points or more" if b > 10**6 else f"{a} to {b} points"


@dataclass(frozen=True)
class Outcome:
    """Whether the truth lay below the interval, above it, and whether one might warn of the curve."""

    below: bool
    above: bool
    told: bool

    @property
    def held(self) -> bool:
        """Whether the interval held the truth."""
        return not (self.below or self.above)


def outcome(cut: Cut, doubt: float) -> Outcome:
    """Carry on, and compare."""
    found: Extrapolation = extrapolate(*condense(cut.x, cut.y), floor=cut.floor, doubt=doubt)
    truth = max(cut.truth, 0.0)
    told = cut.achieved > 0 and found.gain >= EXPECTED * cut.achieved and found.low >= SURE * cut.achieved
    return Outcome(truth < found.low - cut.known_to, truth > found.high + cut.known_to, told)


def cuts(record: Mapping[str, Any], file: str = "") -> Iterator[Cut]:
    """All beginnings of the curves of a record that went on for as long again."""
    roles = resolve(read(record), Settings())
    losses = [role for role in ("train_loss", "val_loss") if role in roles.metrics]
    for role in losses or [r for r in ("train_score", "val_score") if r in roles.metrics]:
        series, metric = roles.metrics[role], roles.facts.get(role, LOSS)
        values = -series.values if metric.better == "max" else series.values
        curve = Curve(series.name, series.steps, values, metric, role)
        if not curve.long_enough or curve.divergence.lost is not None or curve.divergence.blown is not None:
            continue
        task = f"{file} {record.get('repository') or record.get('group', '')}"
        about = (file, task, _rate(roles.metrics.get("learning_rate")), _state(record))
        for part in CUTS:
            found = _cut(curve, part, about)
            if found is not None:
                yield found


def _cut(curve: Curve, part: int, about: tuple[str, str, str, str]) -> Cut | None:
    x, y = curve.finite
    n = y.size // part
    if n < POINTS_TO_CARRY_ON:
        return None
    end = x[0] + (x[n - 1] - x[0]) * (2 * n - 1) / (n - 1)
    if end > x[-1] + 1e-9 * abs(x[-1]):
        return None
    half = n // 20
    level = local_mean(y, 2 * half + 1)
    around = y[n // 2 : 2 * n]
    error = noise(around, share=1.0).sigma * float(np.sqrt(2 / (2 * half + 1)))
    first = max(float(y[0]), float(np.median(y[: max(1, n // 10)])))
    achieved = first - float(level[:n].min())
    truth = float(level[n - 1] - np.interp(end, x, level))
    return Cut(*about, x[:n], y[:n], lowest_possible(curve), achieved, truth, 2 * error + MATTERS * abs(achieved))


def _rate(rate: Series | None) -> str:
    values = np.array([]) if rate is None else rate.values[np.isfinite(rate.values)]
    if values.size < POINTS_OF_SCHEDULE:
        return "rate not logged"
    return "rate annealed" if values[-1] < ANNEALED * values.max() else "rate not annealed"


def _state(record: Mapping[str, Any]) -> str:
    return {True: "faulty", False: "sound"}.get(record["truth"].get("faulty"), "state unknown")


def row(name: str, outcomes: Iterable[Outcome]) -> str:
    """One line of a table."""
    seen = list(outcomes)
    told = [o for o in seen if o.told]
    shares = (mean(o.held for o in seen), mean(o.below for o in seen), mean(o.above for o in seen))
    of_told = (mean(o.held for o in told), mean(o.below for o in told))
    cells = " ".join(f"{x:7.3f}" if x == x else "      -" for x in shares)
    return f"{name:44.44s} {len(seen):6d} {cells} | {len(told):6d} " + " ".join(
        f"{x:7.3f}" if x == x else "      -" for x in of_told
    )


def by(key: Callable[[Cut], str], found: list[Cut], outcomes: list[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes by what the curves have in common."""
    parts: dict[str, list[Outcome]] = defaultdict(list)
    for cut, result in zip(found, outcomes, strict=True):
        parts[key(cut)].append(result)
    return parts


def fitted(tried: Mapping[float, Mapping[str, list[Outcome]]], without: Container[str]) -> float:
    """The smallest doubt that keeps ``low`` below the truth in all tasks but these."""

    def wrong(tasks: Mapping[str, list[Outcome]]) -> float:
        told = [[o.below for o in part if o.told] for name, part in tasks.items() if name not in without]
        return mean(mean(part) for part in told if part)

    return next((doubt for doubt in sorted(tried) if wrong(tried[doubt]) <= LEFT_OUT), max(tried))


def report(found: list[Cut]) -> Iterator[str]:
    """The lines that are printed."""
    tried = {doubt: [outcome(cut, doubt) for cut in found] for doubt in sorted({*DOUBTS, DOUBT})}
    head = f"{'':44s} {'curves':>6s} {'held':>7s} {'below':>7s} {'above':>7s} | {'told':>6s} {'held':>7s} {'below':>7s}"
    yield head
    yield row("all", tried[DOUBT])
    yield row("all, doubt 0", tried[0.0])
    keys: tuple[Callable[[Cut], str], ...] = (
        lambda c: c.length,
        lambda c: c.state,
        lambda c: c.rate,
        lambda c: c.file,
        lambda c: c.task,
    )
    for key in keys:
        yield ""
        for name, part in sorted(by(key, found, tried[DOUBT]).items(), key=lambda item: _in_order(item[0])):
            yield row(name, part)
    tasks = {doubt: by(lambda c: c.task, found, results) for doubt, results in tried.items()}
    files = {file: {c.task for c in found if c.file == file} for file in {c.file for c in found}}
    for what, folds in (("task", [{task} for task in tasks[DOUBT]]), ("file", list(files.values()))):
        chosen = [(fold, fitted(tasks, fold)) for fold in folds]
        doubts = sorted({doubt for _, doubt in chosen})
        left_out = [o for fold, doubt in chosen for task in fold for o in tasks[doubt][task]]
        yield ""
        yield row(f"each {what} left out: doubt {doubts[0]} to {doubts[-1]}", left_out)


def _in_order(name: str) -> tuple[int, str]:
    first = name.split()[0]
    return (int(first) if first.isdigit() else 0), name


def main() -> None:
    """Read the options, carry on, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="labelled runs, JSON, one a line; .gz or not")
    options = parser.parse_args()
    found: list[Cut] = []
    for path in options.runs:
        name = path.name.partition(".")[0]
        found += [cut for record in load(path) for cut in cuts(record, name)]
    print("\n".join(report(found)))


if __name__ == "__main__":
    main()
