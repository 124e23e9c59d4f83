"""The scale on which noise is even."""

from __future__ import annotations

import numpy as np
import pytest

from tests.stats.curves import FloatArray
from tracker_diag.stats.even import even_in_logs

RUNS = 200


def share_in_logs(course: np.ndarray[tuple[int], np.dtype[np.float64]], *, grows: bool) -> float:
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(RUNS):
        noise = rng.standard_normal(course.size)
        found += even_in_logs(course * np.exp(0.1 * noise) if grows else course + 0.1 * course.min() * noise)
    return found / RUNS


@pytest.mark.parametrize(("n", "power"), [(20, 0.7), (50, 0.8), (200, 0.95)])
def test_noise_that_grows_with_the_level_is_even_in_logs(n: int, power: float) -> None:
    climb = np.linspace(1.0, 30.0, n)
    assert share_in_logs(climb, grows=True) > power
    assert share_in_logs(climb, grows=False) < 0.15


def test_one_scale_within_a_factor_of_two() -> None:
    assert not even_in_logs(np.linspace(1.0, 1.9, 50) * np.exp(0.01 * np.random.default_rng(0).standard_normal(50)))


@pytest.mark.parametrize("y", [np.linspace(-1.0, 9.0, 50), np.geomspace(1.0, 100.0, 9), np.zeros(20)])
def test_its_own_scale_where_there_is_no_logarithm_or_too_few_values(
    y: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    assert not even_in_logs(y)


def by_hand(y: FloatArray) -> bool:
    """The same in words: whether half of the second differences are less far from the other half in logarithms."""
    values = y.tolist()
    places = range(1, len(values) - 1)
    level = {i: sum(values[i - 1 : i + 2]) / 3 for i in places}
    middle = float(np.median(list(level.values())))
    if max(level.values()) < 2 * min(level.values()) or sum(v > middle for v in level.values()) < 4:
        return False
    apart = []
    for scale in (np.log(y), y):
        away = {i: abs(scale[i - 1] - 2 * scale[i] + scale[i + 1]) for i in places}
        high, low = (np.median([away[i] for i in places if (level[i] > middle) == up]) for up in (True, False))
        apart.append(abs(np.log(high / low)) if min(high, low) > 0 else np.inf)
    return bool(apart[0] < apart[1])


@pytest.mark.parametrize("n", [10, 11, 15, 40])
def test_the_scale_on_which_the_halves_are_less_far_apart(n: int) -> None:
    """Noise that grows with the root of the level is as far from one scale as from the other."""
    rng = np.random.default_rng(n)
    found = []
    for _ in range(200):
        course = np.linspace(1.0, rng.uniform(1.5, 9), n)
        y = course + 0.1 * np.sqrt(course) * rng.standard_normal(n)
        found.append(even_in_logs(y))
        assert found[-1] == by_hand(y)
    assert 0.1 < np.mean(found) < 0.9


def test_ten_values_are_enough_and_nine_are_not() -> None:
    doubling = 2.0 ** np.arange(10) * np.tile([1.0, 1.1], 5)
    assert even_in_logs(doubling)
    assert not even_in_logs(doubling[:9])
    assert not even_in_logs(np.r_[0.0, doubling[1:]])
    assert even_in_logs(np.r_[0.5, doubling[1:]])


def test_levels_twice_as_far_apart_are_enough() -> None:
    """The lowest three values add up to 3, the highest to 6; those between jump more the higher they are."""
    y = np.array([1.0, 1, 1, 1.1, 1, 1.1, 1.2, 1.3, 1.2, 1.6, 1.4, 1.8, 1.5, 2, 2, 2])
    sums = y[:-2] + y[1:-1] + y[2:]
    assert (sums.max(), sums.min()) == (6.0, 3.0)
    assert even_in_logs(y)
    assert even_in_logs(y) == by_hand(y)
    assert not even_in_logs(np.minimum(y, 1.9999))


@pytest.mark.parametrize("quiet", [slice(0, 12), slice(12, 24)], ids=["low", "high"])
def test_its_own_scale_where_one_half_does_not_move(quiet: slice) -> None:
    y = np.r_[np.full(12, 1.0), np.full(12, 3.0)] + 0.1 * np.random.default_rng(0).standard_normal(24)
    y[quiet] = y[quiet].round()
    assert not even_in_logs(y)


def test_its_own_scale_where_fewer_than_four_levels_are_high() -> None:
    y = np.r_[np.full(16, 1.0), [2.0, 4.0]]
    assert not even_in_logs(y)
