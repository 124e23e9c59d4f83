"""Whether the same curves get the same verdict whatever they are called.

Runs of practice, each logged with the names of one habit, are read back to what their metrics and parameters are,
and written again under every habit of scripts/naming_habits.yaml: those of frameworks, of people, of languages. Values
and steps stay (a habit that writes per cent multiplies by 100). Each is diagnosed, and so is the reference: the same
content under plain names (train_loss, val_accuracy, learning_rate …). What a habit has no word for is left out of its
reference too; what its framework logs besides (epoch, runtime, memory) is only in the habit's run.

A verdict that differs from the reference is one that hangs on a name. The issue that asked for this allows .10.

    python -m scripts.naming                    200 runs under every habit, the worst habit first
    python -m scripts.naming --runs 40          fewer runs
    python -m scripts.naming --habits FILE      other habits, as scripts/naming_habits_left_out.yaml holds them
    python -m scripts.naming --json OUT         write the figures, and every changed verdict, to this file as well
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any
from zlib import crc32

from scripts.accuracy import load
from scripts.habits import (
    HABITS,
    Habit,
    Habits,
    Points,
    Practice,
    family,
    meanings,
    read_habits,
)
from tracker_diag import Run, diagnose

PRACTICE = Path(__file__).resolve().parent.parent / "tests" / "data" / "practice.jsonl.gz"
ALLOWED = 0.10
ENOUGH_RUNS = 200


@dataclass(frozen=True)
class Content:
    """A run by what its metrics and parameters are."""

    id: str
    group: str
    fault: str
    metrics: Mapping[str, Points]
    params: Mapping[str, Any]
    kind: str | None
    status: str


@dataclass(frozen=True)
class Said:
    """What was said of a run: the verdict, what warned, the first cause."""

    verdict: str
    warned: frozenset[str]
    cause: str | None


@dataclass(frozen=True)
class Comparison:
    """What was said of a run under a habit, and under plain names."""

    run: str
    habit: str
    said: Said
    reference: Said


# -- what a labelled run holds -------------------------------------------------------------------------------------


def flat(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Parameters of nested mappings, their names joined by dots."""
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def content(record: Mapping[str, Any], practice: Practice) -> Content | None:
    """What a labelled run holds; None where a name is not known or there is no curve of the training loss."""
    habit = practice.habits.get(record["habit"])
    if habit is None:
        return None
    known, kinds, metrics = meanings(habit), set[str](), {}
    for name, points in record["metrics"].items():
        if name in practice.dropped:
            continue
        if name not in known:
            return None
        what, kind, hundredth = known[name]
        kinds |= {kind} if kind else set()
        metrics[what] = points if hundredth == 1.0 else scaled(points, 1 / hundredth)
    params = dict(flat(record["params"]))
    if "train/loss" not in metrics or not params.keys() <= practice.roles.keys():
        return None
    roles = {practice.roles[name]: value for name, value in params.items()}
    kind = next(iter(kinds), None) or told_kind(record, metrics, roles, practice)
    return Content(
        id=record["id"],
        group=record["group"],
        fault=record["truth"]["fault"],
        metrics=metrics,
        params=roles,
        kind=kind,
        status=record.get("status", "FINISHED"),
    )


def told_kind(
    record: Mapping[str, Any], metrics: Iterable[str], roles: Iterable[str], practice: Practice
) -> str | None:
    """The kind of loss that scores tell; None where they do not."""
    if practice.unnamed_losses & set(record["practice"]) or record["group"] in practice.unnamed_groups:
        return None
    scores = {what.partition("/")[2] for what in metrics}
    if scores & {"rmse", "mae", "r2"}:
        return "mse"
    return "cross_entropy" if scores & {"accuracy", "error", "f1", "auc"} or "num_classes" in set(roles) else None


def scaled(points: Points, factor: float) -> Points:
    """Points with their values multiplied, freed of the digits that this adds."""
    return [[step, value if isinstance(value, str) else round(value * factor, 10)] for step, value in points]


def in_turn(parts: Iterable[Sequence[Content]]) -> list[Content]:
    """The first of each part, then the second of each."""
    return [each for each in chain.from_iterable(zip_longest(*parts)) if each is not None]


def spread(contents: Iterable[Content], most: int) -> list[Content]:
    """As many runs as asked for, sound and faulty ones in turn, of each as many tasks and faults as there are."""
    strata: dict[bool, dict[tuple[str, str], list[Content]]] = {True: defaultdict(list), False: defaultdict(list)}
    for each in contents:
        strata[each.fault.startswith("healthy")][each.group, each.fault].append(each)
    # In alphabetical order the first few runs would be all of one task.
    mixed = [
        [group[key] for key in sorted(group, key=lambda key: crc32(repr(key).encode()))] for group in strata.values()
    ]
    return in_turn([in_turn(parts) for parts in mixed])[:most]


# -- the same under a habit ----------------------------------------------------------------------------------------


def goes(way: str, i: int, step: Any, length: int) -> float:
    """A value of what a framework logs besides."""
    wave = (37 * i % 11) / 10
    return {
        "epoch": float(i),
        "step": float(step or 0),
        "seconds": 7 + wave,
        "rate": 120 + 10 * wave,
        "elapsed": 7.3 * (i + 1),
        "remaining": 7.3 * (length - i - 1),
        "memory": 2150.0 + (i > 0),
        "count": 48.0,
        "constant": 0.9,
    }[way]


def rendered(each: Content, habit: Habit, whats: Iterable[str], roles: Iterable[str], kind: str | None) -> Run:
    """The run as someone of this habit logs it: these metrics, these parameters."""
    metrics: dict[str, Points] = {}
    for what in whats:
        points, name = each.metrics[what], habit.metric(what, kind)
        if name is not None:
            metrics[name] = scaled(points, 100) if family(what.partition("/")[2]) in habit.percent else points
    steps = [step for step, _ in each.metrics["train/loss"]]
    for name, way in habit.besides.items():
        metrics[name] = [[step, goes(way, i, step, len(steps))] for i, step in enumerate(steps)]
    params = {habit.param(role): each.params[role] for role in roles}
    if params:
        params |= habit.besides_params
    return Run.from_dict({"id": each.id, "metrics": metrics, "params": params, "status": each.status})


def say(run: Run) -> Said:
    """Diagnose a run."""
    report = diagnose(run)
    failed = [skip.reason for skip in report.skipped if skip.reason.startswith("the rule failed")]
    if failed:
        # Where rules fail under every name alike, no verdict would change, and the figure would be perfect.
        raise RuntimeError(f"run {run.id}: {failed[0]}")
    warned = frozenset(f.name for f in report.findings if f.severity.rank >= 2)
    return Said(report.verdict, warned, report.causes[0].name if report.causes else None)


def compared(each: Content, habits: Habits) -> list[Comparison]:
    """A run under every habit, beside its reference."""
    references: dict[tuple[frozenset[str], str | None], Said] = {}
    found = []
    for name, habit in habits.tried.items():
        kind = each.kind if each.kind in habit.kinds else None
        whats = [what for what in each.metrics if habit.metric(what, kind) is not None]
        key = (frozenset(whats), kind)
        if key not in references:
            # What the habit says of the loss by its name, plain names say by a parameter.
            plain = each if kind is None else Content(**(vars(each) | {"params": {**each.params, "loss": kind}}))
            references[key] = say(rendered(plain, habits.reference, whats, plain.params, None))
        said = say(rendered(each, habit, whats, each.params, kind))
        found.append(Comparison(each.id, name, said, references[key]))
    return found


def measure(contents: Sequence[Content], habits: Habits) -> list[Comparison]:
    """All runs under all habits, with progress on the error stream."""
    start, shown, found = time.monotonic(), False, []
    with ProcessPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for done, part in enumerate(pool.map(partial(compared, habits=habits), contents), 1):
            found += part
            if time.monotonic() - start > 2:
                shown = True
                print(f"\r{done}/{len(contents)} runs", end="", file=sys.stderr, flush=True)
    if shown:
        print(file=sys.stderr)
    return found


# -- what is told --------------------------------------------------------------------------------------------------


def share(marks: Iterable[bool]) -> float:
    """The share of what is so; of nothing, 0."""
    kept = list(marks)
    return sum(kept) / len(kept) if kept else 0.0


def figures(comparisons: Iterable[Comparison]) -> dict[str, float]:
    """Shares of runs of which something else is said than under plain names."""
    kept = list(comparisons)
    return {
        "verdict": share(c.said.verdict != c.reference.verdict for c in kept),
        "warned": share(c.said.warned != c.reference.warned for c in kept),
        "cause": share(c.said.cause != c.reference.cause for c in kept),
    }


def by_habit(comparisons: Iterable[Comparison]) -> dict[str, list[Comparison]]:
    """Comparisons of each habit, the habit that changes most verdicts first."""
    parts: dict[str, list[Comparison]] = defaultdict(list)
    for c in comparisons:
        parts[c.habit].append(c)
    return dict(sorted(parts.items(), key=lambda item: (*(-v for v in figures(item[1]).values()), item[0])))


def lines(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """The table."""
    habits = by_habit(comparisons)
    runs = len({c.run for c in comparisons})
    total = figures(comparisons)
    yield (
        f"{total['verdict']:.3f} of the verdicts change with the names ({ALLOWED:.2f} allowed): "
        f"{runs} runs under {len(habits)} habits"
    )
    width = max(map(len, habits), default=0)
    yield f"{'habit':{width}}  verdict  warnings  first cause"
    for name, part in (*habits.items(), ("all", comparisons)):
        f = figures(part)
        yield f"{name:{width}}  {f['verdict']:7.3f}  {f['warned']:8.3f}  {f['cause']:11.3f}"


def written(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The figures and the changed verdicts, as JSON holds them."""
    return {
        "runs": len({c.run for c in comparisons}),
        "all": figures(comparisons),
        "habits": {
            name: figures(part)
            | {
                "changed": [
                    {"run": c.run, "reference": c.reference.verdict, "verdict": c.said.verdict}
                    for c in part
                    if c.said.verdict != c.reference.verdict
                ]
            }
            for name, part in by_habit(comparisons).items()
        },
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.naming", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--practice",
        type=Path,
        default=PRACTICE,
        metavar="FILE",
        help="the labelled runs of practice, one a line, each with the habit it was logged with "
        "(default: tests/data/practice.jsonl.gz)",
    )
    parser.add_argument(
        "--runs", type=int, default=ENOUGH_RUNS, metavar="N", help=f"how many of them (default: {ENOUGH_RUNS})"
    )
    parser.add_argument(
        "--habits",
        type=Path,
        default=HABITS,
        metavar="FILE",
        help=f"the habits that are tried (default: scripts/{HABITS.name})",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write figures and changed verdicts to this file")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error(f"--runs: at least one run is needed, not {options.runs}")
    if not options.practice.is_file():
        print(f"nothing was measured: there is no file {options.practice}; name one by --practice", file=sys.stderr)
        return 2
    if not options.habits.is_file():
        print(f"nothing was measured: there is no file {options.habits}; name one by --habits", file=sys.stderr)
        return 2
    habits = read_habits(options.habits)
    contents = [c for record in load(options.practice) if (c := content(record, habits.practice)) is not None]
    comparisons = measure(spread(contents, options.runs), habits)
    print("\n".join(lines(comparisons)))
    if options.json:
        options.json.write_text(json.dumps(written(comparisons), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if figures(comparisons)["verdict"] <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
