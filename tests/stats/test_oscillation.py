"""Swings and jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import median_abs_deviation

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
    with pytest.raises(TooShortError, match="oscillation needs 8 points, got 7"):
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


@pytest.mark.parametrize("n", [8, 9, 11, 14, 23, 60])
def test_both_amplitudes_are_median_deviations_and_reversals_are_counted(n: int) -> None:
    y = np.random.default_rng(n).standard_normal(n) + np.linspace(3, 0, n)
    found = oscillation(y)
    early, late = y[: n // 2], y[n // 2 :]
    # Tukey's line through the medians of the outer thirds, whose middles lie two thirds apart.
    third = late.size // 3
    rise = np.median(late[-third:]) - np.median(late[:third])
    straight = rise / (late.size - third) * np.arange(late.size)
    assert found.amplitude == pytest.approx(median_abs_deviation(late - straight) * 1.4826)
    # The local mean, over a quarter of the half but three at least, goes on beyond the ends in a straight line.
    half = max(3, early.size // 4) // 2
    ends = (
        [2 * early[0] - early[k] for k in range(half, 0, -1)],
        [2 * early[-1] - early[-1 - k] for k in range(1, half + 1)],
    )
    longer = np.concatenate((ends[0], early, ends[1]))
    away = early - np.convolve(longer, np.ones(2 * half + 1), "valid") / (2 * half + 1)
    assert found.early == pytest.approx(np.median(np.abs(away)) * 1.4826)
    turns = [(b - a) * (c - b) < 0 for a, b, c in zip(late, late[1:], late[2:], strict=False)]
    assert found.reversals == pytest.approx(np.mean(turns))


def test_a_value_that_repeats_itself_is_no_turn() -> None:
    assert oscillation(np.r_[np.ones(8), 1, 2, 2, 1, 1, 2, 2, 1]).reversals == 0


def jumps(y: FloatArray, z: float = 8.0) -> list[int]:
    """One after another: above the medians of three values before and after, which go on beyond the ends."""
    n = y.size
    at = [float(y[min(max(i, 0), n - 1)]) for i in range(-3, n + 3)]
    before = [float(np.median(at[i : i + 3])) for i in range(n)]
    after = [float(np.median(at[i + 4 : i + 7])) for i in range(n)]
    deviation = 1.4826 * np.median([abs(v - (a + b) / 2) for v, a, b in zip(y, before, after, strict=True)])
    high = [i for i in range(3, n - 3) if y[i] - max(before[i], after[i]) > z * (1 + 8 / n) * deviation]
    groups: list[list[int]] = []
    for i in high:
        if groups and i - groups[-1][-1] <= 3:
            groups[-1].append(i)
        else:
            groups.append([i])
    return [max(group, key=lambda i: y[i]) for group in groups]


@pytest.mark.parametrize("n", [8, 11, 16, 40])
@pytest.mark.parametrize("z", [0.25, 0.5, 1.0])
def test_jumps_lie_above_what_is_before_and_after_them(n: int, z: float) -> None:
    rng = np.random.default_rng(n)
    found = 0
    for _ in range(60):
        y = rng.standard_t(2, n)
        assert spikes(y, z).tolist() == jumps(y, z)
        found += len(jumps(y, z))
    assert found > 0


@pytest.mark.parametrize(("place", "seen"), [(2, False), (3, True), (16, True), (17, False)])
def test_a_jump_needs_three_values_on_either_side(place: int, seen: bool) -> None:
    y = np.linspace(2.0, 1.0, 20)
    y[place] += 5
    assert spikes(y).tolist() == [place] * seen


def test_jumps_three_points_apart_are_one_and_four_are_two() -> None:
    for apart, highest in ((3, [13]), (4, [10, 14])):
        y = np.random.default_rng(0).standard_normal(40) * 0.01
        y[10], y[10 + apart] = 5, 6
        assert spikes(y).tolist() == highest


def test_what_rounding_leaves_is_no_jump() -> None:
    y = np.ones(20)
    y[[7, 12]] += [0.9e-9, 1.2e-9]
    assert spikes(y).tolist() == [12]


def test_eight_deviations_and_eight_n_ths_more_unless_asked_otherwise() -> None:
    y = np.random.default_rng(0).standard_normal(16)
    found = []
    for height in np.linspace(5, 40, 141):
        y[7] = height
        found.append(spikes(y).tolist())
        assert found[-1] == jumps(y)
    assert [] in found
    assert [7] in found
