"""Facts of texts, and that none of them leaves."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tracker_diag import profile_data

WORDS = ["zebra", "quagga", "okapi", "gnu", "tapir"]
RNG = np.random.default_rng(0)
TEXTS = [" ".join(RNG.choice(WORDS, size=5 + i % 11)) + f" nr{i}" for i in range(300)]
LABELS = ["spam" if i % 3 else "ham" for i in range(300)]


@pytest.mark.parametrize(
    "form",
    [list, tuple, np.array, pd.Series, lambda t: pd.Series(t, dtype="string")],
)
def test_a_column_of_texts_in_any_form(form):
    made = profile_data(form(TEXTS), LABELS, form(TEXTS[:30] + ["new here"] * 10), LABELS[:40])
    assert made["kind"] == "text"
    seen = made["train"]["texts"]
    assert seen["read"] == 300
    assert seen["characters"][3] == np.median([len(t) for t in TEXTS])
    assert seen["words"][3] == np.median([len(t.split()) for t in TEXTS])
    assert seen["distinct_words"] == 305
    assert (seen["empty"], seen["duplicates"]) == (0, 0)
    assert made["overlap"] == {"rows": 30, "share": 0.75}
    assert made["validation"]["texts"]["duplicates"] == pytest.approx(9 / 40)
    assert made["target"]["class_counts"] == {"ham": 100, "spam": 200}
    assert "shift" not in made


def test_no_word_of_a_text_is_in_the_profile():
    said = json.dumps(profile_data(TEXTS, LABELS, TEXTS[:50], LABELS[:50]))
    assert "spam" in said
    assert not [w for w in {w for t in TEXTS for w in t.split()} if w in said]


def test_nor_of_a_column_among_others():
    frame = pd.DataFrame({"body": TEXTS, "size": np.arange(300.0)})
    said = json.dumps(profile_data(frame, LABELS, frame[:100], LABELS[:100]))
    assert '"body"' in said
    assert not [w for w in WORDS if w in said]


def test_missing_and_blank_texts_are_empty():
    seen = profile_data(["one two", "", "  ", None, "one two"])["train"]["texts"]
    assert seen["empty"] == pytest.approx(0.6)
    assert seen["distinct_words"] == 2
    assert seen["duplicates"] == pytest.approx(0.4)


def test_a_categorical_column_is_no_text():
    assert profile_data(pd.Series(["a", "b"] * 30, dtype="category"))["kind"] == "table"


def test_a_long_text_costs_no_other_its_length():
    # As an array of texts of equal width, these would be 400 GB.
    seen = profile_data(["x " * 500_000] + ["y"] * 99_999)["train"]["texts"]
    assert seen["characters"][-1] == 1.0
