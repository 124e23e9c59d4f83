from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.wandb import history as history_module
from tracker_diag.adapters.wandb.history import History, as_number, histogram_numbers, number_of_json


def histogram(values: np.ndarray, bins: int = 64) -> dict[str, object]:
    counts, edges = np.histogram(values, bins=bins)
    return {"_type": "histogram", "values": counts.tolist(), "bins": edges.tolist()}


@given(st.floats(1e-8, 1e4), st.floats(-3, 3), st.integers(0, 2**31))
def test_a_histogram_tells_norm_and_mean_to_half_a_bin(scale: float, centre: float, seed: int) -> None:
    values = scale * (np.random.default_rng(seed).normal(size=500) + centre)
    half = float(np.ptp(values)) / 64 / 2
    told = histogram_numbers(histogram(values))
    assert told["mean_abs"] == pytest.approx(float(np.abs(values).mean()), abs=half)
    assert told["norm"] == pytest.approx(float(np.linalg.norm(values)), abs=half * math.sqrt(500))


def test_the_share_of_zeros_is_that_of_a_dead_layer() -> None:
    values = np.concatenate([np.zeros(90), np.linspace(0.5, 1, 10)])
    assert histogram_numbers(histogram(values))["zeros"] == pytest.approx(0.9)


def test_values_that_are_all_zero_are_all_zeros() -> None:
    # wandb.watch writes edges without a width for a tensor all of whose values are one.
    told = histogram_numbers({"_type": "histogram", "values": [0, 8, 0], "bins": [0.0, 0.0, 0.0, 0.0]})
    assert told == {"norm": 0.0, "mean_abs": 0.0, "zeros": 1.0}


def test_zero_on_the_edge_of_two_bins_is_counted_once() -> None:
    told = histogram_numbers({"_type": "histogram", "values": [1, 3], "bins": [-1, 0, 1]})
    assert told["zeros"] == 0.75


def test_packed_bins_are_the_same_histogram() -> None:
    packed = {"_type": "histogram", "values": [1, 2, 3], "packedBins": {"min": -1.0, "size": 0.5, "count": 3}}
    plain = {"_type": "histogram", "values": [1, 2, 3], "bins": [-1.0, -0.5, 0.0, 0.5]}
    assert histogram_numbers(packed) == histogram_numbers(plain)


@pytest.mark.parametrize(
    "value",
    [
        {"_type": "image-file", "size": 3},
        {"_type": "histogram"},
        {"_type": "histogram", "values": [], "bins": []},
        {"_type": "histogram", "values": [0, 0], "bins": [0, 1, 2]},
        {"_type": "histogram", "values": [1, 2], "bins": [0, 1]},
        {"_type": "histogram", "values": "x", "bins": [0, 1]},
        {"_type": "histogram", "values": [1], "packedBins": {"min": 0}},
        {"_type": "histogram", "values": [1], "packedBins": [0, 1]},
        {"_type": "histogram", "values": [10**400], "bins": [0, 1]},
        {"_type": "histogram", "values": [1], "packedBins": {"min": 10**400, "size": 1}},
        {"_type": "histogram", "values": [[1, 2]], "bins": [0, 1, 2]},
        {"_type": "histogram", "values": [1, 2], "bins": [[0, 1, 2]]},
        {"_type": "histogram", "values": [3, -1], "bins": [0, 1, 2]},
        {"_type": "histogram", "values": {"a": 1}, "bins": [0, 1]},
        {"_type": ["histogram"], "values": [1], "bins": [0, 1]},
    ],
)
def test_what_is_no_histogram_says_nothing(value: dict[str, object]) -> None:
    assert histogram_numbers(value) == {}


def test_bins_beyond_what_a_square_can_hold_are_told_as_infinite() -> None:
    history = History()
    layer = {"_type": "histogram", "values": [1, 1], "bins": [-1e300, 0, 1e300]}
    huge = {"_type": "histogram", "values": [1], "bins": [1e308, 1e308]}
    history.put_row({"_step": 0, "gradients/a": layer, "gradients/b": huge})
    assert history.series()["gradients/norm"].values.tolist() == [math.inf]


def test_a_history_is_only_so_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_ROWS", 2)
    monkeypatch.setattr(history_module, "MOST_NAMES", 3)
    history = History()
    history.put_row({"a": 1, "b": 1, "c": 1})
    with pytest.raises(TrackerError, match="more than 3 metrics"):
        history.put("d", 1)
    with pytest.raises(TrackerError, match="more than 3 metrics"):
        history.put_column("e", [0], [1])
    history.put("a", 1)
    history.start_row(1)
    with pytest.raises(TrackerError, match="more than 2 rows"):
        history.start_row(2)


def test_a_deep_value_is_looked_into_only_so_far() -> None:
    value: dict[str, object] = {"a": 1}
    for _ in range(100_000):
        value = {"a": value}
    history = History()
    history.put_row({"deep": value, "near": {"a": {"b": 1}}, "x" * 3000: {"a": 1}})
    assert set(history.series()) == {"near.a.b"}


def test_the_norm_of_the_network_is_that_of_all_its_layers() -> None:
    def layer(value: float) -> dict[str, object]:
        return {"_type": "histogram", "values": [1], "bins": [value, value]}

    history = History()
    history.put_row({"_step": 0, "gradients/a": layer(3.0), "gradients/b": layer(4.0), "parameters/a": layer(2.0)})
    # A layer is missing here: its norm would look like a fall.
    history.put_row({"_step": 1, "gradients/a": layer(3.0)})
    history.put_row({"_step": 2, "gradients/a": layer(0.3), "gradients/b": layer(0.4), "other": layer(9.0)})
    series = history.series()
    assert series["gradients/norm"].steps.tolist() == [0, 2]
    assert series["gradients/norm"].values.tolist() == pytest.approx([5.0, 0.5])
    assert series["parameters/norm"].values.tolist() == [2.0]
    assert "other/norm" in series


def test_the_norm_of_the_network_does_not_depend_on_the_order_of_its_layers() -> None:
    layers = {f"gradients/{n}": histogram(np.random.default_rng(n).normal(size=50) * 10.0**-n) for n in range(12)}

    def norm(names: list[str]) -> float:
        history = History()
        history.put_row({"_step": 0, **{name: layers[name] for name in names}})
        return float(history.series()["gradients/norm"].values[0])

    # A client writes a row's items in any order.
    orders = [list(np.random.default_rng(n).permutation(list(layers))) for n in range(20)]
    assert len({norm(order) for order in orders}) == 1


def test_a_norm_that_the_user_logged_is_kept() -> None:
    history = History()
    layer = {"_type": "histogram", "values": [1], "bins": [1, 1]}
    history.put_row({"_step": 0, "gradients/a": layer, "gradients/norm": 7})
    assert history.series()["gradients/norm"].values.tolist() == [7]


def test_rows_become_series() -> None:
    history = History()
    history.put_row({"_step": 3, "_timestamp": 10.0, "loss": 1, "val": {"acc": True}, "note": "text", "_runtime": 1})
    history.put_row({"_step": 7, "_timestamp": 11.0, "loss": "NaN", "img": {"_type": "image-file", "size": 3}})
    series = history.series()
    assert set(series) == {"loss", "val.acc"}
    assert series["loss"].steps.tolist() == [3, 7]
    assert series["loss"].values[0] == 1
    assert math.isnan(series["loss"].values[1])
    assert series["loss"].seconds is not None
    assert series["loss"].seconds.tolist() == [10, 11]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("-2.5e3", -2500), ("true", 1), ("false", 0), ('"Infinity"', math.inf), ("-Infinity", -math.inf)]
    + [
        (text, None)
        for text in ("null", '"1"', '"text"', "[1]", '"' + "x" * 99 + '"', '"abc', "tru", "fals", "", '"\\q"')
    ],
)
def test_json_texts_are_read_as_numbers(text: str, number: float | None) -> None:
    assert number_of_json(text) == number


def test_a_number_too_large_for_a_float_is_infinite() -> None:
    assert as_number(10**400) == math.inf
    assert number_of_json("1" + "0" * 400) == math.inf
