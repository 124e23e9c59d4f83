"""EX904 within-seed-noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.rules.runs import found
from tests.siblings import RATES, beside, member
from tracker_diag import Run

CODE = "EX904"


#: Two rates that do alike, the first by .006 the better one, and two that do not; seeds differ by .01.
BASE = {0.001: 0.6, 0.01: 0.2, 0.02: 0.206, 0.1: 0.55}
RUNS = [member(lr, 64, seed, end=base + 0.01 * seed) for lr, base in BASE.items() for seed in (0, 1)]
ALIKE, BEST, AGAIN = RUNS[4], RUNS[2], RUNS[3]


def of(run: Run, runs: list[Run], **thresholds: Any) -> Any:
    return found(beside(run, runs, **thresholds), CODE)


def test_a_distance_that_another_seed_would_undo_is_told() -> None:
    seen = of(ALIKE, RUNS)
    assert seen.severity == "info"
    assert "and the best comparable run, '0.01-64-0', at 0.1958. The difference of 0.015 may be chance" in seen.message
    assert seen.evidence["repeated"] == 8
    assert 0 < seen.evidence["behind"] < 2 * math.sqrt(2) * seen.evidence["noise"]
    assert seen.evidence["noise"] == pytest.approx(1.4826 * 0.01 / math.sqrt(2), rel=0.4)


@pytest.mark.parametrize("run", [BEST, RUNS[0], RUNS[6]], ids=lambda r: r.id)
def test_neither_of_the_best_run_nor_of_one_that_is_clearly_behind(run: Run) -> None:
    assert of(run, RUNS) is None


def test_nor_of_another_seed_of_the_best_setting() -> None:
    assert of(AGAIN, RUNS) is None


def test_what_seeds_do_to_bad_settings_says_nothing_of_good_ones() -> None:
    wild = [member(lr, 64, seed, end=1.0 + seed) for lr in (0.3, 0.4, 0.5, 0.6) for seed in (0, 1)]
    clear = member(0.03, 64, 0, end=0.3)
    assert of(clear, [*RUNS, *wild]) is None


def test_with_few_repeats_nobody_knows_the_noise() -> None:
    few = [run for run in RUNS if run.id not in ("0.001-64-1", "0.1-64-1")]
    assert of(ALIKE, few) is None
    assert of(ALIKE, few, EX904={"fewest": 4}) is not None


def test_how_many_errors_is_a_threshold() -> None:
    assert of(ALIKE, RUNS, EX904={"errors": 0.05}) is None


def test_a_lost_run_is_no_noise() -> None:
    assert of(member(0.01, 64, 3, end=math.nan), RUNS) is None


def test_of_settings_that_do_not_differ_it_speaks_mostly() -> None:
    """Under the null the best run of another setting is within noise."""
    rng = np.random.default_rng(4)
    spoken = []
    for trial in range(12):
        runs = [
            member(lr, 64, seed, end=0.4 + 0.02 * float(rng.standard_normal()), id=f"{trial}-{lr}-{seed}")
            for lr in RATES
            for seed in (0, 1, 2)
        ]
        best, *rest = sorted(runs, key=lambda r: float(r.metrics["val_loss"].values[-1]))
        typical = next(run for run in rest if run.params["lr"] != best.params["lr"])
        spoken.append(of(typical, runs) is not None)
    assert np.mean(spoken) > 0.7
