"""What comes out at another value of one parameter: matched runs, their seeds, and a surface where there are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.siblings import RATES, WIDTHS, ends, experiment, member, table
from tracker_diag import Run
from tracker_diag.comparison.comparison import Alternative


def of(runs: Sequence[Run], run_id: str) -> dict[str, Alternative]:
    found = table(runs).compare(run_id)
    assert found is not None
    assert [a.value for a in found.alternatives] == sorted(a.value for a in found.alternatives)
    return {a.parameter: a for a in found.alternatives}


def test_the_matched_run_of_the_same_seed_says_what_comes_out() -> None:
    found = of(experiment(), "0.1-4-1")
    lr, width = found["lr"], found["hidden_units"]
    assert (lr.before, lr.after, lr.direction, lr.role, lr.runs) == (0.1, 0.01, -1, "learning_rate", 1)
    assert lr.matched is not None
    assert lr.matched.id == "0.01-4-1"
    assert lr.value == pytest.approx(ends(0.01, 4, 1), abs=0.01)
    assert width.matched is not None
    assert (width.matched.id, width.after, width.direction) == ("0.1-64-1", 64, 1)


def test_where_the_seed_is_missing_the_mean_of_the_others_does() -> None:
    runs = [member(lr, width, seed) for lr in RATES for width in WIDTHS for seed in (0, 1)]
    runs = [r for r in runs if r.id not in ("0.01-4-0", "0.01-4-1")]
    runs += [member(0.01, 4, seed, end=end) for seed, end in ((5, 0.6), (6, 0.8), (7, 0.71))]
    lr = of(runs, "0.1-4-0")["lr"]
    assert (lr.after, lr.runs) == (0.01, 3)
    assert lr.value == pytest.approx(0.7, abs=0.02)
    assert lr.matched is not None
    assert lr.matched.id == "0.01-4-7"


def test_without_a_matched_run_the_surface_says_it() -> None:
    runs = [r for r in experiment() if r.id not in ("0.01-4-0", "0.01-4-1")]
    lr = of(runs, "0.1-4-0")["lr"]
    assert (lr.after, lr.matched, lr.runs) == (0.01, None, 0)
    assert lr.value == pytest.approx(ends(0.01, 4), abs=0.2)
    assert lr.at_worst > lr.value


def test_the_interval_of_one_run_is_wider_than_that_of_three() -> None:
    runs = [member(lr, 64, seed) for lr in (0.1, 0.01) for seed in range(3)]
    runs.append(member(0.1, 64, 9))
    (group,) = table(runs).groups
    for run_id, n in (("0.1-64-0", 1), ("0.1-64-9", 3)):
        lr = of(runs, run_id)["lr"]
        assert (lr.after, lr.runs) == (0.01, n)
        apart = group.distance(np.array([lr.at_worst])) - group.distance(np.array([lr.value]))
        assert group.sigma is not None
        assert apart[0] == pytest.approx(1.645 * group.sigma * math.sqrt(1 + 1 / n), rel=0.02)


def test_where_nobody_knows_the_noise_nothing_is_sure() -> None:
    lr = of([member(0.1), member(0.01)], "0.1-64-0")["lr"]
    assert lr.matched is not None
    assert lr.at_worst > 1e6


@pytest.mark.parametrize("status", ["RUNNING", "SCHEDULED", "FAILED", "KILLED"])
def test_runs_that_have_not_ended_show_nothing(status: str) -> None:
    runs = [member(0.1), member(0.01, status=status), member(0.001)]
    assert of(runs, "0.1-64-0")["lr"].after == 0.001


def test_a_lost_run_is_the_worst_there_is() -> None:
    runs = [member(0.1, end=math.nan), member(0.01), member(0.001)]
    assert of(runs, "0.01-64-0")["lr"].after == 0.001
    assert of(runs, "0.1-64-0")["lr"].after == 0.01
    worst = of([member(0.1, end=math.nan), member(0.01), member(0.01, seed=1)], "0.01-64-0")["lr"]
    assert (worst.after, worst.direction) == (0.1, 1)
    assert worst.value > member(0.01).metrics["val_loss"].values[-1]


def test_what_cannot_be_told_apart_is_named() -> None:
    runs = [member(lr, params={"zeal": 100 * lr}) for lr in RATES]
    assert of(runs, "0.1-64-0")["lr"].tied == ("zeal",)


def test_a_category_has_no_direction() -> None:
    runs = [
        member(end=end, params={"activation": a}, id=a, seed=s)
        for a, end in (("relu", 0.2), ("tanh", 0.9))
        for s in (0, 1)
    ]
    runs = [replace(r, id=f"{r.id}-{i % 2}") for i, r in enumerate(runs)]
    found = of(runs, "tanh-0")["activation"]
    assert (found.before, found.after, found.direction) == ("tanh", "relu", 0)
    switch = [
        member(end=end, params={"augment": on}, id=f"{on}-{s}", seed=s)
        for on, end in ((True, 0.2), (False, 0.9))
        for s in (0, 1)
    ]
    assert of(switch, "False-0")["augment"].direction == 0


def test_a_run_by_itself_has_none() -> None:
    found = table([member()]).compare("0.01-64-0")
    assert found is not None
    assert (found.alternatives, found.best, found.runs) == ((), None, 0)
