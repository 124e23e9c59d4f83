"""What the engine, and the curve rules of other tools, make of labelled training runs.

The runs are those of tests/data: real networks, each with one injected fault or none (faults.jsonl.gz), and experiments
of 32 runs (siblings*.jsonl.gz), where a label stands only if an intervention confirmed it. The others' rules run on the
same curves, found by the same names, at their published defaults.

    scripts/evaluate                          print the tables
    scripts/evaluate --errors                 and every run that was answered wrongly
    scripts/evaluate --published FILE         and the same on another file of labelled runs
    scripts/evaluate --docs docs/how-it-works/accuracy.md  write them into the page, between its markers
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from scripts.between import write_between
from tracker_diag import Run, diagnose
from tracker_diag.roles.resolve import resolve
from tracker_diag.rules.rule import ABSTENTION
from tracker_diag.settings.settings import Settings

FloatArray = NDArray[np.float64]

DATA = Path(__file__).resolve().parent.parent / "tests" / "data"
FAULTS = DATA / "faults.jsonl.gz"
EXPERIMENTS = {"crossed": DATA / "siblings.jsonl.gz", "thinned": DATA / "siblings-thinned.jsonl.gz"}
"""Eight experiments of 32 runs, and twelve of each drawn at random, twice."""
BETTER_HIGH = {"verdict", "cause@1", "cause@3"}
GOALS = {"false_alarm": 0.03, "missed_visible": 0.05, "verdict": 0.93, "abstained": 0.05, "abstained_sound": 0.08}


@dataclass(frozen=True)
class Answer:
    """What the engine said of one run.

    Attributes
    ----------
    record : mapping
        The labelled run.
    verdict : str
    severe : bool
        Whether a finding of severity warning or above was reported.
    causes : tuple of str
        Most likely first.
    warnings : tuple of str
        Names of these findings.
    """

    record: Mapping[str, Any]
    verdict: str
    severe: bool
    causes: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def truth(self) -> Mapping[str, Any]:
        """The label."""
        return self.record["truth"]


@dataclass(frozen=True)
class Curves:
    """Curves as the others' rules want them; None where the run has none. A score is a share, higher is better."""

    train_loss: FloatArray | None
    val_loss: FloatArray | None
    train_score: FloatArray | None


def load(path: Path) -> list[dict[str, Any]]:
    """Labelled runs, one a line; gzipped where the name ends so."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in text.splitlines()]


def read(record: Mapping[str, Any]) -> Run:
    """The run of a record, without its label."""
    return Run.from_dict({key: record[key] for key in ("id", "params", "metrics", "status") if key in record})


def listed(record: Mapping[str, Any]) -> Run:
    """The run of a record as a tracker's listing has it: of each metric the last value alone."""
    return read({**record, "metrics": {name: points[-1:] for name, points in record["metrics"].items()}})


def answer(record: Mapping[str, Any], siblings: Iterable[Run] = ()) -> Answer:
    """Diagnose one record, beside other runs of its experiment where there are some."""
    report = diagnose(read(record), siblings=siblings)
    warnings = tuple(f.name for f in report.findings if f.severity.rank >= 2)
    return Answer(record, report.verdict, bool(warnings), tuple(c.name for c in report.causes), warnings)


# -- the engine ----------------------------------------------------------------------------------------------------


def mean(values: Iterable[bool | float]) -> float:
    """Mean, NaN of nothing."""
    kept = list(values)
    return sum(kept) / len(kept) if kept else math.nan


def summary(answers: list[Answer]) -> dict[str, float]:
    """The figures; verdict and cause@k are means over the faults of the shares within each."""
    faults: dict[str, list[Answer]] = defaultdict(list)
    for a in answers:
        faults[a.truth.get("fault", "?")].append(a)
    healthy = [a for a in answers if a.truth.get("faulty") is False]
    faulty = [a for a in answers if a.truth.get("faulty")]

    def macro(has: str, right: Callable[[Answer], bool]) -> float:
        shares = [mean(right(a) for a in group if a.truth.get(has)) for group in faults.values()]
        return mean(s for s in shares if not math.isnan(s))

    return {
        "runs": len(answers),
        "false_alarm": mean(false_alarm(a) for a in healthy),
        "missed": mean(not a.severe for a in faulty),
        "missed_visible": mean(not a.severe for a in faulty if a.truth.get("verdicts")),
        "verdict": macro("verdicts", lambda a: a.verdict in a.truth["verdicts"]),
        "forbidden": mean(a.verdict in a.truth["never"] for a in answers if a.truth.get("never")),
        "abstained": mean(a.verdict == ABSTENTION for a in answers),
        "abstained_sound": mean(a.verdict == ABSTENTION for a in healthy),
        "cause@1": macro("causes", lambda a: bool(set(a.causes[:1]) & set(a.truth["causes"]))),
        "cause@3": macro("causes", lambda a: bool(set(a.causes[:3]) & set(a.truth["causes"]))),
    }


def false_alarm(a: Answer) -> bool:
    """Whether a healthy run got a wrong verdict, or a warning that its label does not tolerate.

    An abstention is counted by itself.
    """
    tolerated = bool(a.warnings) and set(a.warnings) <= set(a.truth.get("tolerated", ()))
    return (a.severe and not tolerated) or a.verdict not in {*(a.truth.get("verdicts") or [a.verdict]), ABSTENTION}


def by_task(answers: list[Answer]) -> dict[str, list[Answer]]:
    """Answers by the task that the networks were trained on."""
    tasks: dict[str, list[Answer]] = defaultdict(list)
    for a in answers:
        tasks[a.record.get("group", "all")].append(a)
    return dict(sorted(tasks.items()))


def with_siblings(records: list[dict[str, Any]]) -> list[Answer]:
    """Diagnose each record beside all others of its experiment."""
    experiments: dict[str, dict[str, Run]] = defaultdict(dict)
    for record in records:
        experiments[record["group"]][record["id"]] = listed(record)
    return [
        answer(record, [run for key, run in experiments[record["group"]].items() if key != record["id"]])
        for record in records
    ]


# -- the others ----------------------------------------------------------------------------------------------------


def curves(run: Run) -> Curves:
    """The curves of a run by role."""
    metrics = resolve(run, Settings()).metrics
    found = {r: metrics[r].values if r in metrics else None for r in ("train_loss", "val_loss", "train_score")}
    score = found["train_score"]
    if score is not None and np.nanmax(score, initial=0.0) > 1.5:
        found["train_score"] = score / 100
    return Curves(**found)


def paired(c: Curves) -> tuple[FloatArray, FloatArray] | None:
    """Training and validation loss, epoch by epoch."""
    if c.train_loss is None or c.val_loss is None:
        return None
    n = min(c.train_loss.size, c.val_loss.size)
    return c.train_loss[:n], c.val_loss[:n]


def umlaut_overfit(c: Curves) -> bool:
    """UMLAUT: any one epoch in which validation loss rises and training loss does not."""
    both = paired(c)
    return both is not None and bool(((np.diff(both[1]) > 0) & (np.diff(both[0]) <= 0)).any())


def sagemaker_overfit(c: Curves) -> bool:
    """SageMaker Debugger: validation over training loss by more than a tenth of it, at the end."""
    both = paired(c)
    return both is not None and both[0].size > 0 and bool(both[1][-1] - both[0][-1] > 0.1 * both[0][-1])


def autotrainer_explode(c: Curves) -> bool:
    """AUTOTRAINER: a loss that is NaN, infinite or at least 1000."""
    return c.train_loss is not None and not bool((np.abs(c.train_loss) < 1e3).all())


def autotrainer_oscillate(c: Curves) -> bool:
    """AUTOTRAINER: neighbouring extremes of the accuracy at least 0.03 apart, in at least a fifth of the epochs."""
    if c.train_score is None or c.train_score.size < 3:
        return False
    steps = np.diff(c.train_score)
    turns = np.flatnonzero(steps[1:] * steps[:-1] < 0) + 1
    swings = np.abs(np.diff(c.train_score[turns])) >= 0.03
    return bool(swings.sum() >= 0.2 * c.train_score.size)


def autotrainer_slow(c: Curves) -> bool:
    """AUTOTRAINER: accuracy below 0.6 throughout, and no step above 0.01 once 30% of the epochs are over."""
    score = c.train_score
    if score is None or score.size < 3:
        return False
    later = np.diff(score[int(0.3 * score.size) :])
    return bool(np.nanmax(score) < 0.6 and later.size and np.nanmax(later) < 0.01)


def deepdiagnosis_constant(c: Curves) -> bool:
    """DeepDiagnosis: a training loss that is the same over five epochs."""
    if c.train_loss is None or c.train_loss.size < 5:
        return False
    return bool((np.ptp(np.lib.stride_tricks.sliding_window_view(c.train_loss, 5), axis=1) == 0).any())


def overfitguard_spearman(c: Curves) -> bool:
    """OverfitGuard: training and validation loss in opposite order, by Spearman's correlation."""
    both = paired(c)
    if both is None or both[0].size < 3 or np.ptp(both[0]) == 0 or np.ptp(both[1]) == 0:
        return False
    return bool(spearmanr(*both).statistic < 0)


PEERS: dict[str, tuple[Callable[[Curves], bool], ...]] = {
    "UMLAUT, overfit": (umlaut_overfit,),
    "SageMaker Debugger, overfit": (sagemaker_overfit,),
    "AUTOTRAINER, curve rules": (autotrainer_explode, autotrainer_oscillate, autotrainer_slow),
    "DeepDiagnosis, constant loss": (deepdiagnosis_constant,),
    "OverfitGuard, Spearman < 0": (overfitguard_spearman,),
}


def flagged(answers: list[Answer]) -> dict[str, list[bool]]:
    """For each tool, whether it flags each run; the engine first."""
    flags = {"tracker_diag": [a.severe for a in answers]}
    found = [curves(read(a.record)) for a in answers]
    with np.errstate(invalid="ignore"):
        for name, rules in PEERS.items():
            flags[name] = [any(rule(c) for rule in rules) for c in found]
    flags["all the others together"] = [any(column) for column in zip(*(flags[p] for p in PEERS), strict=True)]
    return flags


def rates(answers: list[Answer], flags: list[bool]) -> tuple[float, float, float]:
    """False alarms on healthy runs, and misses on faulty ones: of those whose curves show it, and of all."""
    told = list(zip(answers, flags, strict=True))
    alarms = mean(flag for a, flag in told if a.truth.get("faulty") is False)
    visible = mean(not flag for a, flag in told if a.truth.get("faulty") and a.truth.get("verdicts"))
    return alarms, visible, mean(not flag for a, flag in told if a.truth.get("faulty"))


# -- tables --------------------------------------------------------------------------------------------------------


def share(value: float) -> str:
    """A share in percent."""
    return "–" if math.isnan(value) else f"{value:.1%}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("|" + " --- |" * (lines[0].count("|") - 1))
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def tables(answers: list[Answer], title: str, *, goals: Mapping[str, float]) -> list[str]:
    """Everything that is said of one file of runs."""
    overall, tasks = summary(answers), by_task(answers)
    figures = [k for k in overall if k != "runs"]
    each = {task: summary(group) for task, group in tasks.items()}
    rows = []
    for k in figures:
        known = {t: s[k] for t, s in each.items() if not math.isnan(s[k])}
        worst = "–"
        if known:
            task = (min if k in BETTER_HIGH else max)(known, key=lambda t: known[t])
            worst = f"{share(known[task])} ({task})"
        goal = f"{'≥' if k in BETTER_HIGH else '≤'} {share(goals[k])}" if k in goals else "–"
        rows.append((k.replace("_", " "), share(overall[k]), goal, worst, *(share(s[k]) for s in each.values())))
    names = [t if len(tasks) < 8 else t.split("/")[-1] for t in tasks]
    parts = [f"### {title}: {len(answers)} runs", table(("figure", "all", "goal", "worst", *names), rows)]
    flags = flagged(answers)
    rows = []
    for tool, said in flags.items():
        alarms, visible, missed = rates(answers, said)
        places: dict[str, list[bool]] = defaultdict(list)
        for a, flag in zip(answers, said, strict=True):
            places[a.record.get("group", "all")].append(flag)
        apart = {t: sum(x for x in rates(tasks[t], places[t])[:2] if not math.isnan(x)) for t in tasks}
        worst = max(apart, key=lambda t: apart[t])
        detail = [" / ".join(share(x) for x in rates(tasks[t], places[t])[:2]) for t in tasks]
        rows.append((tool, share(alarms), share(visible), share(missed), worst, *detail))
    head = (
        "tool",
        "false alarms",
        "missed, visible",
        "missed, all",
        "worst",
        *(f"{n}: alarms / missed" for n in names),
    )
    return [*parts, table(head, rows)]


def experiments() -> list[str]:
    """What siblings bring: each experiment's runs alone, and beside each other."""
    figures = ("false_alarm", "missed", "forbidden", "cause@1", "cause@3")
    heads, columns = ["figure"], []
    for name, path in EXPERIMENTS.items():
        records = load(path)
        alone, beside = diagnose_all(records, f"{name} experiments"), with_siblings(records)
        heads += [f"{name}, alone", f"{name}, with siblings", "worst experiment"]
        columns += [summary(alone), summary(beside), _worst(by_task(beside), figures)]
    rows = [(k.replace("_", " "), *(c[k] if isinstance(c[k], str) else share(c[k]) for c in columns)) for k in figures]
    return [
        f"### Experiments of 32 runs, and of 12 drawn from them: {len(load(EXPERIMENTS['crossed']))} runs",
        table(heads, rows),
    ]


def _worst(experiments: Mapping[str, list[Answer]], figures: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for k in figures:
        known = {name: x for name, answers in experiments.items() if not math.isnan(x := summary(answers)[k])}
        name = (min if k in BETTER_HIGH else max)(known, key=lambda name: known[name])
        found[k] = f"{share(known[name])} ({name})"
    return found


def errors(answers: list[Answer]) -> Iterable[str]:
    """Every run that was answered wrongly."""
    for a in answers:
        right, never = a.truth.get("verdicts"), a.truth.get("never") or []
        if (right and a.verdict not in right) or a.verdict in never or (a.truth.get("faulty") is False and a.severe):
            yield f"{a.record['id']}: said {a.verdict} {list(a.causes[:3])}, is {right} {a.truth.get('causes')}"


def diagnose_all(records: list[dict[str, Any]], what: str) -> list[Answer]:
    """Answers of the engine, with progress and cost on the error stream."""
    start, answers = time.process_time(), []
    for done, record in enumerate(records, 1):
        answers.append(answer(record))
        if done % 20 == 0 or done == len(records):
            cost = 1000 * (time.process_time() - start) / done
            print(f"\r{what}: {done}/{len(records)}, {cost:.1f} ms a run", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return answers


def main() -> None:
    """Read the options, diagnose, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=Path, default=FAULTS, help="labelled runs (default: the project's own)")
    parser.add_argument(
        "--published", type=Path, help="a further file of labelled runs, which the project may not hold"
    )
    parser.add_argument("--errors", action="store_true", help="list every run that was answered wrongly")
    parser.add_argument("--docs", type=Path, help="write the tables into this page, between its markers")
    options = parser.parse_args()
    answers = diagnose_all(load(options.faults), "runs with injected faults")
    parts = ["Made by `scripts/evaluate`.", *tables(answers, "Injected faults", goals=GOALS), *experiments()]
    if options.published is None:
        parts.append(
            "The published curves were left out: no --published FILE was given, and they may not be copied here."
        )
    elif not options.published.is_file():
        parts.append(f"The published curves were left out: there is no file {options.published.name}.")
    else:
        more = diagnose_all(load(options.published), "published curves")
        parts += tables(more, "Published curves, with their authors' labels", goals={"forbidden": 0.04, "verdict": 0.9})
        answers += more
    text = "\n\n".join(parts)
    print(text)
    if options.errors:
        print("\n".join(errors(answers)))
    if options.docs:
        write_between(options.docs, "evaluate", text)


if __name__ == "__main__":
    main()
