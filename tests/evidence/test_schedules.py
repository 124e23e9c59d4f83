"""Whether the schedule of the learning rate ran out: as logged, or as configured."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tracker_diag import Run, Settings
from tracker_diag.engine.values import Values
from tracker_diag.roles.resolve import resolve

N = 60
#: How far the run is at each record, logged at the start of each epoch: the last epoch is still to come.
AT = np.arange(N) / N
Rates = NDArray[np.float64]


def ran_out(rates: Any = None, params: dict[str, Any] | None = None, made: int = N, **more: Any) -> bool | None:
    metrics = {"train_loss": [[i, 1 / (i + 1)] for i in range(made)]}
    if rates is not None:
        metrics["lr"] = [[i, float(rate)] for i, rate in enumerate(rates)]
    run = Run.from_dict({"id": "r", "metrics": metrics, "params": params or {}, **more})
    values = Values({"run": run, "roles": resolve(run, Settings()), "network": None})
    found: bool | None = values.get("schedule_ran_out")
    return found


def one_cycle(at: Rates) -> Rates:
    up, down = at / 0.3, (at - 0.3) / 0.7
    rise = 0.04 + 0.96 * (1 - np.cos(math.pi * up)) / 2
    fall = 4e-6 + (1 - 4e-6) * (1 + np.cos(math.pi * down)) / 2
    return np.where(at < 0.3, rise, fall)


def restarts(at: Rates, cycles: float) -> Rates:
    return (1 + np.cos(math.pi * ((at * cycles) % 1))) / 2


SOUND = {
    "linear": 1 - AT,
    "linear to a hundredth": 0.01 + 0.99 * (1 - AT),
    "cosine": (1 + np.cos(math.pi * AT)) / 2,
    "one-cycle": one_cycle(AT),
    "warm-up, then linear": np.minimum(AT / 0.1, (1 - AT) / 0.9),
    "polynomial": (1 - AT) ** 0.9,
    "rest, then down": np.minimum(1, (1 - AT) / 0.2),
    "a tenth at a half and at three quarters": np.select([AT < 0.5, AT < 0.75], [1, 0.1], 0.01),
    "warm restarts at the end of a cycle": restarts(AT, 4),
    "exponential": np.exp(-4 * AT),
    "biases begin ten times as high": np.where(AT < 0.05, 10.0, 0.01 + 0.99 * (1 - AT)),
}
OTHER = {
    "constant": np.ones(N),
    "warm-up": AT,
    "warm restarts in the middle of a cycle": restarts(AT, 3.5),
    "a tenth of it once": np.where(AT < 0.5, 1, 0.1),
    "a cosine that ends at a tenth": 0.1 + 0.9 * (1 + np.cos(math.pi * AT)) / 2,
    "lost at the last record": np.where(AT < 1 - 1.5 / N, 1, 0.1),
    "gone within the first fifth": np.where(AT < 0.2, 1, 1e-4),
    "gone before the half": np.exp(-40 * AT),
    "gone, then falling on": np.select([AT < 0.2, AT < 0.9], [1, 1e-3], 1e-5),
    "none": np.zeros(N),
}


@pytest.mark.parametrize("peak", [1.0, 1e-5, 30.0])
@pytest.mark.parametrize("name", SOUND)
def test_a_rate_that_was_annealed_and_is_at_its_end(name: str, peak: float) -> None:
    assert ran_out(peak * SOUND[name]) is True


@pytest.mark.parametrize("peak", [1.0, 1e-5])
@pytest.mark.parametrize("name", OTHER)
def test_a_rate_that_was_not(name: str, peak: float) -> None:
    assert ran_out(peak * OTHER[name]) is False


@pytest.mark.parametrize("name", ["linear", "cosine", "one-cycle", "polynomial"])
def test_a_schedule_that_was_broken_off_did_not_run_out(name: str) -> None:
    assert ran_out(SOUND[name][: N * 3 // 4]) is False


@pytest.mark.parametrize("n", [5, 10, 20])
def test_few_records_of_it_will_do(n: int) -> None:
    at = np.arange(n) / n
    assert ran_out(1 - at) is True
    assert ran_out((1 + np.cos(math.pi * at)) / 2) is True
    assert ran_out(np.ones(n)) is False


def test_what_was_logged_comes_before_what_was_configured() -> None:
    assert ran_out(np.ones(N), {"scheduler": "cosine", "epochs": N}) is False
    assert ran_out([1, math.nan], {"scheduler": "cosine", "epochs": N}) is True


@pytest.mark.parametrize(
    "scheduler",
    ["cosine", "CosineAnnealingLR", "linear", "SchedulerType.LINEAR", "OneCycleLR", "polynomial", "linear_decay"],
)
def test_a_configured_schedule_runs_out_with_the_planned_length(scheduler: str) -> None:
    assert ran_out(None, {"scheduler": scheduler, "epochs": N}) is True
    assert ran_out(None, {"scheduler": scheduler, "epochs": 2 * N}) is False
    assert ran_out(None, {"scheduler": scheduler}) is None
    assert ran_out(None, {"scheduler": scheduler, "epochs": N}, status="RUNNING") is None


@pytest.mark.parametrize(
    "scheduler",
    ["CosineAnnealingWarmRestarts", "cosine_with_restarts", "ExponentialLR", "StepLR", "plateau", "LinearLR", "", True],
)
def test_other_schedules_say_nothing_without_numbers(scheduler: str | bool) -> None:
    assert ran_out(None, {"scheduler": scheduler, "epochs": N}) is None


@pytest.mark.parametrize("scheduler", ["constant", "constant_with_warmup"])
def test_a_constant_rate_does_not_run_out(scheduler: str) -> None:
    assert ran_out(None, {"scheduler": scheduler}) is False


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"lr": 0.1, "min_lr": 0.0}, True),
        ({"lr": 0.1, "min_lr": 0.001}, True),
        ({"lr": 0.1, "min_lr": 0.02}, None),
        ({"min_lr": 0.001}, None),
        ({"T_max": N}, True),
        ({"scheduler.T_max": str(float(N))}, True),
        ({"T_max": 10}, None),
        ({"decay_steps": 100}, None),
    ],
)
def test_its_floor_and_its_length_decide(more: dict[str, Any], said: bool | None) -> None:
    assert ran_out(None, {"scheduler": "cosine", "epochs": N, **more}) is said


def test_nothing_tells() -> None:
    assert ran_out() is None
