"""False-alarm rates on healthy runs, beside what was promised.

Simulates healthy training runs (power-law and exponential descents that settle; white, AR(1) and heavy-tailed noise;
8 to 5,000 points; constant and annealed learning rate; with and without an offset between training and validation),
diagnoses each, and counts what every rule said. Measures the statistics themselves where their nulls hold (see
``scripts.nulls``), 50 looks at growing runs, and runs that log an accuracy of validation and no loss. With --docs the
tables go into the page, between its markers.

    scripts/calibrate                      a few minutes on two cores
    scripts/calibrate --runs 2 --looks 40  a first impression in a minute
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.between import write_between
from scripts.nulls import tables
from scripts.rates import kept, percent, rate, spread, table
from scripts.simulated import FAMILIES, NOISES, Generator, noise, settling
from tracker_diag import Run, diagnose
from tracker_diag.rules.registry import all_rules

LENGTHS = (8, 12, 20, 40, 100, 400, 5000)
OFFSETS = ("none", "dropout", "gap")
#: Whether the run says of how many classes it is, and so what knowing nothing costs.
LEVELS = ("known", "unknown")
RULES = ("LC", "HY")
#: Validation examples of runs whose accuracy is logged alone, and their evaluations.
EXAMPLES, EVALUATIONS = (30, 100, 400, 2000), (8, 20, 60, 200)
#: Rules whose alarm is a p-value below their alpha; of the others the rate is printed only.
PROMISES = {"LC104": "alpha", "LC109": "alpha"}


@dataclass(frozen=True)
class Cell:
    """One kind of healthy run."""

    family: str
    noise: str
    length: int
    annealed: bool
    offset: str
    level: str


def healthy(
    rng: Generator, cell: Cell, length: int | None = None
) -> tuple[dict[str, list[list[float]]], dict[str, object]]:
    """Metrics and params of a healthy run: ten classes, cross-entropy from ln 10 down."""
    n = length or cell.length
    u = (np.arange(n) + 1) / n
    rate = 0.5 * (1 + np.cos(np.pi * np.arange(n) / n)) if cell.annealed else np.ones(n)
    clock = np.cumsum(rate) / rate.sum()
    fall = settling(rng, cell.family)(clock if cell.annealed else u)
    top, bottom = np.log(10), rng.uniform(0.15, 0.6)
    drop = top - bottom
    times_train, times_val = {"none": (1.0, 1.0), "dropout": (1.8, 0.9), "gap": (1.0, 1.3)}[cell.offset]
    sigma_train, sigma_val = np.exp(rng.uniform(np.log([0.002, 0.002]), np.log([0.02, 0.04])))
    train = bottom * times_train + drop * (fall + sigma_train * noise(rng, cell.noise, n))
    val = bottom * times_val + drop * (fall + sigma_val * noise(rng, cell.noise, n))
    metrics = {"train_loss": train, "val_loss": val, "lr": 0.1 * rate}
    params = {"lr": 0.1, "optimizer": "sgd", "batch_size": 64, "num_classes": 10, "n_train": 50000, "n_val": 10000}
    if cell.level == "unknown":
        del params["num_classes"]
    if cell.offset == "dropout":
        params["dropout"] = 0.3
    floor = 0.001
    points = {k: np.stack((np.arange(n), np.maximum(v, floor)), axis=1).tolist() for k, v in metrics.items()}
    return points, params


def codes(report: object) -> list[str]:
    """Codes of the LC and HY findings of warning or error."""
    return [f.code for f in report.findings if f.severity.rank >= 2 and f.code[:2] in RULES]


def run_cell(task: tuple[int, Cell, int]) -> tuple[Cell, int, Counter[str], Counter[str]]:
    """Diagnose some runs of one kind: how often each rule warned, and how often each verdict was given."""
    seed, cell, runs = task
    rng = np.random.default_rng(seed)
    warned: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    for k in range(runs):
        metrics, params = healthy(rng, cell)
        report = diagnose(Run.from_dict({"id": str(k), "metrics": metrics, "params": params}))
        found = codes(report)
        warned.update(found)
        warned["any"] += bool(found)
        verdicts[report.verdict] += 1
    return cell, runs, warned, verdicts


def run_looks(task: tuple[int, str, int]) -> tuple[str, int, Counter[str]]:
    """Diagnose growing runs 50 times each while they run: how many were ever warned of."""
    seed, kind, runs = task
    rng = np.random.default_rng(seed)
    ever: Counter[str] = Counter()
    for k in range(runs):
        cell = Cell(FAMILIES[k % 2], kind, 400, annealed=False, offset=OFFSETS[k % 3], level=LEVELS[k // 6 % 2])
        metrics, params = healthy(rng, cell)
        said: set[str] = set()
        for n in np.unique(np.geomspace(8, 400, 50).astype(int)):
            part = {name: points[:n] for name, points in metrics.items()}
            run = Run.from_dict({"id": str(k), "metrics": part, "params": params, "status": "RUNNING"})
            said.update(codes(diagnose(run)))
        ever.update(said)
        ever["any"] += bool(said)
    return kind, runs, ever


def rules_tables(runs: int, workers: int) -> list[str]:
    """Rates of every LC and HY rule over the healthy families."""
    cells = [Cell(*c) for c in itertools.product(FAMILIES, NOISES, LENGTHS, (False, True), OFFSETS, LEVELS)]
    tasks = [(seed, cell, runs) for seed, cell in enumerate(cells)]
    total: Counter[str] = Counter()
    by: dict[tuple[str, object], Counter[str]] = defaultdict(Counter)
    verdicts: Counter[str] = Counter()
    for cell, n, warned, said in spread(run_cell, tasks, workers, "healthy runs"):
        keys = (
            ("noise", cell.noise),
            ("points", cell.length),
            ("offset", cell.offset),
            ("family", cell.family),
            ("level", cell.level),
            ("rate", "annealed" if cell.annealed else "constant"),
        )
        for counter in (total, *(by[key] for key in keys)):
            counter.update(warned)
            counter["runs"] += n
        verdicts.update(said)
    everyone = total["runs"]
    rows = []
    for code, rule in all_rules().items():
        if code[:2] not in RULES:
            continue
        alpha = rule.thresholds.get(PROMISES.get(code, ""))
        promise = percent(alpha, 0) if alpha else "–"
        answer = kept(total[code], everyone, alpha) if alpha else "–"
        worst = max(NOISES, key=lambda kind: by["noise", kind][code] / by["noise", kind]["runs"])
        part = by["noise", worst]
        share = f"{worst}: {percent(part[code] / part['runs'])}" if part[code] else "–"
        rows.append((f"{code} {rule.name}", promise, rate(total[code], everyone), answer, share))
    rows.append(("any warning", "–", rate(total["any"], everyone), "–", "–"))
    first = table(("rule", "promise", "warnings on healthy runs (99% interval)", "kept", "worst noise"), rows)
    second = table(
        ("healthy runs with", "runs", "any warning", "LC104"),
        [
            (f"{what}: {value}", str(c["runs"]), rate(c["any"], c["runs"]), rate(c["LC104"], c["runs"]))
            for (what, value), c in by.items()
        ],
    )
    said = ", ".join(f"{name} {percent(count / everyone, 1)}" for name, count in verdicts.most_common())
    return [f"### Rules on {everyone:,} healthy runs", first, f"Verdicts: {said}.", second]


def looks_table(runs: int, workers: int) -> list[str]:
    """Rates of ever warning in 50 looks at growing healthy runs."""
    pieces = 8
    tasks = [(1000 + k, kind, max(1, runs // pieces)) for kind in NOISES for k in range(pieces)]
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, n, ever in spread(run_looks, tasks, workers, "growing runs"):
        for key in (kind, "all"):
            seen[key].update(ever)
            seen[key]["runs"] += n
    alpha = all_rules()["LC104"].thresholds["alpha"]
    promise = percent(alpha, 0)
    rows = []
    for kind, c in seen.items():
        n = c["runs"]
        answer = kept(c["LC104"], n, alpha)
        rows.append((kind, str(n), promise, rate(c["LC104"], n), answer, rate(c["any"], n)))
    head = (
        "noise",
        "runs",
        "promise",
        "LC104 in any of 50 looks (99% interval)",
        "kept",
        "any warning in any look",
    )
    return ["### Fifty looks at a growing healthy run", table(head, rows)]


def run_scores(task: tuple[int, int, int, int]) -> tuple[int, int, int, Counter[str]]:
    """Diagnose runs whose training loss and validation accuracy settle: how often each rule warned."""
    seed, examples, n, runs = task
    rng = np.random.default_rng(seed)
    warned: Counter[str] = Counter()
    for k in range(runs):
        fall = np.exp(-np.arange(n) * rng.uniform(3, 15) / n)
        right = 0.1 + rng.uniform(0.3, 0.85) * (1 - fall)
        # The same examples are asked each time: their errors depend on each other from one evaluation to the next.
        swing, kept_on = rng.standard_normal(n), rng.uniform(0, 0.9)
        for i in range(1, n):
            swing[i] = kept_on * swing[i - 1] + np.sqrt(1 - kept_on**2) * swing[i]
        answers = np.clip(right + swing * np.sqrt(right * (1 - right) / examples), 0, 1)
        curves = {
            "train_loss": 2.3 * fall + rng.uniform(0.01, 0.3) + rng.normal(0, 0.01, n),
            "val_accuracy": np.round(examples * answers) / examples,
        }
        metrics = {name: np.stack((np.arange(n), y), axis=1).tolist() for name, y in curves.items()}
        params = {"num_classes": 10} if k % 2 else {}
        found = codes(diagnose(Run.from_dict({"id": str(k), "metrics": metrics, "params": params})))
        warned.update(found)
        warned["any"] += bool(found)
    return examples, n, runs, warned


def scores_table(runs: int, workers: int) -> list[str]:
    """Rates of warning of runs whose validation logs an accuracy and no loss."""
    cells = list(itertools.product(EXAMPLES, EVALUATIONS))
    tasks = [(2000 + k, *cell, runs) for k, cell in enumerate(cells)]
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for examples, n, asked, warned in spread(run_scores, tasks, workers, "validation accuracies"):
        for key in (f"{examples} examples", f"{n} evaluations", "all"):
            seen[key].update(warned)
            seen[key]["runs"] += asked
    alpha = all_rules()["LC104"].thresholds["alpha"]
    rows = [
        (
            name,
            str(seen[name]["runs"]),
            percent(alpha, 0),
            rate(seen[name]["LC104"], seen[name]["runs"]),
            kept(seen[name]["LC104"], seen[name]["runs"], alpha),
            rate(seen[name]["any"], seen[name]["runs"]),
        )
        for name in (*(f"{x} examples" for x in EXAMPLES), *(f"{x} evaluations" for x in EVALUATIONS), "all")
    ]
    head = ("validation of", "runs", "promise", "LC104 (99% interval)", "kept", "any warning")
    return ["### Healthy runs whose validation logs an accuracy and no loss", table(head, rows)]


def main() -> None:
    """Read the options, simulate, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=8, help="healthy runs of each of 840 kinds (default 8)")
    parser.add_argument(
        "--looks", type=int, default=160, help="growing runs of each noise, 50 looks each (default 160)"
    )
    parser.add_argument(
        "--curves", type=int, default=4000, help="curves of each noise and length for the statistics (default 4000)"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--docs", type=Path, help="write the tables into this page, between its markers")
    options = parser.parse_args()
    parts = [
        *rules_tables(options.runs, options.workers),
        *looks_table(options.looks, options.workers),
        *scores_table(options.looks, options.workers),
        *tables(options.curves, options.workers),
    ]
    command = f"Made by `scripts/calibrate --runs {options.runs} --looks {options.looks} --curves {options.curves}`."
    text = "\n\n".join([command, *parts])
    print(text)
    if options.docs:
        write_between(options.docs, "calibrate", text)


if __name__ == "__main__":
    main()
