"""Swings and jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.stats.curves import FloatArray, settled, values
from tracker_diag.stats.oscillation import oscillation, spikes
from tracker_diag.stats.too_short import TooShortError


def test_white_noise() -> None:
    found = oscillation(np.random.default_rng(0).standard_normal(4000))
    assert found.amplitude == pytest.approx(1, rel=0.1)
    assert found.reversals == pytest.approx(2 / 3, abs=0.03)


def test_a_smooth_descent_does_not_swing() -> None:
    found = oscillation(np.exp(-np.linspace(0, 2, 50)))
    assert found.reversals == 0
    assert found.amplitude < 0.02


def test_alternation() -> None:
    found = oscillation(1 + 0.2 * (-1.0) ** np.arange(40))
    assert found.reversals == 1
    assert found.amplitude == pytest.approx(0.2 * 1.4826)


def test_one_spike_is_no_swing() -> None:
    y = np.random.default_rng(1).standard_normal(200) * 0.01
    y[150] = 1e6
    assert oscillation(y).amplitude < 0.02


@given(values)
def test_scale(y: FloatArray) -> None:
    before, after = oscillation(y), oscillation(y * 256)
    assert after.amplitude == pytest.approx(256 * before.amplitude, rel=1e-6)
    assert after.reversals == before.reversals
    assert 0 <= before.reversals <= 1


def test_too_short() -> None:
    with pytest.raises(TooShortError):
        oscillation(np.ones(7))
    assert spikes(np.ones(7)).size == 0


def test_jumps_are_found_where_they_are() -> None:
    rng = np.random.default_rng(2)
    y = settled(rng, 300) + 0.01 * rng.standard_normal(300)
    y[[100, 101, 200]] += [1.0, 2.0, 1.0]
    assert spikes(y).tolist() == [101, 200]


def test_a_step_up_is_no_jump() -> None:
    y = np.random.default_rng(3).standard_normal(60) * 0.01
    y[30:] += 5
    assert spikes(y).size == 0


def test_noise_has_no_jumps() -> None:
    rng = np.random.default_rng(4)
    assert sum(spikes(rng.standard_normal(500)).size for _ in range(100)) == 0


def test_eight_points_of_noise_have_no_jumps() -> None:
    rng = np.random.default_rng(7)
    assert sum(spikes(rng.standard_normal(8)).size for _ in range(4000)) <= 3


def test_heavy_tails_have_few() -> None:
    rng = np.random.default_rng(5)
    found = sum(spikes(rng.standard_t(3, 500)).size for _ in range(100))
    assert found / 50_000 < 2 / 1000


def test_constant_and_huge() -> None:
    assert spikes(np.ones(50)).size == 0
    y = np.ones(50)
    y[20] = 1e149
    assert spikes(y).tolist() == [20]
