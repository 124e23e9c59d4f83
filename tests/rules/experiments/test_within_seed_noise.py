"""EX904 within-seed-noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.rules.runs import found
from tests.siblings import RATES, beside, experiment, member
from tracker_diag import Run

CODE = "EX904"


def of(run: Run, runs: list[Run], **thresholds: Any) -> Any:
    return found(beside(run, runs, **thresholds), CODE)


def test_a_distance_that_another_seed_would_undo_is_told() -> None:
    seen = of(member(0.01, 64, 1), experiment())
    assert seen.severity == "info"
    assert "behind the best of 15 comparable runs, 0.01-64-0" in seen.message
    assert seen.evidence["repeated"] == 16
    assert 0 < seen.evidence["behind"] < 2 * math.sqrt(2) * seen.evidence["noise"]


@pytest.mark.parametrize("run", [member(0.01, 64, 0), member(0.1, 64, 0), member(0.01, 4, 0)], ids=lambda r: r.id)
def test_neither_of_the_best_run_nor_of_one_that_is_clearly_behind(run: Run) -> None:
    assert of(run, experiment()) is None


def test_with_few_repeats_nobody_knows_the_noise() -> None:
    few = [member(lr, 64, seed) for lr in RATES for seed in (0, 1) if seed == 0 or lr >= 0.01]
    assert of(member(0.01, 64, 1), few) is None
    assert of(member(0.01, 64, 1), few, EX904={"fewest": 4}) is not None


def test_how_many_errors_is_a_threshold() -> None:
    assert of(member(0.01, 64, 1), experiment(), EX904={"errors": 0.05}) is None


def test_a_lost_run_is_no_noise() -> None:
    lost = member(0.01, 64, 1, end=math.nan)
    assert of(lost, experiment()) is None


def test_of_settings_that_do_not_differ_it_speaks_mostly() -> None:
    """Under the null the second best of twelve is within noise."""
    rng = np.random.default_rng(4)
    spoken = []
    for trial in range(12):
        runs = [
            member(lr, 64, seed, end=0.4 + 0.02 * float(rng.standard_normal()), id=f"{trial}-{lr}-{seed}")
            for lr in RATES
            for seed in (0, 1, 2)
        ]
        typical = sorted(runs, key=lambda r: float(r.metrics["val_loss"].values[-1]))[1]
        spoken.append(of(typical, runs) is not None)
    assert np.mean(spoken) > 0.75
