"""What happened where steps go back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.logs import cut, falling, noisy, stretch
from tracker_diag.timeline.seams import Levels, Seam, is_correction, judge, levels

NAN, INF = math.nan, math.inf


def seam(start: float, end: float, earlier: float, again: float, error: float = 0.01) -> Seam:
    return judge([Levels(start, end, earlier, again, error)])


@pytest.mark.parametrize(
    ("start", "end", "earlier", "again", "expected"),
    [
        (2.0, 0.5, NAN, 0.52, Seam.ON),
        (2.0, 0.5, NAN, 1.97, Seam.NEW),
        (2.0, 0.5, NAN, 1.25, Seam.OPEN),
        (2.0, 0.5, NAN, 0.1, Seam.OPEN),
        (2.0, 0.5, 1.0, 1.01, Seam.BACK),
        (2.0, 0.5, 1.0, 0.5, Seam.ON),
        (2.0, 0.5, 1.0, 2.0, Seam.NEW),
        (2.0, 2.0, NAN, 2.0, Seam.OPEN),
        (2.0, INF, NAN, 2.0, Seam.NEW),
    ],
)
def test_the_nearest_level_says_what_happened(
    start: float, end: float, earlier: float, again: float, expected: Seam
) -> None:
    if (end, again) == (0.5, 0.1):
        # Beyond where it stood, and four times as far from the start: it went on.
        expected = Seam.ON
    assert seam(start, end, earlier, again) is expected


def test_what_agrees_within_the_noise_is_open() -> None:
    assert seam(1.0, 0.9, NAN, 0.9, error=0.5) is Seam.OPEN
    assert seam(1.0, 0.9, NAN, 0.9, error=0.01) is Seam.ON


def test_nothing_to_compare_is_open() -> None:
    assert judge([]) is Seam.OPEN


def test_what_one_metric_leaves_open_another_may_say() -> None:
    stands = Levels(2.3, 2.3, NAN, 2.3, 0.01)
    falls = Levels(2.0, 0.5, NAN, 0.5, 0.01)
    assert judge([stands]) is Seam.OPEN
    assert judge([stands, falls]) is Seam.ON


def test_levels_are_medians_of_as_many_values_at_both_starts() -> None:
    loud = noisy(falling(25), 0, 0.2)
    first, following = cut(np.append(loud, loud), 25, 25)
    found = levels(first, first, following, False)
    assert found is not None
    assert found.start == found.again == np.median(loud[:5])
    assert found.end == np.median(loud[-5:])
    assert math.isnan(found.earlier)


def test_where_noise_is_small_the_first_values_are_compared() -> None:
    first, following = cut(np.append(falling(25), falling(25, efolds=20)), 25, 25)
    found = levels(first, first, following, False)
    assert found is not None
    assert found.start == found.again == falling(25)[0]


def test_where_the_curve_stood_at_the_steps_that_come_again() -> None:
    going = stretch(range(20), falling(20))
    found = levels(going, going, stretch(range(10, 30), np.full(20, 0.3), 20), True)
    assert found is not None
    assert found.earlier == falling(20)[10]


@pytest.mark.parametrize("side", ["before", "behind"])
def test_a_side_that_is_no_number_says_nothing(side: str) -> None:
    sides = [falling(20), falling(20)]
    sides[side == "behind"] = np.full(20, NAN)
    first, following = cut(np.concatenate(sides), 20, 20)
    assert levels(first, first, following, False) is None


def test_a_loss_that_ran_away_is_far_from_where_another_training_begins() -> None:
    fallen = falling(20)
    fallen[15:] = NAN
    first, following = cut(np.append(fallen, falling(20)), 20, 20)
    found = levels(first, first, following, False)
    assert found is not None
    assert judge([found]) is Seam.NEW


@pytest.mark.parametrize(
    ("n", "after", "expected"),
    [(40, 38, True), (40, 37, False), (100, 95, True), (100, 94, False), (2, 0, False), (40, 40, False), (3, 1, True)],
    ids=["two of 40", "three of 40", "five of 100", "six of 100", "to the first", "no step again", "two of three"],
)
def test_little_that_is_logged_anew_needs_no_reason(n: int, after: int, expected: bool) -> None:
    assert is_correction(stretch(range(n), range(n)), stretch([after], [0.0])) is expected


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1e3, 1e6]), st.sampled_from(["on", "new"]))
def test_the_unit_of_a_loss_says_nothing(seed: int, scale: float, kind: str) -> None:
    whole = falling(50) if kind == "on" else np.tile(falling(25), 2)
    first, following = cut(noisy(whole, seed, 0.1), 25, 25)
    scaled, then = cut(noisy(whole, seed, 0.1) * scale, 25, 25)
    found, again = levels(first, first, following, False), levels(scaled, scaled, then, False)
    assert found is not None
    assert again is not None
    assert again.on == pytest.approx(found.on, rel=1e-6)


@pytest.mark.parametrize("n", [25, 10])
def test_the_error_is_that_of_a_median_of_noise(n: int) -> None:
    noise = [noisy(np.zeros(2 * n), seed, 0.05) for seed in range(400)]
    found = [levels(first, first, following, False) for first, following in (cut(x, n, n) for x in noise)]
    medians = np.std([x.again for x in found if x is not None])
    # The noisier of two sides is taken, and of two values the median is the mean: a little more.
    assert 1 < np.median([x.error for x in found if x is not None]) / medians < 1.8


def test_values_whose_distances_are_beyond_any_float_are_as_good_as_infinite() -> None:
    first, following = cut(np.append(falling(9), [9e307, 0, 9e307]), 9, 3)
    assert levels(first, first, following, False) is None


@given(st.lists(st.floats(), min_size=1, max_size=12), st.lists(st.floats(), min_size=1, max_size=12))
def test_any_values_are_judged(before: list[float], after: list[float]) -> None:
    first, following = cut(np.array(before + after), len(before), len(after))
    found = levels(first, first, following, False)
    assert judge([] if found is None else [found]) in Seam
