"""Facts of images: their size and range on both sides, and those that are nearly equal."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tracker_diag import profile_data

DIGITS = load_digits().images[np.random.default_rng(0).permutation(1797)]
RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((60, 9, 8), (9, 8, 1)), ((60, 9, 8, 3), (9, 8, 3)), ((60, 3, 9, 8), (9, 8, 3)), ((60, 1, 28, 28), (28, 28, 1))],
)
def test_height_width_and_channels(shape, wanted):
    values = RNG.random(shape)
    seen = profile_data(values)["train"]["images"]
    assert (seen["height"], seen["width"], seen["channels"]) == wanted
    assert (seen["low"], seen["high"]) == (values.min(), values.max())
    assert (seen["mean"], seen["std"]) == pytest.approx((values.mean(), values.std()))


def test_all_pixels_of_many_images_enter_the_range():
    values = RNG.random((300, 32, 32))
    values[123, 4, 5] = 9.0
    seen = profile_data(values)["train"]["images"]
    assert seen["high"] == 9.0
    assert (seen["mean"], seen["std"]) == pytest.approx((values.mean(), values.std()))


def test_a_side_that_was_not_divided_is_told_by_its_range_and_shift():
    made = profile_data(DIGITS[:1000] / 16, None, DIGITS[1000:])
    assert made["train"]["images"]["high"] == 1.0
    assert made["validation"]["images"]["high"] == 16.0
    assert made["validation"]["images"]["std"] > 10 * made["train"]["images"]["std"]
    assert (made["shift"]["tested"], made["shift"]["shifted"]) == (1, 1)


def test_the_pixels_of_an_image_are_not_taken_for_independent_examples():
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        pictures = rng.normal(size=(150, 1, 1)) + 0.1 * rng.normal(size=(150, 16, 16))
        found += profile_data(pictures[:100], None, pictures[100:])["shift"]["shifted"] > 0
    # Of 40 at 1 %, four or more happen once in 1,459 times.
    assert found < 4


def test_nearly_equal_images_are_found_across_the_sides():
    copies = DIGITS[:100] + 0.05 * RNG.normal(size=(100, 8, 8))
    made = profile_data(DIGITS[:1000], None, np.concatenate([copies, DIGITS[1000:1300]]))
    assert made["overlap"]["rows"] == 0
    assert made["overlap"]["nearly_equal"] == pytest.approx(0.25, abs=0.01)


def test_different_images_are_not_nearly_equal():
    assert profile_data(DIGITS[:1000], None, DIGITS[1000:])["overlap"]["nearly_equal"] < 0.01


@pytest.mark.parametrize("other", [np.zeros((5, 8, 9)), np.zeros((5, 8, 8)), np.full((5, 8, 8), np.nan)])
def test_sizes_that_differ_and_blank_images(other):
    made = profile_data(DIGITS[:200], None, other)
    assert made["overlap"].get("nearly_equal", 0.0) == 0.0
    assert "nearly_equal" not in profile_data(np.zeros((50, 8, 8)), None, other)["overlap"]
