"""Two forecasts joined, and a surface's forecasts corrected by leaving each outcome out."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import t

from tracker_diag.stats.forecast import FREEDOM, MOST_SHIFTED, Correction, Forecast, chance_below, correction, left_out
from tracker_diag.stats.surface import Surface, surface

means = st.floats(-5, 5)
deviations = st.floats(1e-3, 10)


def laid(skewed: bool = False, n: int = 24) -> Surface:
    rng = np.random.default_rng(3)
    points = rng.uniform(size=(n, 2))
    noise = rng.exponential(0.4, n) if skewed else 0.2 * rng.standard_normal(n)
    return surface(points, 2 * points[:, 0] + noise, np.zeros(2, dtype=bool))


def by_quadrature(bound: float, one: Forecast, other: Forecast) -> float:
    def density(x: float) -> float:
        return float(math.prod(t.pdf(x, FREEDOM, f.mean, f.deviation) for f in (one, other)))

    marks = sorted({f.mean + k * f.deviation for f in (one, other) for k in (-300, -30, -3, 0, 3, 30, 300)} | {bound})
    parts = [(b, quad(density, a, b, limit=200)[0]) for a, b in pairwise(marks)]
    return sum(p for b, p in parts if b <= bound) / sum(p for _, p in parts)


@pytest.mark.parametrize(
    ("bound", "one", "other"),
    [
        (0.3, (0.0, 1.0), (0.5, 1.0)),
        (0.1, (1.0, 0.5), (0.2, 0.01)),
        (0.5, (0.0, 0.01), (2.0, 0.02)),
        (-1.0, (0.0, 3.0), (0.1, 0.2)),
    ],
)
def test_it_is_the_integral(bound: float, one: tuple[float, float], other: tuple[float, float]) -> None:
    a, b = Forecast(*one), Forecast(*other)
    assert chance_below(bound, a, b) == pytest.approx(by_quadrature(bound, a, b), abs=2e-3)


@given(means, means, deviations, means, deviations)
def test_a_chance_whatever_the_order_and_more_for_a_higher_bound(
    bound: float, mean: float, deviation: float, other: float, its: float
) -> None:
    one, two = Forecast(mean, deviation), Forecast(other, its)
    found = chance_below(bound, one, two)
    assert 0 <= found <= 1
    assert chance_below(bound, two, one) == pytest.approx(found, abs=1e-9)
    assert chance_below(bound + 0.5, one, two) >= found - 5e-3


@given(means, means, deviations, means, deviations)
def test_the_unit_does_not_matter(bound: float, mean: float, deviation: float, other: float, its: float) -> None:
    found = chance_below(bound, Forecast(mean, deviation), Forecast(other, its))
    scaled = chance_below(8 * bound, Forecast(8 * mean, 8 * deviation), Forecast(8 * other, 8 * its))
    assert scaled == pytest.approx(found, abs=1e-6)


def test_the_surer_forecast_decides_where_they_agree() -> None:
    assert chance_below(1.0, Forecast(0.9, 1.0), Forecast(1.2, 0.05)) < 0.05


def test_where_they_contradict_each_other_neither_is_believed_blindly() -> None:
    """Normal errors would put all between the two, where neither expects the outcome."""
    one, other = Forecast(0.0, 0.1), Forecast(4.0, 0.1)
    assert 0.4 < chance_below(2.0, one, other) < 0.6
    assert chance_below(2.5, one, other) - chance_below(1.5, one, other) < 0.02


def test_leaving_out_is_foretelling_from_the_others() -> None:
    """As a process through all the others does, with the same lengths, noise and level."""
    found = laid()
    foretold, errors = left_out(found)
    for i in (0, 7, 23):
        rest = np.arange(found.outcomes.size) != i
        apart = np.abs(found.points[:, None] - found.points[None]) @ (1 / found.lengths)
        k = np.exp(-apart)
        inverse = np.linalg.inv(k[np.ix_(rest, rest)] + found.noise * np.eye(rest.sum()))
        mean = found.level + k[i, rest] @ inverse @ (found.outcomes[rest] - found.level)
        variance = (1 + found.noise - k[i, rest] @ inverse @ k[rest, i]) * found.variance
        assert foretold[i] == pytest.approx(mean)
        assert errors[i] == pytest.approx(math.sqrt(variance))


@pytest.mark.parametrize("skewed", [False, True])
def test_corrected_as_many_are_foretold_up_to_the_bound_as_there_are(skewed: bool) -> None:
    found = laid(skewed)
    bound = float(np.quantile(found.outcomes, 0.25))
    corrected = [correction(found, bound).of(Forecast(m, d)) for m, d in zip(*left_out(found), strict=True)]
    chances = [t.cdf((bound - f.mean) / f.deviation, FREEDOM) for f in corrected]
    assert np.mean(chances) == pytest.approx(np.mean(found.outcomes <= bound), abs=1e-4)


def test_a_surface_that_is_too_sure_is_widened() -> None:
    sure = laid()
    narrow = Surface(**{
        **{name: getattr(sure, name) for name in sure.__slots__},
        "variance": sure.variance / 9,
    })  # fmt: skip
    bound = float(np.median(sure.outcomes))
    assert correction(narrow, bound).scale == pytest.approx(3 * correction(sure, bound).scale)


@pytest.mark.parametrize(("bound", "way"), [(99.0, 1), (-99.0, -1)])
def test_where_all_or_none_lie_below_the_shift_has_an_end(bound: float, way: int) -> None:
    found = correction(laid(), bound)
    assert math.isfinite(found.scale)
    assert abs(found.shift) <= 10
    assert chance_below(bound, found.of(Forecast(1.0, 0.3)), Forecast(1.0, 0.3)) == pytest.approx(
        float(way > 0), abs=0.01
    )


def test_errors_have_three_degrees_of_freedom() -> None:
    """Two equal forecasts: the square of Student's density, whose chance below one deviation is known by quadrature."""
    below = quad(lambda x: t.pdf(x, 3) ** 2, -np.inf, 1)[0] / quad(lambda x: t.pdf(x, 3) ** 2, -np.inf, np.inf)[0]
    assert chance_below(1.0, Forecast(0.0, 1.0), Forecast(0.0, 1.0)) == pytest.approx(below, abs=1e-3)


@pytest.mark.parametrize(
    ("bound", "one", "other"),
    [(0.07, (0.0, 1.0), (0.1, 0.001)), (1.99, (0.0, 0.02), (2.0, 0.05)), (40.0, (0.0, 1.0), (80.0, 1.0))],
)
def test_to_three_digits(bound: float, one: tuple[float, float], other: tuple[float, float]) -> None:
    a, b = Forecast(*one), Forecast(*other)
    assert chance_below(bound, a, b) == pytest.approx(by_quadrature(bound, a, b), abs=5e-4)


def test_forecasts_too_far_apart_for_numbers_leave_the_lower_one() -> None:
    one, other = Forecast(0.0, 1e-100), Forecast(1.0, 1e-100)
    assert [chance_below(bound, one, other) for bound in (-0.1, 0.0, 0.5)] == [0.0, 1.0, 1.0]
    assert [chance_below(bound, other, one) for bound in (-0.1, 0.0, 0.5)] == [0.0, 1.0, 1.0]


def test_corrected_is_shifted_down_by_so_many_widened_deviations() -> None:
    assert Correction(2.0, 0.5).of(Forecast(1.0, 0.1)) == Forecast(pytest.approx(0.9), pytest.approx(0.2))


def test_the_scale_is_the_root_mean_square_of_what_was_missed_in_deviations() -> None:
    found = laid()
    means, errors = left_out(found)
    expected = np.linalg.norm((found.outcomes - means) / errors) / found.outcomes.size**0.5
    assert correction(found, float(np.median(found.outcomes))).scale == pytest.approx(expected)


def test_the_shift_is_the_one_with_which_as_many_are_expected() -> None:
    for quantile in (0.1, 0.5, 0.8):
        found = laid(skewed=True)
        bound = float(np.quantile(found.outcomes, quantile))
        means, errors = left_out(found)
        corrected = correction(found, bound)
        z = (bound - means) / (corrected.scale * errors)
        there = np.mean(found.outcomes <= bound)
        assert t.cdf(z + corrected.shift, 3).mean() == pytest.approx(there, abs=1e-5)
    assert correction(found, 99.0).shift == MOST_SHIFTED == 10
    assert correction(found, -99.0).shift == -MOST_SHIFTED
