"""Frames: which columns are metrics, which are steps, and which cells were logged."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pytest

from tracker_diag.core.run import InvalidRunError, Run
from tracker_diag.reading.in_memory import SeveralRunsError, one_run, several_runs

NAN = math.nan
LOSS = [0.9, 0.7, 0.5]


def points(run: Run, name: str = "loss") -> list[tuple[float, float]]:
    series = run.metrics[name]
    return list(zip(series.steps.tolist(), series.values.tolist(), strict=True))


@pytest.mark.parametrize(
    "name", ["step", "epoch", "Iteration", "_step", "global_step", " Epoch ", "trainer/global_step"]
)
@pytest.mark.parametrize("place", ["column", "index"])
def test_steps_are_found_in_a_column_or_the_index(name: str, place: str) -> None:
    frame = pd.DataFrame({name: [1, 2, 5], "loss": LOSS})
    run = one_run(frame if place == "column" else frame.set_index(name))
    assert points(run) == [(1, 0.9), (2, 0.7), (5, 0.5)]
    assert set(run.metrics) == {"loss"}


@pytest.mark.parametrize(
    ("index", "steps"),
    [
        (None, [0, 1, 2]),
        ([10, 20, 30], [10, 20, 30]),
        ([1, 1, 2], [0, 1, 2]),
        (pd.date_range("2026-01-01", periods=3), [0, 1, 2]),
        (["a", "b", "c"], [0, 1, 2]),
    ],
)
def test_without_a_name_an_index_of_different_numbers_counts(index: Any, steps: list[int]) -> None:
    assert [step for step, _ in points(one_run(pd.DataFrame({"loss": LOSS}, index=index)))] == steps


def test_where_steps_are_counted_the_epoch_is_a_metric() -> None:
    run = one_run(pd.DataFrame({"epoch": [0, 0, 1], "step": [9, 19, 29], "loss": LOSS}))
    assert [step for step, _ in points(run)] == [9, 19, 29]
    assert points(run, "epoch") == [(9, 0), (19, 0), (29, 1)]


def test_a_long_frame_has_a_row_for_each_value() -> None:
    rows = [("loss", 1, 0.9), ("val_loss", 1, 1.0), ("loss", 2, NAN), ("val_loss", 2, 0.8)]
    run = one_run(pd.DataFrame(rows, columns=["key", "step", "value"]))
    assert points(run, "val_loss") == [(1, 1.0), (2, 0.8)]
    assert points(run, "loss")[0] == (1, 0.9)
    assert math.isnan(points(run, "loss")[1][1])


def test_wide_and_long_say_the_same() -> None:
    wide = pd.DataFrame({"epoch": [1, 2, 3], "loss": LOSS, "val_loss": [1.0, 0.8, 0.6]})
    long = wide.melt("epoch", var_name="metric")
    assert {n: points(one_run(wide), n) for n in ("loss", "val_loss")} == {
        n: points(one_run(long), n) for n in ("loss", "val_loss")
    }


def test_a_column_of_parts_comes_before_the_name() -> None:
    frame = pd.DataFrame({"epoch": [1, 1, 2, 2], "phase": ["train", "val"] * 2, "loss": [0.9, 1.0, 0.7, 0.8]})
    run = one_run(frame)
    assert points(run, "train/loss") == [(1, 0.9), (2, 0.7)]
    assert points(run, "val/loss") == [(1, 1.0), (2, 0.8)]


def test_a_frame_of_several_runs_is_parted() -> None:
    frame = pd.DataFrame({"run_id": ["a", "a", "b"], "epoch": [1, 2, 1], "loss": LOSS})
    assert {run.id: points(run) for run in several_runs(frame)} == {"a": [(1, 0.9), (2, 0.7)], "b": [(1, 0.5)]}
    with pytest.raises(SeveralRunsError, match=r"2 runs \('a', 'b'\): use tracker_diag.diagnose_many"):
        one_run(frame)


def test_without_steps_each_of_several_runs_counts_from_0() -> None:
    frame = pd.DataFrame({"run": ["a", "b", "b"], "loss": LOSS})
    assert points(several_runs(frame)[1]) == [(0, 0.7), (1, 0.5)]


def test_a_clock_gives_the_seconds() -> None:
    frame = pd.DataFrame({"step": [1, 2, 3], "_timestamp": [100.0, 101.5, 103.0], "loss": LOSS})
    seconds = one_run(frame).metrics["loss"].seconds
    assert seconds is not None
    assert seconds.tolist() == [100.0, 101.5, 103.0]


@pytest.mark.parametrize("durations", [[9.0, 8.0, 9.5], [9.0, 9.0, 9.0]])
def test_what_each_epoch_took_is_no_clock_and_does_not_change_the_order(durations: list[float]) -> None:
    run = one_run(pd.DataFrame({"epoch": [1, 2, 3], "time": durations, "loss": LOSS}))
    assert run.metrics["loss"].seconds is None
    assert points(run) == [(1, 0.9), (2, 0.7), (3, 0.5)]


def test_milliseconds_are_told_from_seconds() -> None:
    run = one_run(pd.DataFrame({"timestamp": [1.7e12, 1.7e12 + 500, 1.7e12 + 1000], "loss": LOSS}))
    assert run.metrics["loss"].seconds is not None
    assert run.metrics["loss"].seconds.tolist() == [1.7e9, 1.7e9 + 0.5, 1.7e9 + 1]


@pytest.mark.parametrize(
    "make",
    [
        lambda values: pd.Series(values, dtype=object),
        lambda values: pd.array(values, dtype="Float64"),
        lambda values: pd.array(values, dtype="float64[pyarrow]"),
        lambda values: pd.Series([None if v is None else str(v) for v in values], dtype=object),
    ],
)
def test_none_is_a_gap_in_every_type_of_column(make: Callable[[list[float | None]], Any]) -> None:
    frame = pd.DataFrame({"epoch": [1, 2, 3], "loss": make([0.9, None, 0.5])})
    assert points(one_run(frame)) == [(1, 0.9), (3, 0.5)]


def test_polars_tells_null_from_nan() -> None:
    run = one_run(pl.DataFrame({"epoch": [1, 2, 3], "loss": [0.9, None, NAN]}))
    assert points(run)[0] == (1, 0.9)
    assert len(points(run)) == 2
    assert math.isnan(points(run)[1][1])


def test_a_named_series_is_a_frame_of_one_column() -> None:
    assert points(one_run(pd.Series(LOSS, name="loss"))) == [(0, 0.9), (1, 0.7), (2, 0.5)]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame(), "it is empty: give one row per step"),
        (pd.DataFrame([[1.0, 2.0]], columns=["loss", " loss"]), "two columns have the name 'loss': rename one"),
        (pd.DataFrame([[1.0, 2.0]]), "its columns are numbers: name them with frame.columns = "),
        (pd.DataFrame({"loss": ["0.5", "0.4", "x"]}), "column 'loss', row 2: 'x' is not a number"),
        (pd.DataFrame({"loss": ["a", "b"]}), "no metric among its columns 'loss'"),
        (pd.DataFrame({"epoch": [1, 2]}), "no metric among its columns 'epoch'"),
        (pd.DataFrame({"flag": [True, False]}), "no metric among its columns"),
        (pd.DataFrame({"metric": ["loss"] * 2, "value": ["x", "y"]}), "the values of metrics must be numbers"),
        (pd.DataFrame({"run_id": ["a"], "metrics.loss": [0.1]}), "it holds only last values"),
        (pd.Series(LOSS), "series.rename"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(frame: Any, said: str) -> None:
    with pytest.raises(InvalidRunError) as error:
        one_run(frame)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
