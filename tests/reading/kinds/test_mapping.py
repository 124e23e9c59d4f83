"""A dict of lists, and what stands for lists in it."""

from __future__ import annotations

import math
from collections import deque
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.run import InvalidRunError, Run
from tracker_diag.reading.in_memory import one_run

WORTH = [(0.0, 0.9), (1.0, 0.7)]


class Tensor:
    """What a framework's tensor looks like from outside."""

    def __init__(self, value: Any) -> None:
        self._value = np.asarray(value)
        self.ndim = self._value.ndim

    def tolist(self) -> Any:
        return self._value.tolist()

    def item(self) -> Any:
        return self._value.item()


def points(x: Any, name: str = "loss") -> list[tuple[float, float]]:
    series = one_run(x).metrics[name]
    return list(zip(series.steps.tolist(), series.values.tolist(), strict=True))


@pytest.mark.parametrize(
    "values",
    [
        [0.9, 0.7],
        (0.9, 0.7),
        deque([0.9, 0.7]),
        np.array([0.9, 0.7]),
        pd.Series([0.9, 0.7]),
        ["0.9", "0.7"],
        [np.float64(0.9), Decimal("0.7")],
        Tensor([0.9, 0.7]),
        [Tensor(0.9), Tensor(0.7)],
        (x for x in (0.9, 0.7)),
        [[0, 0.9], [1, 0.7]],
        [(0, 0.9), [1, 0.7]],
        [[0, 0.9, 100.0], [1, 0.7, 101.0]],
        np.array([[0, 0.9], [1, 0.7]]),
        {0: 0.9, 1: 0.7},
        {"0": 0.9, "1": 0.7},
    ],
)
def test_what_stands_for_a_list(values: Any) -> None:
    assert points({"loss": values}) == WORTH


def test_nan_is_nan_and_none_is_a_gap() -> None:
    found = points({"loss": [0.9, None, math.nan]})
    assert found[0] == (0.0, 0.9)
    assert len(found) == 2
    assert found[1][0] == 2.0
    assert math.isnan(found[1][1])


def test_masked_values_are_gaps() -> None:
    assert points({"loss": np.ma.array([0.9, 5.0, 0.7], mask=[False, True, False])}) == [(0.0, 0.9), (2.0, 0.7)]


def test_a_list_of_steps_of_the_same_length_counts() -> None:
    assert points({"epoch": range(1, 3), "loss": [0.9, 0.7]}) == [(1.0, 0.9), (2.0, 0.7)]
    assert points({"epoch": range(1, 5), "loss": [0.9, 0.7]}) == WORTH


def test_dicts_in_dicts_are_joined() -> None:
    history = {"train": {"loss": [0.9, 0.7]}, "val": {"loss": [1.0, 0.8]}}
    assert points(history, "train/loss") == WORTH
    assert points(history, "val/loss") == [(0.0, 1.0), (1.0, 0.8)]


def test_the_plain_data_of_a_run_need_no_id_and_take_lists() -> None:
    run = one_run({"metrics": {"epoch": [1, 2], "loss": [0.9, 0.7]}, "params": {"lr": 0.1}, "status": "FAILED"})
    assert (run.id, run.params["lr"], run.status, run.metrics["loss"].steps.tolist()) == ("run", 0.1, "FAILED", [1, 2])
    assert one_run({"id": "r1", "metrics": {"loss": [[1, 0.5]]}}).id == "r1"


def test_lists_of_different_lengths_stand_beside_each_other() -> None:
    history = {"loss": [0.9, 0.7], "val_loss": [0.8]}
    assert (points(history), points(history, "val_loss")) == (WORTH, [(0.0, 0.8)])


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ({}, "it is empty: give"),
        ({"loss": 0.5}, "metrics['loss']: give a list"),
        ({"loss": "0.5"}, "metrics['loss']: give a list"),
        ({"loss": None}, "metrics['loss']: give a list"),
        ({"loss": np.array(3.0)}, "metrics['loss']: give a list"),
        ({"loss": ["x"]}, "metrics['loss'][0]: give a number, not 'x'"),
        ({"loss": [1j]}, "metrics['loss'][0]: give a number, not complex"),
        ({"loss": np.zeros((2, 2, 2))}, "metrics['loss'][0][0]"),
        ({"loss": [[1], [2]]}, "metrics['loss'][0]: [step, value]"),
        ({1: [0.5]}, "metrics['1']: the name of a metric must be a string"),
        ({"a": {"b": [1.0]}, "a/b": [1.0]}, "metrics['a/b']: two metrics have this name"),
        ({"id": "r", "metrics": {}, "foo": 1}, "foo: no such field"),
    ],
)
def test_what_cannot_be_read_says_where(x: Any, said: str) -> None:
    with pytest.raises(InvalidRunError) as error:
        one_run(x)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_dict_that_holds_itself_is_refused() -> None:
    inner: dict[str, Any] = {}
    inner["again"] = {"x": inner}
    with pytest.raises(InvalidRunError, match="nested more than 5 levels deep"):
        one_run(inner)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["loss", "epoch", "step", "metric", "value", "run", "x", ""]), ANYTHING))
def test_whatever_is_in_it_it_is_read_or_refused_in_one_line(x: dict[str, Any]) -> None:
    refused = ""
    try:
        run = one_run(x)
    except InvalidRunError as error:
        run, refused = Run("none"), str(error)
    assert "\n" not in refused
    assert all(len(series.steps) == len(series.values) for series in run.metrics.values())
