from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from tests.runs import make_run
from tracker_diag.core.finding import Severity
from tracker_diag.core.report import Report
from tracker_diag.core.run import Run
from tracker_diag.engine import diagnose
from tracker_diag.sweeping.cost import gpus, wasted


def report(severity: Severity, **cost: float) -> Report:
    return Report("r", "overfitting", severity, "…", cost=cost)


LASTED = Run.from_dict({"id": "r", "start_time": 1000.0, "end_time": 4600.0})
LOGGED = Run.from_dict({"id": "r", "metrics": {"loss": [[0, 1.0, 50.0], [1, 0.5, 80.0]], "acc": [[0, 0.1, 40.0]]}})


def test_a_lost_run_is_wasted_whole() -> None:
    assert wasted(LASTED, report(Severity.ERROR, wasted_share=0.5, wasted_seconds=10.0)) == 3600.0
    assert wasted(LOGGED, report(Severity.ERROR)) == 40.0
    assert wasted(Run.from_dict({"id": "r"}), report(Severity.ERROR)) is None


def test_of_another_run_what_came_after_its_best_checkpoint() -> None:
    assert wasted(LASTED, report(Severity.WARNING, wasted_share=0.5, wasted_seconds=10.0)) == 10.0
    assert wasted(LASTED, report(Severity.WARNING, wasted_share=0.5)) == 1800.0
    assert wasted(LASTED, report(Severity.WARNING)) == 0.0
    assert wasted(Run.from_dict({"id": "r"}), report(Severity.WARNING, wasted_share=0.5)) is None


def test_of_a_real_diagnosis() -> None:
    # 60 steps in 100 seconds; validation turns at step 20.
    run = make_run(1, "overfitting")
    found = diagnose(run)
    assert found.cost["wasted_share"] == pytest.approx(0.6, abs=0.15)
    assert wasted(run, found) == pytest.approx(100 * found.cost["wasted_share"])
    assert wasted(make_run(2, "diverged"), diagnose(make_run(2, "diverged"))) == 100.0


def test_clocks_that_run_backwards_are_no_gain() -> None:
    assert wasted(replace(LASTED, end_time=500.0), report(Severity.ERROR)) == 0.0


@pytest.mark.parametrize(
    ("params", "metrics", "count"),
    [
        ({}, (), 0),
        ({"lr": 0.1, "gpu": "A100", "use_gpu": True}, (), 0),
        ({"num_gpus": "4"}, (), 4),
        ({"n_gpu": 2, "trainer": {"gpus": 8}}, (), 8),
        ({"_n_gpu": 1}, (), 1),
        ({"total_gpus": 16.0}, (), 16),
        ({"gpu_count": "many", "num_gpus": "nan", "n_gpus": -1}, (), 0),
        ({"num_gpus": math.inf}, (), 0),
        ({"num_gpus": 1e300}, (), 0),
        ({"num_gpus": 2.5}, (), 0),
        ({"gpu_id": 3, "gpu_memory": 80}, (), 0),
        ({"num_gpus": 1}, ("system/gpu_0_utilization_percentage", "system/gpu_1_power_usage_watts"), 2),
        ({}, ("system/gpu.0.gpu", "system/gpu.0.temp", "system/gpu.11.gpu"), 2),
        ({}, ("system/cpu_utilization_percentage", "gpu_0_util"), 0),
    ],
)
def test_cards_are_counted_where_they_are_logged(params: dict[str, Any], metrics: tuple[str, ...], count: int) -> None:
    run = Run.from_dict({"id": "r", "params": params, "metrics": {name: [[0, 1.0]] for name in metrics}})
    assert gpus(run) == count
