"""What the callbacks saw, as rules are told it: by signal, by layer in the order of the network, numbers alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.watched_runs import as_series, by_layer, seen
from tracker_diag import Run
from tracker_diag.core.run import Series
from tracker_diag.evidence.from_training import HIGHEST, Watched, labels_in_a_row, layer_figures, middle, watched


def what_was(*logged: dict[str, np.ndarray]) -> Watched:
    return watched(as_series({name: values for each in logged for name, values in each.items()}))


def test_figures_of_the_network_and_of_its_layers_stand_apart() -> None:
    found = what_was(seen(grad_norm=2.0), by_layer("grad_norm", [0.5, 1.5]), seen(1, initial_loss=2.3))
    assert set(found.whole) == {"grad_norm", "initial_loss"}
    assert list(found.layers["grad_norm"]) == ["fc0", "fc1"]
    assert found.median("grad_norm") == 2.0
    assert found.first("initial_loss") == 2.3
    assert found.lasts("grad_norm") == {"fc0": 0.5, "fc1": 1.5}


def test_layers_come_in_the_order_of_the_network_whatever_they_are_called_and_however_many_there_are() -> None:
    labels = {f"diag/dead/{place:03d}.{name}": np.zeros(3) for place, name in ((1000, "a"), (999, "b"), (2, "z"))}
    assert list(what_was(labels).layers["dead"]) == ["z", "b", "a"]


def test_layers_of_one_name_keep_their_places() -> None:
    labels = {f"diag/dead/{place:03d}.fc": np.zeros(3) for place in (1, 0)}
    assert list(what_was(labels).layers["dead"]) == ["000.fc", "001.fc"]


def test_a_layer_is_called_the_same_by_all_that_tell_of_it() -> None:
    logged = as_series(by_layer("dead", [0.1, 0.2]) | by_layer("weight_scale", [1.0, 1.0]))
    figures = layer_figures(Run.from_dict({"id": "r"}), logged)
    assert figures is not None
    assert list(figures.dead) == list(watched(logged).layers["weight_scale"]) == ["fc0", "fc1"]


def test_what_was_not_seen_is_nothing() -> None:
    found = what_was(seen(loss_scale=1.0))
    assert found.values("clipped").size == 0
    assert (found.median("clipped"), found.first("clipped"), found.lasts("dead")) == (None, None, {})
    assert what_was({"diag/clipped": np.empty(0), "diag/dead/000.a": np.empty(0)}).whole == {}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1.1 * HIGHEST, -1.1 * HIGHEST])
def test_what_is_no_measurement_is_left_out(bad: float) -> None:
    found = what_was(seen(clipped=[bad, 1.0, 3.0, bad]), by_layer("weight_scale", {"a": [2.0, bad], "b": [bad]}))
    assert found.values("clipped").tolist() == [1.0, 3.0]
    assert (found.median("clipped"), found.first("clipped")) == (2.0, 1.0)
    assert found.lasts("weight_scale") == {"a": 2.0}
    assert what_was(seen(clipped=[bad])).median("clipped") is None


@given(st.lists(st.floats()))
def test_the_middle_is_a_number_between_the_ends_or_nothing(values: list[float]) -> None:
    found = middle(np.array(values, dtype=np.float64))
    measured = [v for v in values if abs(v) <= HIGHEST]
    assert (found is None) == (not measured)
    assert found is None or min(measured) <= found <= max(measured)


def rows(low: list[float], high: list[float], count: list[float]) -> Watched:
    return what_was(seen(label_min=low, label_max=high, batches_added=count))


@pytest.mark.parametrize(
    ("low", "high", "count", "share"),
    [
        ([0, 1, 2, 3], [0, 1, 2, 3], [5] * 4, 0.25),
        ([0, 0, 0, 0], [3, 3, 3, 3], [5] * 4, 1.0),
        # In the median, of the looks at three batches or more alone.
        ([0, 0, 9], [1, 0, 9], [3, 2, 1], 0.2),
        ([0, 9], [0, 9], [2, 2], None),
        ([-2, 1], [-1, 1], [4, 4], 0.375),
        ([math.nan, 0], [1, 2], [5, 5], None),
        ([5, 5], [4, 4], [5, 5], None),
        ([math.nan] * 2, [math.nan] * 2, [5, 5], None),
    ],
)
def test_the_range_of_labels_in_batches_in_a_row(
    low: list[float], high: list[float], count: list[float], share: float | None
) -> None:
    assert labels_in_a_row(rows(low, high, count)) == share


def test_the_range_needs_all_three_figures() -> None:
    assert labels_in_a_row(what_was(seen(label_min=0.0, label_max=3.0))) is None
    assert labels_in_a_row(what_was(seen(label_min=0.0, batches_added=5.0))) is None


def test_figures_of_layers_are_those_of_callbacks_and_of_other_tools() -> None:
    run = Run.from_dict({"id": "r", "metrics": {"grad_norm/fc.weight": [[0, 1.0], [1, 2.0]]}})
    foreign = layer_figures(run, None)
    assert foreign is not None
    assert list(foreign.gradient_norms) == ["fc"]
    own = layer_figures(run, as_series(by_layer("grad_norm", [0.5, 0.25])))
    assert own is not None
    assert list(own.gradient_norms) == ["fc0", "fc1"]
    assert own.ordered


def test_without_any_of_them_there_is_nothing() -> None:
    assert layer_figures(Run.from_dict({"id": "r"}), None) is None
    assert layer_figures(Run.from_dict({"id": "r"}), as_series(seen(clipped=1.0))) is None
    weights = as_series(by_layer("weight_scale", [1.0]))
    assert layer_figures(Run.from_dict({"id": "r"}), weights) is None


def test_the_norm_of_the_whole_gradient_alone_is_something() -> None:
    found = layer_figures(Run.from_dict({"id": "r"}), as_series(seen(grad_norm=2.0)))
    assert found is not None
    assert isinstance(found.gradient_norm, Series)
