"""Which empty cells are gaps, and which are NaN: in frames, where pandas writes both as NaN."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag import diagnose
from tracker_diag.reading.in_memory import one_run

NAN = math.nan
BROKEN = Path(__file__).parents[1] / "data" / "reading" / "lightning-broken" / "version_0" / "metrics.csv"


def read(columns: dict[str, list[float]]) -> dict[str, str]:
    """Of each metric: a letter a row, ``.`` for a gap, ``n`` for NaN, ``x`` for a number."""
    run = one_run(pd.DataFrame(columns))
    rows = len(next(iter(columns.values())))
    found = {}
    for name, series in run.metrics.items():
        letters = ["."] * rows
        for step, value in zip(series.steps, series.values, strict=True):
            letters[int(step)] = "n" if math.isnan(value) else "x"
        found[name] = "".join(letters)
    return found


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        # Train and validation in rows of their own.
        ({"a": "x.x.x.", "b": ".x.x.x"}, {"a": "x.x.x.", "b": ".x.x.x"}),
        # A validation every third row, and none in the last ones.
        ({"a": "xxxxxxxx", "b": "..x..x.."}, {"a": "xxxxxxxx", "b": "..x..x.."}),
        # Everything turns NaN.
        ({"a": "xxx...", "b": "xxx..."}, {"a": "xxxnnn", "b": "xxxnnn"}),
        # The loss alone does; the accuracy goes on.
        ({"a": "xxx...", "b": "xxxxxx"}, {"a": "xxxnnn", "b": "xxxxxx"}),
        # It was NaN from the first row on.
        ({"a": "......", "b": "xxxxxx"}, {"a": "nnnnnn", "b": "xxxxxx"}),
        ({"a": "......"}, {"a": "nnnnnn"}),
        # One that was never logged, beside one of the same measure that was; and both lost from the beginning.
        ({"loss": "xxxx", "val_loss": "...."}, {"loss": "xxxx"}),
        ({"loss": "....", "val/loss": "....", "acc": "xxxx"}, {"loss": "nnnn", "val/loss": "nnnn", "acc": "xxxx"}),
        ({"loss": "xx..", "val_loss": "...."}, {"loss": "xxnn"}),
        # Rows of their own turn NaN in turn; both were due when they did.
        ({"a": "x.x.....", "b": ".x.x...."}, {"a": "x.x.n.n.", "b": ".x.x.n.n"}),
        ({"a": "xx.xx.......", "b": "..x..x......"}, {"a": "xx.xx.nn.nn.", "b": "..x..x..n..n"}),
        # A validation every third row beside the loss: it was due once.
        ({"a": "xxxxxx....", "b": "..x..x...."}, {"a": "xxxxxxnnnn", "b": "..x..x..n."}),
        # One value that is NaN, in a row of its own.
        ({"a": "xx.xxx"}, {"a": "xxnxxx"}),
        # A metric that begins later, one that misses a row, and one of which only the end is known.
        ({"a": "..xxxx", "b": "xxxxxx"}, {"a": "..xxxx", "b": "xxxxxx"}),
        ({"a": "xx.xxx", "b": "xxxxxx"}, {"a": "xx.xxx", "b": "xxxxxx"}),
        ({"a": "xxxxx.", "b": ".....x"}, {"a": "xxxxx.", "b": ".....x"}),
        # A last row of another kind: the rate is in every row, the validation in that one alone.
        ({"a": "xxxxx.", "rate": "xxxxxx", "b": ".....x"}, {"a": "xxxxx.", "rate": "xxxxxx", "b": ".....x"}),
    ],
)
def test_what_was_logged(columns: dict[str, str], said: dict[str, str]) -> None:
    assert read({name: [0.5 if x == "x" else NAN for x in cells] for name, cells in columns.items()}) == said


def test_a_diverged_run_of_lightning_says_the_same_whoever_reads_its_file() -> None:
    frame = pd.read_csv(BROKEN)
    ours, text = one_run(frame), pd.read_csv(BROKEN, dtype=str, keep_default_na=False)
    for name in ("train_loss", "val_loss"):
        logged = text[text[name] != ""]
        series = ours.metrics[name]
        assert series.steps.tolist() == logged["step"].astype(float).tolist()
        assert np.array_equal(series.values, logged[name].astype(float), equal_nan=True)
    assert diagnose(frame).verdict == "diverged"


def test_a_large_table_is_read_without_comparing_all_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_diag.reading.blanks.MOST_WORK", 1)
    assert read({"a": [0.5, NAN, NAN], "b": [0.5, 0.5, 0.5]}) == {"a": "x..", "b": "xxx"}


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.dictionaries(
            st.sampled_from("abcd"), st.lists(st.sampled_from([0.5, NAN]), min_size=n, max_size=n), min_size=1
        )
    )
)
def test_every_number_is_kept_and_a_healthy_row_invents_nothing(columns: dict[str, list[float]]) -> None:
    said = read(columns)
    for name, cells in columns.items():
        letters = said.get(name, "." * len(cells))
        assert [letter == "x" for letter in letters] == [x == 0.5 for x in cells]
        first = letters.find("x")
        # Before its first number a metric that has one was not logged.
        assert first < 0 or set(letters[:first]) <= {"."}
