"""A surface through outcomes: at what is known, between, left out in turn; noise, categories, order."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from tests.stats.curves import FloatArray
from tracker_diag.stats.surface import FEWEST, Surface, surface
from tracker_diag.stats.too_short import TooShortError

NUMBERS = np.array([False, False])


def grid(n: int = 5) -> FloatArray:
    return np.array(list(itertools.product(np.linspace(0, 1, n), repeat=2)))


def bowl(points: FloatArray) -> FloatArray:
    """Lowest at .5 of the first parameter; the second has no effect."""
    return (points[:, 0] - 0.5) ** 2 * 4


def noisy(sigma: float, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    points = np.concatenate([grid(), grid()])
    return points, bowl(points) + sigma * np.random.default_rng(seed).standard_normal(len(points))


def explained(found: Surface) -> float:
    """Share of the variance of the outcomes that the others foretell of each: 1 all, 0 or below none."""
    apart = found.outcomes - found.outcomes.mean()
    return 1 - float(np.square(found.missed).sum() / np.square(apart).sum())


def test_at_a_known_point_it_gives_what_is_known() -> None:
    points = grid()
    found = surface(points, bowl(points), NUMBERS)
    assert found.at(points) == pytest.approx(bowl(points), abs=0.02)
    assert found.sigma < 0.1
    assert explained(found) > 0.95


def test_between_known_points_it_gives_what_lies_between() -> None:
    points = grid()
    found = surface(points, bowl(points), NUMBERS)
    for x, low, high in ((0.1, 0.25, 1.0), (0.4, 0.0, 0.25), (0.6, 0.0, 0.25)):
        assert low - 0.05 < found.at(np.array([[x, 0.6]]))[0] < high + 0.05
    assert found.at(np.array([[0.45, 0.5]]))[0] < found.at(np.array([[0.3, 0.5]]))[0]


def test_a_parameter_without_effect_is_long() -> None:
    points, y = noisy(0.05)
    found = surface(points, y, NUMBERS)
    assert found.lengths[1] > 2 * found.lengths[0]


@pytest.mark.parametrize("sigma", [0.05, 0.3])
def test_noise_is_what_repeats_differ_by(sigma: float) -> None:
    points, y = noisy(sigma)
    assert surface(points, y, NUMBERS).sigma == pytest.approx(sigma, rel=0.5)


def test_it_explains_little_of_noise() -> None:
    points, y = grid(), np.random.default_rng(3).standard_normal(25)
    assert explained(surface(points, y, NUMBERS)) < 0.3


def test_what_is_left_out_in_turn_is_foretold_as_by_a_surface_without_it() -> None:
    points, y = noisy(0.1)
    found = surface(points, y, NUMBERS)
    missed = []
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        near = np.exp(-(np.abs(found.points[:, None] - found.points[None]) @ (1 / found.lengths)))
        known = near[np.ix_(rest, rest)] + found.noise * np.eye(len(y) - 1)
        expected = found.level + near[i, rest] @ np.linalg.solve(known, found.outcomes[rest] - found.level)
        missed.append(found.outcomes[i] - expected)
    assert found.missed == pytest.approx(missed, rel=1e-6)


def test_the_deviation_grows_away_from_what_is_known() -> None:
    points = grid()[grid()[:, 0] <= 0.5]
    found = surface(points, bowl(points), NUMBERS)
    near, far = found.deviation(np.array([0.25, 0.5])), found.deviation(np.array([1.0, 0.5]))
    assert 0 < near < far
    assert near >= found.sigma


def test_its_intervals_hold_what_comes_out() -> None:
    """Ninety per cent of new outcomes lie within 1.645 deviations, give or take."""
    rng = np.random.default_rng(5)
    held = []
    for seed in range(20):
        points, y = noisy(0.2, seed)
        found = surface(points, y, NUMBERS)
        new = rng.uniform(size=(20, 2))
        outcomes = bowl(new) + 0.2 * rng.standard_normal(20)
        width = [1.645 * found.deviation(p) for p in new]
        held.append(np.mean(np.abs(outcomes - found.at(new)) < width))
    assert 0.82 < np.mean(held) < 0.98


def test_categories_have_no_order() -> None:
    code = np.repeat(np.arange(3.0), 4)[:, None]
    y = np.array([0.0, 5.0, 0.1])[code[:, 0].astype(int)] + 0.01 * np.tile([-1, 1], 6)
    found = surface(code, y, np.array([True]))
    swapped = surface(np.array([2.0, 0.0, 1.0])[code[:, 0].astype(int)][:, None], y, np.array([True]))
    assert found.at(np.array([[0.0], [1.0], [2.0]])) == pytest.approx([0, 5, 0.1], abs=0.2)
    assert swapped.at(np.array([[2.0], [0.0], [1.0]])) == pytest.approx(found.at(np.array([[0.0], [1.0], [2.0]])))


def same(one: Surface, other: Surface) -> None:
    new = np.random.default_rng(1).uniform(size=(5, 2))
    assert one.at(new) == pytest.approx(other.at(new), rel=1e-9)
    assert one.missed == pytest.approx(other.missed)
    assert one.sigma == pytest.approx(other.sigma)


@settings(max_examples=15)
@given(st.integers(0, 1000), st.integers(4, 20))
def test_the_order_of_the_points_does_not_matter(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    points, y = rng.integers(0, 4, (n, 2)) / 3, rng.standard_normal(n)
    order = rng.permutation(n)
    same(surface(points, y, NUMBERS), surface(points[order], y[order], NUMBERS))


@pytest.mark.parametrize("factor", [1e-6, 1e3])
def test_the_unit_of_the_outcomes_does_not_matter(factor: float) -> None:
    points, y = noisy(0.1)
    one, other = surface(points, y, NUMBERS), surface(points, factor * y, NUMBERS)
    assert other.at(points) == pytest.approx(factor * one.at(points))
    assert other.sigma == pytest.approx(factor * one.sigma)
    assert other.lengths.tolist() == one.lengths.tolist()


@pytest.mark.parametrize("n", range(FEWEST))
def test_too_few_outcomes_are_an_error(n: int) -> None:
    with pytest.raises(TooShortError):
        surface(np.zeros((n, 2)), np.zeros(n), NUMBERS)


@pytest.mark.parametrize("y", [np.zeros(9), np.full(9, 7.5), np.r_[np.zeros(8), 1e12]], ids=["nothing", "one", "far"])
def test_outcomes_that_are_all_the_same_or_far_apart_give_finite_numbers(y: FloatArray) -> None:
    found = surface(grid(3), y, NUMBERS)
    assert np.isfinite(found.at(grid(4))).all()
    assert math.isfinite(found.deviation(np.array([0.3, 0.3])))
    assert np.isfinite(found.missed).all()


def test_points_at_one_setting_are_noise_alone() -> None:
    y = np.random.default_rng(2).standard_normal(12)
    found = surface(np.zeros((12, 2)), y, NUMBERS)
    assert found.at(np.zeros((1, 2)))[0] == pytest.approx(y.mean(), abs=0.3)
    assert explained(found) < 0.1


def test_without_parameters_the_level_is_all_there_is() -> None:
    y = np.arange(6.0)
    assert surface(np.empty((6, 0)), y, np.empty(0, dtype=bool)).at(np.empty((1, 0)))[0] == pytest.approx(2.5)


def by_hand(points: FloatArray, y: FloatArray, category: FloatArray) -> tuple[list[float], float]:
    """Lengths and noise, by the coordinate search that the docstring tells."""
    y = y - y.mean()

    def density(lengths: list[float], noise: float) -> float:
        far = sum(
            ((points[:, None, j] != points[None, :, j]) if category[j] else np.abs(points[:, None, j] - points[:, j]))
            / lengths[j]
            for j in range(len(lengths))
        )
        k = np.exp(-far) + noise * np.eye(y.size)
        variance = y @ np.linalg.solve(k, y) / y.size
        value = multivariate_normal(np.zeros(y.size), variance * k).logpdf(y)
        return float(value + norm.logpdf(np.log(lengths)).sum())

    lengths, noise = [1.0] * points.shape[1], 0.03
    best = density(lengths, noise)
    for _ in range(3):
        before = best
        for j in range(len(lengths)):
            for length in (0.15, 0.4, 1.0, 2.5, 8.0):
                other = [length if i == j else old for i, old in enumerate(lengths)]
                if (found := density(other, noise)) > best + 1e-9:
                    best, lengths = found, other
        for share in (0.003, 0.01, 0.03, 0.1, 0.3, 0.8):
            if (found := density(lengths, share)) > best + 1e-9:
                best, noise = found, share
        if best - before < 0.01:
            break
    return lengths, noise


@pytest.mark.parametrize("seed", range(12))
def test_lengths_and_noise_are_those_of_greatest_density(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(8, 25)), int(rng.integers(1, 4))
    points, category = np.round(rng.uniform(size=(n, p)), 1), rng.uniform(size=p) < 0.3
    points[:, category] = np.round(2 * points[:, category])
    steep = rng.choice([0.0, 0.5, 3.0, 20.0], size=p)
    y = np.sin(points * steep).sum(axis=1) + rng.choice([0.01, 0.1, 0.5]) * rng.standard_normal(n)
    found = surface(points, y, category)
    lengths, noise = by_hand(points, y, category)
    assert (found.lengths.tolist(), found.noise) == (lengths, noise)
    assert found.level == pytest.approx(y.mean())
    # All else follows in closed form (Rasmussen and Williams, 2.25 and 2.26), the variance of greatest likelihood too.
    new = np.concatenate((points[:2], rng.uniform(size=(3, p))))
    new[:, category] = np.round(2 * new[:, category])
    apart = [np.where(category, a != b, np.abs(a - b)) @ (1 / found.lengths) for a in (*points, *new) for b in points]
    k = np.exp(-np.reshape(apart, (n + 5, n)))
    known = k[:n] + noise * np.eye(n)
    variance = (y - y.mean()) @ np.linalg.solve(known, y - y.mean()) / n
    assert found.variance == pytest.approx(variance)
    assert found.sigma == pytest.approx((noise * variance) ** 0.5)
    assert found.at(new) == pytest.approx(y.mean() + k[n:] @ np.linalg.solve(known, y - y.mean()))
    for place, near in zip(new, k[n:], strict=True):
        left = 1 + noise - near @ np.linalg.solve(known, near)
        assert found.deviation(place) == pytest.approx((left * variance) ** 0.5)
    alone = (variance / np.diag(np.linalg.inv(known))) ** 0.5
    assert np.sort(found.missed_by) == pytest.approx(np.sort(alone))


def test_four_outcomes_are_enough() -> None:
    assert surface(np.zeros((4, 1)), np.arange(4.0), np.array([False])).level == 1.5
    with pytest.raises(TooShortError, match="a surface needs 4 points, got 3"):
        surface(np.zeros((3, 1)), np.arange(3.0), np.array([False]))


def test_points_are_ordered_by_the_first_parameter_then_by_the_next() -> None:
    """The answer must not depend on the order to the last digit."""
    points = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    found = surface(points, np.array([5.0, 3.0, 2.0, 1.0, 4.0]), NUMBERS)
    assert found.points.tolist() == sorted(points.tolist())
    assert found.outcomes.tolist() == [1.0, 2.0, 3.0, 5.0, 4.0]
