"""What was achieved, what of it was lost, and whether curves swing by a share of their own level."""

from __future__ import annotations

import numpy as np
import pytest

from tracker_diag.evidence.baseline import Explained
from tracker_diag.evidence.batches import of_single_batches
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.effects import GivenBack, effect_unit, given_back, improvement, restless
from tracker_diag.roles.metric import Metric
from tracker_diag.stats.arrays import FloatArray


def curve(values: FloatArray | list[float], *, accuracy: bool = False) -> Curve:
    y = np.asarray(values, dtype=np.float64)
    metric = Metric("accuracy", "max", "share", 1.0) if accuracy else Metric("loss", "min")
    return Curve("c", np.arange(y.size, dtype=np.float64), -y if accuracy else y, metric, "train_loss")


def gained(train: Curve, val: Curve | None = None, baseline: float | None = None) -> float | None:
    begins = max(float(c.y[0]) for c in (train, val) if c is not None)
    return improvement(train, val, begins, baseline, frozenset())


RNG = np.random.default_rng(0)
FALLS = np.linspace(1.05, 0.3, 50) + 0.01 * RNG.standard_normal(50)
EXPLODES = np.geomspace(1.1, 30, 50) * np.exp(0.2 * RNG.standard_normal(50))


def test_a_validation_that_explodes_does_not_silence_what_training_gained() -> None:
    assert gained(curve(FALLS), curve(EXPLODES)) == pytest.approx(0.8, abs=0.05)


def test_each_curve_has_to_leave_its_own_noise() -> None:
    noise = 1 + 0.2 * np.abs(RNG.standard_normal(50))
    assert gained(curve(noise), curve(noise[::-1].copy())) is None


def test_noise_that_grows_with_the_level_is_seen_on_the_logarithm() -> None:
    course = np.geomspace(100, 1, 12) * np.exp(0.4 * np.random.default_rng(3).standard_normal(12))
    assert gained(curve(course)) is not None


def test_a_known_baseline_needs_no_start() -> None:
    assert gained(curve([2.0, 2.1, 2.0, 2.1, 2.0]), baseline=2.3) == pytest.approx(0.3)
    assert gained(curve([2.5, 2.6, 2.5, 2.6, 2.5]), baseline=2.3) is None


def test_accuracies_are_measured_in_a_tenth_of_a_perfect_one_at_the_least() -> None:
    high = curve(0.96 + 0.02 * (1 - np.exp(-np.arange(20.0))), accuracy=True)
    assert effect_unit(0.02, None, high, None, None) == 0.02
    explained = Explained(-0.96, -1, False, *[0.5] * 6)
    assert effect_unit(0.02, None, high, explained, None) == pytest.approx(0.1)


def back(values: list[float], *, top: float, unit: float | None = None) -> GivenBack:
    return given_back(curve(values), None, None, top, None, unit)["train"]


def test_what_was_gained_is_lost_where_every_value_of_the_end_lies_half_way_back() -> None:
    lost = [2.0, 0.8, 0.5, 0.4, 0.4, 0.5, 0.7, 1.0] + [1.5] * 20
    assert back(lost, top=2.0).lost
    assert back(lost, top=2.0).since == pytest.approx(4, abs=1)
    assert not back([*lost[:-1], 0.6], top=2.0).lost


def test_a_start_that_exploded_does_not_hide_a_loss_of_many_times() -> None:
    assert back([1e6, 1e3, 1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 2e3, 3e3, 5e3, 4e3], top=3e3).lost
    assert not back([1e6, 1e3, 1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1, 0.15, 0.2], top=3e3).lost


def test_a_curve_that_never_fell_has_lost_what_it_rose_by_where_that_is_worth_a_word() -> None:
    rises = [1.1, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 1.9, 2.0, 2.0]
    assert back(rises, top=2.8, unit=1.8).lost
    assert not back([1.1, 1.05, 1.06, 1.07, 1.08, 1.08, 1.09, 1.09, 1.1, 1.1, 1.1, 1.1], top=2.8, unit=1.8).lost


def test_the_lowest_place_at_the_end_is_no_loss() -> None:
    assert back([2.0, 1.5, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5], top=2.0).share == 0


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_no_logarithm_where_there_is_none(bad: float) -> None:
    assert not back([2.0, 1.0, 0.5, bad, 0.1, 0.1, 0.1, 0.1], top=2.0).lost


def swinging(factor: float, n: int = 16, seed: int = 0) -> FloatArray:
    values: FloatArray = np.exp(np.log(factor) * np.random.default_rng(seed).standard_normal(n))
    return values


def test_both_curves_swing_by_a_share_of_their_level() -> None:
    one, other = curve(swinging(2.0)), curve(swinging(2.5, seed=1))
    assert restless(one, other, None, 2.0) == pytest.approx(np.log(2), rel=0.6)
    assert restless(one, curve(swinging(1.02, seed=1)), None, 2.0) is None


def test_swings_that_are_small_beside_what_was_gained_are_none() -> None:
    fallen = np.geomspace(1e3, 1e-3, 40) * np.exp(0.3 * RNG.standard_normal(40))
    assert restless(curve(fallen), curve(fallen), 1e3, 1e3) is None


def test_values_of_single_batches_lie_beside_a_calm_validation_that_is_logged_less_often() -> None:
    train = curve(1.0 + 0.5 * RNG.standard_normal(60))
    few, many = curve([1.2, 1.1, 1.05, 1.02, 1.01]), curve(np.linspace(1.2, 1.0, 40))
    assert of_single_batches(train, few, 0.5)
    assert not of_single_batches(train, many, 0.5)
    assert not of_single_batches(train, curve([1.2, 0.7, 1.3, 0.6, 1.2]), 0.5)
