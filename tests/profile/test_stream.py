"""Batches, and arrays that are larger than what is read: exact where it is said, sampled elsewhere."""

from __future__ import annotations

import json
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from scipy import sparse

from tracker_diag import profile_data
from tracker_diag.profile.schema import schema
from tracker_diag.profile.stream import gathered

RNG = np.random.default_rng(0)
X = RNG.normal([3.0, -1.0, 100.0], [1.0, 5.0, 0.1], size=(1000, 3))
Y = (X[:, 0] > 3).astype(int)


def batches(values, y=None, size=64):
    for i in range(0, len(values), size):
        yield values[i : i + size] if y is None else (values[i : i + size], y[i : i + size])


def close(one, other):
    """Equal but for the rounding of sums."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    return one == other or one == pytest.approx(other, rel=1e-9, abs=1e-12)


class Loader:
    """Gone through again and again, without positions: as a data loader is."""

    def __iter__(self):
        return iter([[x, y] for x, y in batches(X, Y)])

    def __len__(self):
        return 16


@pytest.fixture
def little(monkeypatch):
    """At most 200 examples are read."""
    monkeypatch.setattr(import_module("tracker_diag.profile.table"), "MAX_ROWS", 200)


def test_batches_say_the_same_as_the_array():
    wanted = profile_data(X, Y, X[:300], Y[:300])
    assert close(profile_data(batches(X, Y), None, batches(X[:300], Y[:300])), wanted)
    assert close(profile_data(Loader(), None, X[:300], Y[:300]), wanted)
    assert close(profile_data(batches(X)), profile_data(X))


def test_batches_of_images_texts_and_frames():
    pictures = RNG.random((200, 3, 9, 8))
    assert close(profile_data(batches(pictures)), profile_data(pictures))
    texts = [f"word{i} and more" for i in range(100)]
    assert close(profile_data(batches(texts, np.arange(100) % 2)), profile_data(texts, np.arange(100) % 2))
    frame = pd.DataFrame({"a": X[:, 0], "town": ["Bonn", "Kiel"] * 500})
    assert close(profile_data(batches(frame, Y)), profile_data(frame, Y))


@pytest.mark.parametrize(
    "form", [np.asarray, pd.DataFrame, sparse.csr_matrix, sparse.csc_matrix, batches, np.asfortranarray]
)
def test_moments_and_extremes_are_those_of_all_examples(form, little):
    values = X.copy()
    values[17, 1], values[500, 1], values[900, 1], values[3, 2] = np.nan, np.inf, 1e6, -77.0
    made = profile_data(form(values))
    train = made["train"]
    assert (train["rows"], train["rows_scanned"], train["rows_read"]) == (1000, 1000, 200)
    for i, feature in enumerate(train["features"]):
        known = values[np.isfinite(values[:, i]), i]
        assert (feature["mean"], feature["std"]) == pytest.approx((known.mean(), known.std()))
        assert (feature["min"], feature["max"]) == (known.min(), known.max())
    assert train["features"][1]["missing"] == 0.001
    assert train["features"][1]["infinite"] == 1
    assert made["columns"]["non_finite"] == 1


def test_of_a_frame_with_words_the_numbers_are_scanned(little):
    frame = pd.DataFrame(
        {
            "town": ["Bonn", None] * 500,
            "size": pd.array([None, *range(999)], dtype="Int64"),
            "when": pd.date_range("2026-01-01", periods=1000),
        }
    )
    town, size, when = profile_data(frame)["train"]["features"]
    assert town["missing"] == pytest.approx(0.5, abs=0.1)
    assert (size["missing"], size["min"], size["max"]) == (0.001, 0.0, 998.0)
    assert when["max"] - when["min"] > 800 * 86400


def test_numbers_whose_squares_overflow_fall_back_to_the_sample(little):
    made = profile_data(X * 1e200)
    assert made["train"]["features"][0]["std"] == pytest.approx(1e200, rel=0.3)


def test_a_file_mapped_into_memory_and_whole_numbers(tmp_path, little):
    np.save(tmp_path / "x.npy", (100 * X).astype(np.int32))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert profile_data(mapped)["train"]["features"][0]["mean"] == pytest.approx(np.asarray(mapped)[:, 0].mean())


def test_overlap_of_sampled_batches_is_scaled_up(little):
    made = profile_data(batches(X), None, batches(X[:200]))
    assert made["overlap"]["share"] == pytest.approx(1.0, abs=0.25)
    assert made == profile_data(batches(X), None, batches(X[:200]))


def test_every_example_of_a_stream_is_drawn_alike(little):
    values = np.arange(20_000.0).reshape(-1, 1)
    read, _ = gathered(batches(values), "X", None)
    assert read.read.size == 200
    assert np.array_equal(read.values[:, 0], read.read)
    # Deciles of 200 drawn of 20,000: each holds 20, give or take four deviations.
    counts = np.histogram(read.read, bins=10, range=(0, 20_000))[0]
    assert counts.min() >= 4
    assert counts.max() <= 37


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: iter([(X, Y), (X[:, :2], Y)]), "batch 1 of X has examples of 2 values, but the first batch has 3"),
        (lambda: iter([(X, Y), X]), "batch 1 of X has no target"),
        (lambda: iter([(X, Y), (X, np.eye(2)[Y])]), "targets of another shape"),
        (lambda: iter([(X, Y[:-1])]), "999 values for 1000 examples"),
        (lambda: iter([{"x": X}]), "is a mapping"),
        (lambda: iter([(X, Y, Y)]), "has 3 parts"),
    ],
)
def test_batches_that_do_not_fit_are_named_in_one_line(made, said):
    with pytest.raises(ValueError, match=said) as error:
        profile_data(made())
    assert "\n" not in str(error.value)


def test_batches_bring_their_own_targets():
    with pytest.raises(ValueError, match="and no y"):
        profile_data(batches(X), Y)


def test_no_batch_at_all():
    made = profile_data(iter([]))
    assert made["train"]["rows"] == 0
    Draft202012Validator(schema()).validate(json.loads(json.dumps(made, allow_nan=False)))
