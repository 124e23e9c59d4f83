"""What going on would bring: known answers, coverage, and limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.stats.curves import FloatArray, ar1, values
from tracker_diag.stats.extrapolation import extrapolate
from tracker_diag.stats.too_short import TooShortError


def clock(n: int) -> FloatArray:
    return (np.arange(n) + 1) / n


@pytest.mark.parametrize("tau", [0.15, 0.5, 1.0])
def test_an_exponential_is_carried_on(tau: float) -> None:
    u = clock(40)
    found = extrapolate(u, 0.5 + np.exp(-u / tau))
    assert found.gain == pytest.approx(np.exp(-1 / tau) - np.exp(-2 / tau), abs=0.06)
    assert found.low - 0.005 <= np.exp(-1 / tau) - np.exp(-2 / tau) <= found.high + 0.005


@pytest.mark.parametrize(("c", "alpha"), [(0.01, 0.5), (0.05, 1.0)])
def test_a_power_law_is_carried_on(c: float, alpha: float) -> None:
    u = clock(60)
    truth = (1 + 1 / c) ** -alpha - (1 + 2 / c) ** -alpha
    found = extrapolate(u, 0.2 + (1 + u / c) ** -alpha)
    assert found.gain == pytest.approx(truth, abs=0.02)
    assert found.low - 0.005 <= truth <= found.high + 0.005


@pytest.mark.parametrize("phi", [0.0, 0.6])
@pytest.mark.parametrize("n", [10, 30, 150])
def test_the_interval_holds_the_truth(n: int, phi: float) -> None:
    rng = np.random.default_rng(0)
    held, above = 0, 0
    for k in range(150):
        u = clock(n)
        if k % 2:
            tau = np.exp(rng.uniform(np.log(0.1), np.log(2.5)))
            y, truth = np.exp(-u / tau), np.exp(-1 / tau) - np.exp(-2 / tau)
        else:
            c, a = np.exp(rng.uniform(np.log(0.005), np.log(0.5))), rng.uniform(0.3, 2)
            y, truth = (1 + u / c) ** -a, (1 + 1 / c) ** -a - (1 + 2 / c) ** -a
        found = extrapolate(u, 0.3 + y + 0.01 * np.ptp(y) * ar1(rng, n, phi), floor=0.0)
        held += found.low <= truth + 1e-12 <= found.high + 2e-12
        above += found.low > truth + 1e-12
    assert held / 150 >= 0.8
    assert above / 150 <= 0.15


@pytest.mark.parametrize(("phi", "share"), [(0.0, 0.92), (0.9, 0.88)])
def test_it_holds_the_truth_as_often_as_the_docstring_says(phi: float, share: float) -> None:
    rng = np.random.default_rng(20)
    held = 0
    for k in range(300):
        u = clock(20)
        if k % 2:
            tau = np.exp(rng.uniform(np.log(0.1), np.log(2.5)))
            y, truth = np.exp(-u / tau), np.exp(-1 / tau) - np.exp(-2 / tau)
        else:
            c, a = np.exp(rng.uniform(np.log(0.005), np.log(0.5))), rng.uniform(0.3, 2)
            y, truth = (1 + u / c) ** -a, (1 + 1 / c) ** -a - (1 + 2 / c) ** -a
        sigma = np.exp(rng.uniform(np.log(0.003), np.log(0.03)))
        found = extrapolate(u, 0.3 + y + sigma * np.ptp(y) * ar1(rng, 20, phi), floor=0.0)
        held += found.low <= truth + 1e-12 <= found.high + 2e-12
    assert held / 300 >= share


@pytest.mark.parametrize("n", [8, 20, 200, 1000])
def test_what_surely_goes_on_is_sure_to(n: int) -> None:
    """The doubt takes at most two thirds of the gain of a line, and of an exponential seen for half of its course."""
    rng = np.random.default_rng(n)
    for y in (2.0 - clock(n), np.exp(-clock(n) / 0.9)):
        found = extrapolate(clock(n), y + 0.005 * rng.standard_normal(n), floor=0.0)
        assert found.low > 0.3 * found.gain > 0.06


def test_doubt_leaves_the_gain_and_widens_the_interval() -> None:
    y = np.exp(-clock(200) / 0.6)
    sure, doubtful, none = (extrapolate(clock(200), y, doubt=doubt) for doubt in (0.0, 0.3, 0.7))
    assert sure.gain == doubtful.gain == none.gain
    assert doubtful.low < 0.75 * sure.low
    assert doubtful.high > 1.1 * sure.high
    assert none.low == 0.0


def test_a_curve_that_turns_later_is_not_promised_much() -> None:
    """The first half tells nothing of the turn: the lower end stays well below what the shape says."""
    found = extrapolate(clock(500), np.exp(-clock(500) / 0.5))
    assert found.low < 0.6 * found.gain


def test_a_settled_curve_has_nothing_to_gain() -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        y = np.exp(-clock(50) / 0.08) + 0.01 * rng.standard_normal(50)
        assert extrapolate(clock(50), y).low < 0.02


def test_a_rising_curve_has_nothing_to_gain() -> None:
    found = extrapolate(clock(20), np.linspace(0, 1, 20))
    assert (found.gain, found.low) == (0.0, 0.0)


def test_a_constant_curve_has_nothing_to_gain() -> None:
    found = extrapolate(clock(20), np.full(20, 0.4))
    assert (found.gain, found.low, found.high, found.limit) == (0.0, 0.0, 0.0, 0.0)


def test_the_floor_is_kept() -> None:
    line = np.linspace(1.0, 0.1, 30)
    free, bounded = extrapolate(clock(30), line), extrapolate(clock(30), line, floor=0.0)
    assert bounded.limit < 0.2 < free.limit


@pytest.mark.parametrize("slow_start", [0.2, 0.4])
def test_a_start_on_a_plateau_does_not_hide_what_is_left(slow_start: float) -> None:
    """A fall that gathers pace before it slows down, as after a warm-up."""
    u = clock(24)
    y = 2.3 * (1 - 1 / (1 + np.exp(-(u - slow_start - 0.4) / 0.1)))
    found = extrapolate(u, y, floor=0.0)
    assert found.low > 0.25 * y[-1]
    assert found.gain > 0.5 * y[-1]


def test_an_annealed_rate_does_not_hide_what_is_left() -> None:
    rate = 0.5 * (1 + np.cos(np.pi * np.arange(60) / 60))
    path = np.cumsum(rate)
    y = np.exp(-path / path[-1] / 0.6)
    over_steps, over_path = extrapolate(clock(60), y), extrapolate(path, y)
    assert over_path.gain > 2 * over_steps.gain
    assert over_path.gain == pytest.approx(np.exp(-1 / 0.6) - np.exp(-2 / 0.6), abs=0.06)


@given(values)
def test_units_do_not_matter(y: FloatArray) -> None:
    y = np.round(y, 2)
    before = extrapolate(clock(y.size), y)
    after = extrapolate(1000 * clock(y.size), y * 64 + 256)
    assert after.gain == pytest.approx(64 * before.gain, rel=1e-3, abs=1e-6)
    assert 0 <= before.low <= before.high
    assert before.gain <= before.high


@pytest.mark.parametrize("size", [1e-310, 1e149])
def test_extreme_sizes(size: float) -> None:
    found = extrapolate(clock(12), size * np.exp(-clock(12)))
    assert np.isfinite([found.gain, found.low, found.high]).all()


def test_too_short() -> None:
    with pytest.raises(TooShortError):
        extrapolate(clock(4), np.ones(4))


@pytest.mark.parametrize("shift", [-1.0, -20.0, -0.5, 1000.0])
def test_where_the_clock_begins_does_not_matter(shift: float) -> None:
    y = np.exp(-clock(20) / 0.5)
    before, after = extrapolate(clock(20), y), extrapolate(clock(20) + shift, y)
    assert after.gain == pytest.approx(before.gain, rel=1e-6)
    assert after.low == pytest.approx(before.low, rel=1e-6)


def test_a_clock_that_stands_still_counts_points() -> None:
    y = np.exp(-clock(20) / 0.5)
    assert extrapolate(np.zeros(20), y).gain == pytest.approx(extrapolate(clock(20), y).gain)
