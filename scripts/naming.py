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
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any
from zlib import crc32

import yaml

from scripts.accuracy import load
from tracker_diag import Run, diagnose

PRACTICE = Path(__file__).resolve().parent.parent / "tests" / "data" / "practice.jsonl.gz"
HABITS = Path(__file__).with_name("naming_habits.yaml")
ALLOWED = 0.10
ENOUGH_RUNS = 200

SPLITS = ("train", "val", "test")
PER_CLASS = "f1_class"
CLASSES = 10
QUANTITIES = (
    "loss", "accuracy", "error", "f1", *(f"{PER_CLASS}_{k}" for k in range(CLASSES)), "auc", "rmse", "mae", "r2",
    "dice", "iou", "pixel_accuracy", "recall_at_1",
)  # fmt: skip
#: Metrics by what they are: split/quantity, or a curve of the whole run.
METRICS = (*(f"{s}/{q}" for s in SPLITS for q in QUANTITIES), "train/batch_loss")
WHOLE_RUN = ("learning_rate", "grad_norm", "gpu")

Points = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Habit:
    """How someone names things.

    Attributes
    ----------
    loss, score : mapping
        For each split that the habit can say, the form of a loss's name and of any other quantity's; {} is its word.
    words : mapping
        Words for quantities; others are called as here, in the habit's style.
    kinds : mapping
        Words for the loss by its kind (cross_entropy, mse, bce), in a habit that names the loss so.
    names : mapping
        Names of single metrics where forms do not give them; None where the habit cannot say it.
    params : mapping
        Names of parameters by role; others are called by their role, in the habit's style.
    style : str
        snake, camel, pascal, upper, title or hyphen.
    percent : frozenset of str
        Quantities that the habit writes in per cent.
    besides, besides_params : mapping
        What the framework logs as well: metrics by the way they go, parameters by value.
    """

    loss: Mapping[str, str]
    score: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str | None] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    style: str = "snake"
    percent: frozenset[str] = frozenset()
    besides: Mapping[str, str] = field(default_factory=dict)
    besides_params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Habit:
        """Read a habit as the file has it."""
        rest = {key: value for key, value in data.items() if key not in ("loss", "score", "percent")}
        percent = frozenset(data.get("percent", ()))
        return cls(loss=data["loss"], score=data.get("score", data["loss"]), percent=percent, **rest)

    def metric(self, what: str, kind: str | None = None) -> str | None:
        """The name of a metric, None where the habit cannot say it."""
        if kind is not None and kind in self.kinds and what.endswith("/loss"):
            return self.loss[what.removesuffix("/loss")].format(self.kinds[kind])
        if what in self.names:
            return self.names[what]
        split, _, quantity = what.partition("/")
        form = (self.loss if quantity == "loss" else self.score).get(split)
        if not quantity or quantity == "batch_loss" or form is None:
            return None
        return form.format(self.word(quantity))

    def word(self, quantity: str) -> str:
        """The word for a quantity."""
        if family(quantity) == PER_CLASS and PER_CLASS in self.words:
            return self.words[PER_CLASS].format(quantity.rpartition("_")[2])
        return self.words.get(quantity) or styled(quantity, self.style)

    def param(self, role: str) -> str:
        """The name of a parameter."""
        return self.params.get(role) or styled(role, self.style)


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


@dataclass(frozen=True)
class Practice:
    """How the names of the labelled runs are read.

    Attributes
    ----------
    habits : mapping
        The habits that the runs were logged with.
    roles : mapping
        Roles by the name of a parameter.
    dropped : frozenset of str
        Metrics that frameworks log besides, which are not carried over.
    unnamed_losses, unnamed_groups : frozenset of str
        Practices and groups in which the scores of a run do not tell the kind of its loss.
    """

    habits: Mapping[str, Habit]
    roles: Mapping[str, str]
    dropped: frozenset[str]
    unnamed_losses: frozenset[str]
    unnamed_groups: frozenset[str]


@dataclass(frozen=True)
class Habits:
    """The file of habits: plain names, the habits that are tried, and how the labelled runs are read."""

    reference: Habit
    tried: Mapping[str, Habit]
    practice: Practice


def family(quantity: str) -> str:
    """The quantity, whichever class it is of."""
    return PER_CLASS if quantity.startswith(PER_CLASS) else quantity


def styled(name: str, style: str) -> str:
    """A name of words joined by underscores in another style of writing."""
    parts = name.split("_")
    capital = [p[:1].upper() + p[1:] for p in parts]
    return {
        "snake": name,
        "camel": parts[0] + "".join(capital[1:]),
        "pascal": "".join(capital),
        "upper": name.upper(),
        "title": " ".join(capital),
        "hyphen": "-".join(parts),
    }[style]


def read_habits(path: Path = HABITS) -> Habits:
    """Read a file of habits; plain names, and how the labelled runs are read, are always those of the first file."""
    data = yaml.safe_load(HABITS.read_text(encoding="utf-8"))
    given = data["practice"]
    practice = Practice(
        habits={name: Habit.of(habit) for name, habit in given["habits"].items()},
        roles={name: role for role, names in given["params"].items() for name in names},
        dropped=frozenset(given["dropped"]),
        unnamed_losses=frozenset(given["unnamed_losses"]),
        unnamed_groups=frozenset(given["unnamed_groups"]),
    )
    chosen = data if path == HABITS else yaml.safe_load(path.read_text(encoding="utf-8"))
    tried = {name: Habit.of(habit) for name, habit in chosen["habits"].items()}
    return Habits(Habit.of(data["reference"]), tried, practice)


# -- what a labelled run holds -------------------------------------------------------------------------------------


def meanings(habit: Habit) -> dict[str, tuple[str, str | None, float]]:
    """What each name of a habit stands for: the metric, the kind of loss it tells, and by what to divide its values."""
    found: dict[str, tuple[str, str | None, float]] = {"test_loss": ("test/loss", None, 1.0)}
    found |= {name: (what, None, 1.0) for what in WHOLE_RUN if (name := habit.metric(what))}
    for what in METRICS:
        split, quantity = what.split("/")
        hundredth = 100.0 if family(quantity) in habit.percent else 1.0
        if (name := habit.metric(what)) is not None:
            found[name] = (what, None, hundredth)
        if quantity == "error" and split in habit.score:
            found[habit.score[split].format("err_pct")] = (what, None, 100.0)
        if quantity == "loss":
            found |= {name: (what, kind, 1.0) for kind in habit.kinds if (name := habit.metric(what, kind))}
    return found


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
