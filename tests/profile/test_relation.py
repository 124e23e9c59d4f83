"""Whether targets depend on inputs: known noise, known independence, and sides that do not go together."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits

from tracker_diag import profile_data

DIGITS = load_digits()
ORDER = np.random.default_rng(0).permutation(len(DIGITS.target))
X, Y = DIGITS.data[ORDER], DIGITS.target[ORDER]


def blobs(seed, noise, classes=5, n=1500):
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n)
    values = (1.5 * rng.normal(size=(classes, 20)))[y] + rng.normal(size=(n, 20))
    return values, wrong(y, noise, classes, rng)


def wrong(y, noise, classes, rng):
    flipped = rng.random(y.size) < noise
    return np.where(flipped, (y + rng.integers(1, classes, size=y.size)) % classes, y)


def relation(*args):
    return profile_data(*args)["train"]["relation"]


def test_digits_are_told_by_their_neighbours():
    made = relation(X, Y)
    assert made["agreement"] > 0.95
    assert made["chance"] == pytest.approx(0.1, abs=0.02)
    assert (made["rows"], made["neighbours"], made["p"]) == (1797, 10, 0.005)
    assert made["noise"] < 0.01
    assert made["strong_disagreements"] < 18


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("of", ["digits", "blobs"])
def test_the_share_of_wrong_labels_is_found(noise, of):
    rng = np.random.default_rng(1)
    made = relation(X, wrong(Y, noise, 10, rng)) if of == "digits" else relation(*blobs(1, noise))
    assert made["noise"] == pytest.approx(noise, abs=0.05)


def test_wrong_labels_are_counted_where_their_neighbours_agree():
    y = Y.copy()
    y[:40] = (y[:40] + 1) % 10
    assert 25 <= relation(X, y)["strong_disagreements"] <= 45


@pytest.mark.parametrize("kind", ["even", "rare", "numbers"])
def test_independent_targets_are_rarely_called_related(kind):
    small = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(120, 3))
        y = {
            "even": rng.integers(2, size=120),
            "rare": (rng.random(120) < 0.15).astype(int),
            "numbers": rng.standard_t(3, size=120),
        }[kind]
        made = profile_data(values[:60], y[:60], values[60:], y[60:])
        small += [made["train"]["relation"]["p"] < 0.05, made["across"]["p"] < 0.05]
    # Of 120 at 5 %, 14 or more happen once in 361 times.
    assert sum(small) < 14


def test_a_rare_class_is_related_though_the_majority_never_votes_for_it():
    rng = np.random.default_rng(0)
    y = (rng.random(1500) < 0.06).astype(int)
    values = rng.normal(size=(1500, 4)) + y[:, None]
    made = relation(values, y)
    assert made["agreement"] == pytest.approx(made["chance"], abs=0.02)
    assert made["p"] == 0.005


def test_regression_explains_and_shuffled_targets_do_not():
    data = load_diabetes()
    made = relation(data.data, data.target)
    assert made["agreement"] > 0.3
    assert made["p"] == 0.005
    assert "noise" not in made
    shuffled = relation(data.data, np.random.default_rng(0).permutation(data.target))
    assert shuffled["p"] > 0.05
    assert shuffled["agreement"] == pytest.approx(shuffled["chance"], abs=0.1)


def test_one_hot_says_the_same_as_numbers_and_names():
    wanted = relation(X, Y)
    assert relation(X, np.eye(10)[Y]) == wanted
    assert relation(X, np.array([f"class {v}" for v in Y])) == wanted


def test_several_labels_an_example():
    y = np.column_stack([Y % 2, Y < 5, Y % 3 == 0]).astype(int)
    made = profile_data(X[:1000], y[:1000], X[1000:], y[1000:])
    assert made["target"]["kind"] == "multilabel"
    assert made["train"]["relation"]["agreement"] > 0.9
    assert made["across"]["agreement"] > 0.9
    assert "noise" not in made["train"]["relation"]


def test_copies_do_not_answer_for_each_other():
    rng = np.random.default_rng(0)
    values, y = rng.normal(size=(300, 5)), rng.integers(2, size=300)
    made = profile_data(np.repeat(values, 4, axis=0), np.repeat(y, 4), np.vstack([values, rng.normal(size=(60, 5))]),
                        np.concatenate([y, rng.integers(2, size=60)]))  # fmt: skip
    assert made["train"]["relation"]["rows"] == 300
    assert made["train"]["relation"]["p"] > 0.05
    assert made["across"]["rows"] == 60


@pytest.mark.parametrize("unit", [1e-6, 1e9])
def test_units_and_constant_columns_change_nothing(unit):
    values, y = blobs(0, 0.1)
    changed = values * np.where(np.arange(20) % 2, 1.0, unit)
    changed = np.column_stack([changed, np.full(1500, 7.0)])
    assert relation(changed, y)["agreement"] == pytest.approx(relation(values, y)["agreement"], abs=0.003)


def test_words_of_a_frame_are_compared_by_equality():
    import pandas as pd

    rng = np.random.default_rng(0)
    towns = rng.choice(["Bonn", "Kiel", "Ulm"], size=600)
    frame = pd.DataFrame({"town": towns, "size": rng.normal(size=600)})
    made = relation(frame, (towns == "Kiel").astype(int))
    assert made["agreement"] > 0.97
    assert made["p"] == 0.005


def test_missing_inputs_and_targets_cost_themselves_alone():
    values, y = X.copy(), Y.astype(float)
    values[::7, 10], y[:100] = np.nan, np.nan
    made = relation(values, y)
    assert made["rows"] == 1697
    assert made["agreement"] > 0.9


@pytest.mark.parametrize(
    ("values", "y"),
    [
        (X[:40], Y[:40]),
        (X, np.zeros(len(Y), int)),
        (np.ones((200, 3)), np.arange(200) % 2),
        (X, np.full(len(Y), np.nan)),
        ([f"text {i}" for i in range(100)], np.arange(100) % 2),
    ],
)
def test_too_few_or_nothing_that_varies_gives_no_relation(values, y):
    assert "relation" not in profile_data(values, y)["train"]


# -- across the sides --------------------------------------------------------------------------------------------------


def sides(change=lambda v: v, number=lambda y: y):
    return profile_data(X[:1200], Y[:1200], change(X[1200:]), number(Y[1200:]))


def test_sides_that_go_together_agree_across():
    made = sides()
    assert made["across"]["agreement"] > 0.93
    assert made["across"]["chance"] == pytest.approx(0.1, abs=0.02)
    assert (made["across"]["rows"], made["across"]["p"]) == (597, 0.005)


def test_classes_numbered_otherwise_agree_on_each_side_alone():
    made = sides(number=lambda y: (y + 1) % 10)
    assert made["validation"]["relation"]["agreement"] > 0.93
    assert made["across"]["agreement"] < 0.05
    assert made["across"]["p"] > 0.9


def test_another_preprocessing_agrees_on_each_side_alone():
    made = sides(change=lambda v: v / 16)
    assert made["validation"]["relation"]["agreement"] > 0.93
    assert made["across"]["agreement"] < 0.3


def test_one_side_one_hot_is_the_same_as_neither():
    assert sides(number=lambda y: np.eye(10)[y])["across"] == sides()["across"]


def test_a_regression_that_only_one_side_follows():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(900, 3))
    y = values[:, 0] + 0.3 * rng.normal(size=900)
    assert profile_data(values[:600], y[:600], values[600:], y[600:])["across"]["agreement"] > 0.6
    made = profile_data(values[:600], y[:600], values[600:], -y[600:])
    assert made["validation"]["relation"]["agreement"] > 0.4
    assert made["across"]["agreement"] < 0
    assert made["across"]["p"] > 0.9
