"""A small experiment made by formula: rate × width × seed, crossed. The best rate is .01, the best width 64."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.rules.runs import failures, falling, noise
from tracker_diag import Run, Series, Settings, diagnose
from tracker_diag.comparison.experiment_table import Table
from tracker_diag.comparison.sibling import Sibling, Siblings
from tracker_diag.core.report import Report
from tracker_diag.engine.values import Values
from tracker_diag.roles.resolve import resolve
from tracker_diag.settings.settings import parse_settings

RATES, WIDTHS, SEEDS = (1e-4, 1e-3, 1e-2, 1e-1), (4, 64), (0, 1)
START, EPOCHS, LATEST = 2.3, 40, 1_800_000_000.0
NAMES = {"lr": "lr", "width": "hidden_units", "seed": "seed"}


def ends(lr: float, width: int, seed: int = 0) -> float:
    """Validation loss at the end: .2 at its best; a decade below costs .4, above .35, a width of 4 .5, a seed .01."""
    decades = math.log10(lr) + 2
    return 0.2 + max(-0.4 * decades, 0.35 * decades) + (0.5 if width == WIDTHS[0] else 0.0) + 0.01 * seed


def member(
    lr: float = 1e-2,
    width: int = 64,
    seed: int = 0,
    *,
    end: float | None = None,
    scale: float = 1.0,
    names: Mapping[str, str] = NAMES,
    params: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Run:
    """One run: both losses fall and come to rest, training a little below validation."""
    level = ends(lr, width, seed) if end is None else end
    number = 10 * RATES.index(lr) + width + seed if lr in RATES else width + seed
    curves = {
        "train_loss": falling(0.96 * level, 4, EPOCHS, START) + noise(0.003, number, EPOCHS),
        "val_loss": falling(level, 4, EPOCHS, START) + noise(0.003, number + 1, EPOCHS),
    }
    metrics = {name: [[i, scale * float(v)] for i, v in enumerate(curve)] for name, curve in curves.items()}
    data: dict[str, Any] = {
        "id": f"{lr:g}-{width}-{seed}",
        "params": {names["lr"]: lr, names["width"]: width, names["seed"]: seed, **(params or {})},
        "metrics": metrics,
        "end_time": LATEST - 1000 + number,
    }
    return Run.from_dict(data | fields)


def experiment(**fields: Any) -> list[Run]:
    """All sixteen."""
    return [member(*setting, **fields) for setting in itertools.product(RATES, WIDTHS, SEEDS)]


def last(run: Run) -> Run:
    """A run as a listing has it: of each metric the last value."""
    metrics = {
        name: Series.from_points(name, series.steps[-1:], series.values[-1:]) for name, series in run.metrics.items()
    }
    return replace(run, metrics=metrics)


def rows(runs: Iterable[Run], prefix: str = "diag.") -> list[Sibling]:
    """Runs as siblings."""
    reader = Siblings(Settings(), prefix)
    return [reader.read(run) for run in runs]


def table(runs: Iterable[Run]) -> Table:
    """Runs, sorted into groups."""
    return Table.of(rows(runs))


def beside(run: Run, siblings: Iterable[Run], **thresholds: Mapping[str, float]) -> Report:
    """The report of a run beside others, all rules asked; nothing failed on the way. Thresholds by the rule's code."""
    told = {"rules": {code: {"thresholds": values} for code, values in thresholds.items()}}
    report = diagnose(run, parse_settings(told), siblings=[other for other in siblings if other.id != run.id])
    assert failures(report) == []
    return report


def seen(run: Run, siblings: Iterable[Run], name: str) -> Any:
    """An input of rules, of a run beside others."""
    found = table([*(other for other in siblings if other.id != run.id), run]).compare(run.id)
    given = {"run": run, "roles": resolve(run, Settings()), "timeline": None, "network": None, "comparison": found}
    return Values(given).get(name)


def told(report: Report) -> tuple[str, str, str]:
    """Verdict, severity and the first cause."""
    return report.verdict, str(report.severity), report.causes[0].name if report.causes else ""
