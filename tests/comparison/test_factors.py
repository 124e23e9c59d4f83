"""Which parameters vary, which of them can be held against what came out, and why others cannot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.siblings import experiment, member, rows
from tracker_diag import Run
from tracker_diag.comparison.factors import MOST, MOST_NAMES, Factors, factors
from tracker_diag.comparison.sibling import Sibling

N = 12


def of(**columns: Sequence[Any]) -> Factors:
    """Factors of runs with these parameters; None: not logged."""
    return table({name.replace("__", "."): column for name, column in columns.items()})


def table(columns: Mapping[str, Sequence[Any]]) -> Factors:
    n = len(next(iter(columns.values())))
    runs = [{name: column[i] for name, column in columns.items() if column[i] is not None} for i in range(n)]
    data = [{"id": f"{i:05d}", "params": params, "metrics": {"val_loss": [[1, 0.5]]}} for i, params in enumerate(runs)]
    return whole(rows(map(Run.from_dict, data)))


def whole(runs: Sequence[Sibling]) -> Factors:
    return factors(runs, [True] * len(runs))


def names(found: Factors) -> list[str]:
    return [f.name for f in found.chosen]


def test_what_varies_and_what_repeats() -> None:
    found = whole(rows(experiment()))
    assert [(f.name, f.role, len(f.values)) for f in found.chosen] == [
        ("hidden_units", "hidden_units", 2),
        ("lr", "learning_rate", 4),
    ]
    assert [(f.name, f.values) for f in found.repeats] == [("seed", (0.0, 1.0))]
    assert found.left_out == {}


def test_values_are_scaled_to_their_range_and_wide_ones_by_their_ratio() -> None:
    found = {f.name: f for f in of(lr=[1e-4, 1e-3, 1e-2] * 2, dropout=[0.0, 0.3, 0.6, 0.0, 0.6, 0.3]).chosen}
    assert found["lr"].scaled == pytest.approx([0, 0.5, 1])
    assert found["dropout"].scaled == pytest.approx([0, 0.5, 1])
    assert found["lr"].values == (1e-4, 1e-3, 1e-2)
    assert found["lr"].codes.tolist() == [0, 1, 2, 0, 1, 2]


def test_numbers_that_were_logged_as_text_are_numbers() -> None:
    (found,) = of(lr=["1e-3", "0.01"] * 3).chosen
    assert found.values == (0.001, 0.01)
    assert not found.category


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ([1] * 6 + [None] * 6, "missing in half of the runs"),
        ([f"run {i}" for i in range(N)], "text that differs in most runs"),
        ([f"/data/{i}/train.csv" for i in range(N)], "text that differs in most runs"),
        ([[i, i] for i in range(N)], "text that differs in most runs"),
        (list(range(N)), "number that differs in every run"),
    ],
    ids=["missing", "text", "path", "list", "number"],
)
def test_what_cannot_be_compared_is_left_out_with_the_reason(column: list[Any], why: str) -> None:
    found = of(lr=[0.1, 0.01] * 6, strange=column)
    assert (names(found), found.left_out) == (["lr"], {"strange": why})


@pytest.mark.parametrize("name", ["run_id", "timestamp", "host", "log_path", "pid", "git_hash"])
def test_what_names_a_run_or_says_where_it_ran(name: str) -> None:
    found = table({"lr": [0.1, 0.01] * 6, name: [1, 1, 2, 2] * 3})
    assert names(found) == ["lr"]
    assert "names a run" in found.left_out[name]


def test_a_rate_that_differs_in_every_run_is_a_factor() -> None:
    assert names(of(lr=[0.1 / (i + 1) for i in range(N)])) == ["lr"]


@pytest.mark.parametrize("name", ["final_val_loss", "best_val_acc", "test_accuracy", "result.best/val_loss"])
def test_results_that_were_logged_as_parameters_are_left_out(name: str) -> None:
    found = table({"lr": [0.1, 0.01] * 6, name: [0.1, 0.2, 0.3] * 4})
    assert (names(found), found.left_out) == (["lr"], {name: "a result, not a setting"})


def test_a_setting_of_the_end_is_no_result() -> None:
    assert "last_layer" in names(of(lr=[0.1, 0.01] * 6, last_layer=["linear", "norm", "pool"] * 4))


def test_lists_that_recur_are_a_category() -> None:
    (found,) = of(units=[[64, 64], [8], [8], [64, 64]]).chosen
    assert (found.category, len(found.values)) == (True, 2)


def test_what_always_varied_together_is_one_factor_under_the_known_name() -> None:
    found = of(lr=[0.1, 0.01] * 6, zeal=[7.5, 2.5] * 6)
    assert [(f.name, f.tied) for f in found.chosen] == [("lr", ("zeal",))]
    assert found.left_out == {"zeal": "always varied together with lr"}


def test_a_label_of_the_setting_ties_nothing() -> None:
    found = of(lr=[0.1, 0.01] * 6, name=["high", "low"] * 6)
    assert [(f.name, f.tied) for f in found.chosen] == [("lr", ())]
    assert found.left_out == {"name": "same values as lr"}


def test_rates_that_rise_together_in_every_run_are_tied_and_others_are_not() -> None:
    up = [0.001 * 1.3**i for i in range(N)]
    assert [f.tied for f in of(lr=up, weight_decay=[x / 2 for x in up]).chosen] == [("weight_decay",)]
    assert [f.tied for f in of(lr=up, weight_decay=up[::-1]).chosen] == [("weight_decay",)]
    mixed = [up[(5 * i) % N] for i in range(N)]
    assert [f.tied for f in of(lr=up, weight_decay=mixed).chosen] == [(), ()]


def test_what_is_constant_is_neither_a_factor_nor_left_out() -> None:
    found = of(lr=[0.1] * N, batch_size=[32, 64] * 6)
    assert (names(found), found.left_out) == (["batch_size"], {})


def test_of_many_the_ones_with_a_role_come_first() -> None:
    rng = np.random.default_rng(0)
    odd = {f"odd{i:02d}": rng.permutation([0.5, 1.5] * 20).tolist() for i in range(20)}
    found = table({**odd, "lr": [0.1, 0.01] * 20})
    assert len(found.chosen) == MOST
    assert "lr" in names(found)
    assert sum("beyond the first" in why for why in found.left_out.values()) == 21 - MOST


def test_ten_thousand_parameters_are_bounded() -> None:
    columns: dict[str, Sequence[Any]] = {f"x{i:05d}": [0.5, 1.5, 2.5] for i in range(10_000)}
    found = table({**columns, "lr": [0.1, 0.01, 0.1]})
    assert len(found.chosen) <= MOST
    assert sum(f"beyond the first {MOST_NAMES} parameters" == why for why in found.left_out.values()) > 1000


@pytest.mark.parametrize(
    "values",
    [
        [10**400, 3],
        ["9" * 400, "8" * 400],
        [math.nan, 0.1],
        [math.inf, 0.1],
        ["a" * 10_000, "b" * 10_000],
        ["<script>", "\x1b[2J"],
        [{"a": 1}, {"a": 2}],
        [True, False],
        [None, 0.5],
        ["\ud800", "x"],
        [1e308, -1e308],
        [5e-324, 1e308],
        ["10" * 3000, 1],
    ],
    ids=repr,
)
def test_strange_values_are_compared_as_they_are(values: list[Any]) -> None:
    for factor in table({"x": values * 4, "lr": [0.1] * 4 + [0.2] * 4}).chosen:
        assert np.isfinite(factor.scaled).all()
        assert factor.scaled.min() >= 0
        assert set(factor.codes.tolist()) == set(range(len(factor.values)))


def test_runs_that_have_not_ended_have_their_place_and_choose_nothing() -> None:
    ended = [member(lr, width) for lr in (1e-3, 1e-2, 1e-1) for width in (4, 64)]
    going = [member(lr, 64, id=f"g{lr}", end=0.3, params={"zeal": i}) for i, lr in enumerate((1e-2, 1.0, 1e-9, -5.0))]
    odd = member(0.5, 64, id="odd", params={"lr": "auto", "hidden_units": None})
    runs = rows([*ended, *going, odd])
    one, other = whole(runs[:6]), factors(runs, [True] * 6 + [False] * 5)
    assert [(f.name, f.category) for f in other.chosen] == [(f.name, f.category) for f in one.chosen]
    for alone, among in zip(one.chosen, other.chosen, strict=True):
        assert among.values[: len(alone.values)] == alone.values
        assert among.codes[:6].tolist() == alone.codes.tolist()
        assert among.scaled[: len(alone.values)] == pytest.approx(alone.scaled)
    (lr,) = (f for f in other.chosen if f.role == "learning_rate")
    assert lr.scaled[lr.codes[6:]] == pytest.approx([0.5, 1.5, -1, -1, 0.5])
    assert factors(runs, [False] * 11).chosen == ()


VALUE = st.one_of(
    st.none(),
    st.integers(min_value=2),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([0.1, 0.01, "relu", "tanh", 10**400, "1e-3", "[1, 2]", "None"]),
)


@settings(max_examples=200)
@given(st.lists(st.tuples(VALUE, VALUE, VALUE), min_size=1, max_size=9), st.randoms())
def test_whatever_the_values_each_run_has_the_code_of_its_own_and_the_order_does_not_matter(
    cells: list[tuple[Any, ...]], random: Any
) -> None:
    read = rows(
        Run.from_dict({"id": str(i), "params": dict(zip(("lr", "x", "seed"), cell, strict=True))})
        for i, cell in enumerate(cells)
    )

    def found(order: Sequence[int]) -> dict[str, tuple[Any, ...]]:
        told = whole([read[i] for i in order])
        return {
            f.name: (f.role, f.tied, dict(zip(order, (str(f.values[c]) for c in f.codes), strict=True)))
            for f in (*told.chosen, *told.repeats)
        } | {"left out": tuple(sorted(told.left_out.items()))}

    order = list(range(len(cells)))
    shuffled = list(order)
    random.shuffle(shuffled)
    one, other = found(order), found(shuffled)
    assert one == other
