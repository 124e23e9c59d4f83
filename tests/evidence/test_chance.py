"""How much of the planned length was seen, in the unit in which it was planned."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.experiments.test_chance_among_best import EPOCHS, GOOD, SWEEP, ended, going
from tracker_diag import Report, diagnose

OTHERS = [r for r in SWEEP if r["id"] != GOOD["id"]]


def judged(metrics: dict[str, Any], n: int, params: dict[str, Any] | None = None) -> Report:
    # Siblings count as the run does: who logs how many epochs an update is has others that do.
    more = {"epoch": metrics["epoch"]} if "epoch" in metrics else {}
    siblings = ended(
        [r | {"params": {**r["params"], **(params or {})}, "metrics": {**r["metrics"], **more}} for r in OTHERS]
    )
    run = GOOD | {"metrics": metrics, "params": {**GOOD["params"], **(params or {})}}
    return diagnose(going(run, n), siblings=siblings)


def evidence(report: Report) -> dict[str, Any]:
    return dict(next(f for f in report.findings if f.code == "EX908").evidence)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(("n", "rung"), [(8, 8), (14, 12), (23, 16), (24, 24)])
def test_epochs_count_up_to_the_rung_from_nought_or_one(first: int, n: int, rung: int) -> None:
    metrics = {name: [[i + first, y] for i, y in points] for name, points in GOOD["metrics"].items()}
    assert evidence(judged(metrics, n))["seen"] == pytest.approx(rung / EPOCHS)


def test_a_curve_that_is_logged_every_second_epoch() -> None:
    metrics = {
        "train_loss": GOOD["metrics"]["train_loss"][:16],
        "val_loss": [[i, y] for i, y in GOOD["metrics"]["val_loss"][:16] if i % 2],
    }
    assert evidence(judged(metrics, EPOCHS))["seen"] == pytest.approx(16 / EPOCHS)


def test_updates_beside_a_metric_that_counts_epochs() -> None:
    metrics = {name: [[50 * (i + 1), y] for i, y in points] for name, points in GOOD["metrics"].items()}
    metrics["epoch"] = [[50 * (i + 1), i + 1.0] for i in range(EPOCHS)]
    assert evidence(judged(metrics, 12))["seen"] == pytest.approx(12 / EPOCHS)


def test_a_run_that_has_come_to_its_planned_length_is_where_it_leads() -> None:
    found = evidence(judged(GOOD["metrics"], 24, {"epochs": 24}))
    assert found["seen"] == 1
    assert found["leads_to"] == pytest.approx(GOOD["metrics"]["val_loss"][23][1], abs=0.02)


def test_a_longer_plan_leads_lower() -> None:
    late = {name: [[i, 0.3 + 2 / (i + 1) ** 0.5] for i in range(EPOCHS)] for name in GOOD["metrics"]}
    near, far = (evidence(judged(late, 16, {"epochs": n}))["leads_to"] for n in (20, 60))
    assert far < near < late["val_loss"][15][1]
