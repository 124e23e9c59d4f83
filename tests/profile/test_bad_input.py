"""What is ragged, of objects, missing, alone or not there."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn
from jsonschema import Draft202012Validator

from tracker_diag import profile_data
from tracker_diag.profile import read_profile
from tracker_diag.profile.schema import schema

VALID = Draft202012Validator(schema())
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = np.arange(120) % 3


def sound(*args):
    made = json.loads(json.dumps(profile_data(*args), allow_nan=False))
    VALID.validate(made)
    assert read_profile(made).notes == ()
    return made


def objects(*values):
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


@pytest.mark.parametrize(
    "ragged",
    [
        [[1, 2], [3]],
        objects([1, 2], [3]),
        objects(np.zeros(2), np.zeros(3)),
        [np.zeros((4, 4)), np.zeros((5, 4))],
        ["a text", ["a list"]],
    ],
)
def test_ragged_rows_are_refused_in_one_line(ragged):
    with pytest.raises(ValueError, match="rows of equal length") as error:
        profile_data(ragged)
    assert "\n" not in str(error.value)


def test_numbers_held_as_objects_are_numbers():
    wanted = profile_data(X, Y, feature_names=["a", "b", "c"])
    assert profile_data(X.astype(object), Y, feature_names=["a", "b", "c"]) == wanted
    assert profile_data(X, Y.astype(object))["target"]["kind"] == "classification"


def test_labels_that_are_missing_are_counted_and_left_out():
    y = Y.astype(float)
    y[:20] = np.nan
    made = sound(X, y, X[:60], y[:60])
    assert made["target"]["non_finite"] == 20
    assert made["target"]["n_classes"] == 3
    assert made["train"]["relation"]["rows"] == 100


def test_all_labels_missing():
    for kind in (float, object):
        made = sound(X, np.full(120, np.nan).astype(kind), X, np.full(120, np.nan))
        assert "relation" not in made["train"]


def test_a_single_class():
    made = sound(X, np.zeros(120, int), X[:60], np.zeros(60, int))
    assert made["target"]["n_classes"] == 1
    assert "relation" not in made["train"]
    assert "across" not in made


@pytest.mark.parametrize("y", [None, [], np.empty((0, 3))])
def test_no_example(y):
    made = sound(np.empty((0, 3)), y, np.empty((0, 3)), y)
    assert made["train"]["rows"] == 0
    assert sound(X, Y, np.empty((0, 3)), y)["validation"]["rows"] == 0
    assert sound(np.empty((0, 8, 8)), y)["kind"] == "image"


@pytest.mark.parametrize("one", [X[:1], np.ones((1, 8, 8)), ["a"], np.array([[np.inf]])])
def test_one_example(one):
    made = sound(one, [1], one, [1])
    assert made["overlap"]["rows"] == 1


def test_labels_outside_the_classes_are_counted_and_agree_with_nobody():
    made = sound(X, Y, RNG.normal(size=(60, 3)), np.full(60, 9) + np.arange(60) % 2)
    assert made["target"]["unseen"] == 60
    assert made["across"]["agreement"] == 0


def test_targets_of_another_kind_on_the_other_side():
    for y_val in (np.array(["a", "b"] * 30), np.eye(3)[Y[:60]], RNG.normal(size=60), np.ones((60, 2)) * np.nan):
        sound(X, Y, RNG.normal(size=(60, 3)), y_val)
        sound(X, RNG.normal(size=120), RNG.normal(size=(60, 3)), y_val)


def test_columns_of_another_kind_on_the_other_side():
    words = np.array([["u", "v", "w"]] * 60)
    made = sound(X, Y, words, Y[:60])
    assert made["train"]["features"][0].get("ks") is None
    sound(words, Y[:60], X, Y)


def test_values_further_apart_than_the_largest_double_have_quantiles():
    values = np.full((57, 1), -8e307)
    values[0] = 1e308
    assert sound(values)["train"]["features"][0]["quantiles"][0] == -8e307


VALUES = st.floats(width=64) | st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324])


@settings(deadline=None, max_examples=40)
@given(drawn.arrays(float, st.tuples(st.integers(50, 70), st.integers(1, 4)), elements=VALUES), st.integers(2, 4))
def test_whatever_the_numbers_a_relation_is_strict_json(values, classes):
    y = np.arange(len(values)) % classes
    sound(values, y, values[::-1], y)
    sound(values, values[:, 0], values[::-1], values[::-1, 0])


@settings(deadline=None, max_examples=25)
@given(drawn.arrays(float, st.tuples(st.integers(50, 60), st.integers(1, 9), st.integers(1, 9)), elements=VALUES))
def test_whatever_the_pixels_an_image_is_strict_json(values):
    sound(values, np.arange(len(values)) % 2, values[::-1], np.arange(len(values)) % 2)
