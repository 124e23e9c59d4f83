"""The scale on which noise is even."""

from __future__ import annotations

import numpy as np
import pytest

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
