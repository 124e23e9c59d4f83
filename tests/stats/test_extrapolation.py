"""What going on would bring: known answers, coverage, and limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import norm

from tests.stats.curves import FloatArray, ar1, values
from tracker_diag.stats.extrapolation import Extrapolation, extrapolate
from tracker_diag.stats.noise import noise
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
    with pytest.raises(TooShortError, match="extrapolation needs 5 points, got 4"):
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


TAUS = np.geomspace(0.03, 5.0, 48)
POWERS = [(c, a) for a in (0.25, 0.4, 0.6, 0.9, 1.4, 2.2) for c in np.geomspace(0.003, 1.0, 7)]


def shape(k: int, u: FloatArray) -> FloatArray:
    return np.exp(-u / TAUS[k]) if k < 48 else (1 + u / POWERS[k - 48][0]) ** -POWERS[k - 48][1]


def by_hand(at: FloatArray, y: FloatArray, floor: float = -np.inf, horizon: float = 2.0) -> Extrapolation:
    """Each shape fitted by itself, and their normal forecasts mixed: 21 values of each, in equal shares."""
    n, unit, last = y.size, float(np.ptp(y)), float(y[-1])
    z, bottom = (y - last) / unit, (floor - last) / unit
    u = ((at - at[0]) / (at[-1] - at[0]) * (n - 1) + 1) / n
    width = max(3, n // 4)
    steepest = max(range(n - width), key=lambda k: z[k] - z[k + width]) + width // 2
    begin = min(max(sum(u <= 1 / 3 + 1e-9), steepest), n - 5)
    u, z = u[begin:], z[begin:]
    n = u.size
    fits = []
    for k in range(90):
        phi = shape(k, u)
        a, b = np.linalg.lstsq(np.stack((np.ones(n), phi), axis=1), z, rcond=None)[0]
        if b < 0:
            a, b = z.mean(), 0.0
        if a < bottom:
            a, b = bottom, max(float(np.linalg.lstsq(phi[:, None], z - bottom, rcond=None)[0][0]), 0.0)
        fits.append((z - a - b * phi, float(b), float(((phi - phi.mean()) ** 2).sum())))
    squares = np.array([left @ left for left, _, _ in fits])
    left = fits[int(squares.argmin())][0]
    r = float(left[:-1] @ left[1:] / (left @ left))
    r = min(max(r + (1 + 3 * r) / n, 0.0), 0.95)
    inflation = max((1 + r) / (1 - r), n / 40)
    variance = max(noise(z).sigma ** 2, squares.min() / max(n - 3, 1), 1e-12)
    weight = np.exp(-(squares - squares.min()) / variance / inflation / 2)
    weight /= weight.sum()

    b = np.array([slope for _, slope, _ in fits])
    ends = np.array([shape(k, np.array([1.0, horizon, 1.5, 2, 3, 5, 10, 20, 50, 100])) for k in range(90)])
    falls = b[:, None] * (ends[:, :1] - ends[:, 1:])
    error = variance * inflation / np.array([p for _, _, p in fits]) * (ends[:, 0] - ends[:, 1]) ** 2
    values = falls[:, :1] + np.sqrt(error + (0.35 * falls[:, 0]) ** 2)[:, None] * norm.ppf((np.arange(21) + 0.5) / 21)
    order = np.argsort(values, axis=None)
    below = np.cumsum(np.broadcast_to(weight[:, None] / 21, values.shape).flat[order])
    low, high = (float(values.flat[order[np.argmax(below >= q)]]) for q in (0.05, 0.95))
    gain, *further = (float(weight @ fall) for fall in falls.T)
    limit = float(weight @ (b * ends[:, 0]))
    multiples = (1.5, 2, 3, 5, 10, 20, 50, 100)
    enough = next((m for m, fall in zip(multiples, further, strict=True) if fall >= 0.9 * limit), np.inf)
    family = "exponential" if weight[:48].sum() >= 0.5 else "power"
    return Extrapolation(gain * unit, max(low, 0) * unit, max(high, gain) * unit, limit * unit, enough, family)


COURSES = {
    "exponential": lambda u: np.exp(-u / 0.3),
    "power": lambda u: (1 + u / 0.02) ** -0.5,
    "line": lambda u: -u,
    "rises": lambda u: u,
    "late": lambda u: 1 / (1 + np.exp((u - 0.6) / 0.1)),
}


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("n", [5, 7, 9, 12, 16, 30, 61, 150])
def test_every_figure_by_hand(n: int, course: str) -> None:
    rng = np.random.default_rng(n)
    for sigma, phi in ((0.003, 0.0), (0.05, 0.8)):
        at = np.cumsum(rng.uniform(0.5, 1.5, n))
        y = 2 + 3 * COURSES[course]((at - at[0]) / (at[-1] - at[0])) + 3 * sigma * ar1(rng, n, phi)
        floor = rng.choice([-np.inf, float(y.min()), float(y[-1]) - 0.2])
        found, expected = extrapolate(at, y, floor), by_hand(at, y, floor)
        assert (found.enough, found.family) == (expected.enough, expected.family)
        for figure in ("gain", "low", "high", "limit"):
            assert getattr(found, figure) == pytest.approx(getattr(expected, figure), rel=1e-6, abs=1e-9)
    assert extrapolate(at, y, horizon=5.0).gain == pytest.approx(by_hand(at, y, horizon=5.0).gain, rel=1e-6, abs=1e-9)


def test_a_smooth_curve_is_as_sure_as_rounding_and_a_constant_one_has_all_it_needs() -> None:
    u = clock(40)
    assert extrapolate(u, np.exp(-u / 0.3)).gain == pytest.approx(by_hand(u, np.exp(-u / 0.3)).gain, rel=1e-6)
    assert extrapolate(u, np.full(40, 0.4)) == Extrapolation(0.0, 0.0, 0.0, 0.0, 1.0, "exponential")


def test_five_points_are_enough() -> None:
    assert extrapolate(clock(5), np.array([5.0, 3, 2, 1.5, 1.3])).gain > 0
