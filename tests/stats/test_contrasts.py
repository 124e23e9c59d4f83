"""Effects of parameters: what is known of small experiments, null experiments, and what must not matter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stats.curves import FloatArray
from tracker_diag.stats.contrasts import LEVEL, MOST, Contrasts, contrasts


def crossed(*sizes: int) -> list[list[int]]:
    return np.array(np.meshgrid(*map(np.arange, sizes))).reshape(len(sizes), -1).tolist()


def grid(seed: int = 1) -> tuple[dict[str, list[Any]], FloatArray]:
    """Three rates, the middle one the best by 1 and 2; two widths without effect; three seeds. Noise 0.1."""
    rate, width, repeat = crossed(3, 2, 3)
    y = np.array([1.0, 0.0, 2.0])[rate] + 0.1 * np.random.default_rng(seed).standard_normal(len(rate))
    return {"lr": [[0.001, 0.01, 0.1][r] for r in rate], "width": [[32, 64][w] for w in width], "seed": repeat}, y


def by_name(found: Contrasts, name: str) -> list[Any]:
    return [c for c in found.contrasts if c.parameter == name]


def test_known_effects_of_a_grid() -> None:
    parameters, y = grid()
    found = contrasts(parameters, y, ["seed"])
    first, second = by_name(found, "lr")
    assert (first.low, first.high, second.low, second.high) == (0.001, 0.01, 0.01, 0.1)
    for c, true in ((first, -1.0), (second, 2.0)):
        assert c.interval[0] < true < c.interval[1]
        assert c.interval[1] - c.interval[0] < 0.6
        assert (c.matched, c.runs) == (18, 18)
    assert {c.parameter for c in found.flagged} == {"lr"}
    (width,) = by_name(found, "width")
    assert width.matched == 27
    assert width.interval[0] < 0 < width.interval[1]
    assert found.left_out == {"seed": "only repeats a run"}


def test_effects_in_a_random_search() -> None:
    rng = np.random.default_rng(2)
    rate, depth = np.exp(rng.uniform(-9, 0, 60)), rng.integers(1, 4, 60)
    y = (np.log(rate) + 4.5) ** 2 / 4 + 0.5 * rng.standard_normal(60)
    decay = np.exp(rng.uniform(-9, 0, 60))
    found = contrasts({"lr": rate.tolist(), "depth": depth.tolist(), "decay": decay.tolist()}, y)
    assert {c.parameter for c in found.flagged} == {"lr"}
    assert len(by_name(found, "lr")) == 2
    assert all(c.low < c.high and c.matched == 0 and c.runs == 60 for c in by_name(found, "lr"))
    assert {c.low for c in by_name(found, "lr")} | {c.high for c in by_name(found, "lr")} <= set(rate)


@pytest.mark.parametrize("worst", [math.inf, -math.inf, math.nan, 1e300])
def test_diverged_is_worst(worst: float) -> None:
    parameters, y = grid()
    y[np.array(parameters["lr"]) == 0.1] = worst
    found = contrasts(parameters, y, ["seed"])
    first, second = by_name(found, "lr")
    assert first.p == second.p <= LEVEL
    assert first.effect == pytest.approx(-1.0, abs=0.2)
    assert 2 < second.effect < math.inf


def test_the_interval_of_quiet_values_is_not_that_of_the_noisy_one() -> None:
    parameters, y = grid()
    noisy = np.array(parameters["lr"]) == 0.1
    y[noisy] += 5 * np.random.default_rng(1).standard_normal(noisy.sum())
    first, second = by_name(contrasts(parameters, y, ["seed"]), "lr")
    assert (second.interval[1] - second.interval[0]) > 10 * (first.interval[1] - first.interval[0])


def test_copies_of_a_run_are_no_evidence() -> None:
    once = contrasts({"lr": [0.1, 0.1, 0.2, 0.2]}, np.array([1.0, 1.1, 2.0, 2.1]))
    often = contrasts({"lr": [0.1, 0.1, 0.2, 0.2] * 10}, np.array([1.0, 1.1, 2.0, 2.1] * 10))
    assert [c.p for c in often.contrasts] == [c.p for c in once.contrasts]
    assert [c.interval for c in often.contrasts] == [c.interval for c in once.contrasts]
    assert [c.runs for c in often.contrasts] == [40]


def test_seeds_of_a_configuration_are_no_evidence_of_another_parameter() -> None:
    """Twelve configurations that differ by themselves, five seeds each with hardly any noise."""
    flagged = 0
    for k in range(60):
        rng = np.random.default_rng(k)
        a, b = np.exp(rng.standard_normal((2, 12)))
        y = np.repeat(rng.standard_normal(12), 5) + 0.01 * rng.standard_normal(60)
        parameters = {"a": np.repeat(a, 5).tolist(), "b": np.repeat(b, 5).tolist(), "seed": list(range(5)) * 12}
        flagged += bool(contrasts(parameters, y, ["seed"]).flagged)
    assert flagged <= 10


def test_what_always_varied_together_is_one() -> None:
    parameters, y = grid()
    parameters["batch"] = [{0.001: 8, 0.01: 64, 0.1: 512}[r] for r in parameters["lr"]]
    parameters["large"] = [r == 0.1 for r in parameters["lr"]]
    parameters["name"] = [f"{r}-{w}" for r, w in zip(parameters["lr"], parameters["width"], strict=True)]
    found = contrasts(parameters, y, ["seed"])
    assert found.aliased == (("batch", "large", "lr"),)
    assert {c.parameter for c in found.contrasts} == {"batch", "width"}
    assert found.left_out["name"] == "decides batch and width at once"
    assert {c.parameter for c in found.flagged} == {"batch"}
    assert by_name(found, "width")[0].matched == 27


def test_what_varied_with_the_seed_is_left_out() -> None:
    parameters, y = grid()
    parameters["split"] = [f"fold {s}" for s in parameters["seed"]]
    assert contrasts(parameters, y, ["seed"]).left_out["split"] == "always varied together with seed"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["x"] * 18, "only one value"),
        ([None] * 9 + list(range(9)), "missing in half of the runs"),
        ([None] * 3 + [1] * 15, "only one value where it is logged"),
        ([f"/runs/{k}" for k in range(18)], "differs in every run"),
        ([1_700_000_000 + 7 * k for k in range(18)], "differs in every run"),
        (list(range(18)), "differs in every run"),
        ([[k, k] for k in range(18)], "differs in every run"),
        ([f"/data/{max(k, 4)}" for k in range(18)], "14 different lists or paths"),
    ],
)
def test_left_out_with_the_reason(values: list[Any], reason: str) -> None:
    parameters, y = grid()
    found = contrasts({**parameters, "odd": values}, y, ["seed"])
    assert found.left_out["odd"] == reason
    assert {c.parameter for c in found.flagged} == {"lr"}


def test_lists_and_numbers_as_text_are_values() -> None:
    parameters, y = grid()
    layers = [[64, 64] if w == 64 else [32] for w in parameters["width"]]
    rates = [str(r) if k % 2 else r for k, r in enumerate(parameters["lr"])]
    found = contrasts({**parameters, "width": layers, "lr": rates}, y, ["seed"])
    assert [(c.low, c.high) for c in by_name(found, "width")] == [([32], [64, 64])]
    assert [float(c.low) for c in by_name(found, "lr")] == [0.001, 0.01]


def test_nothing_to_compare() -> None:
    assert contrasts({"lr": [0.1]}, np.array([1.0])).left_out == {"lr": "only one value"}
    assert contrasts({"lr": [0.1, 0.2]}, np.array([math.nan, math.inf])).contrasts == ()
    (equal,) = contrasts({"lr": [0.1, 0.1, 0.2, 0.2]}, np.full(4, 0.5)).contrasts
    assert (equal.p, equal.effect) == (1.0, 0.0)
    (single,) = contrasts({"lr": [0.1, 0.2]}, np.array([1.0, 2.0])).contrasts
    assert single.effect == pytest.approx(1.0)
    assert (single.interval, single.p) == ((-math.inf, math.inf), 1.0)
    with pytest.raises(ValueError, match="'lr' has 1 values, there are 2 runs"):
        contrasts({"lr": [1]}, np.zeros(2))


def test_ten_thousand_parameters_are_bounded() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal(300)
    found = contrasts({f"p{k}": (rng.random(300) < 0.5).tolist() for k in range(10_000)}, y)
    assert 0 < len({c.parameter for c in found.contrasts}) <= MOST
    assert len(found.left_out) == 10_000 - len({c.parameter for c in found.contrasts})
    assert any(reason.startswith(f"more than {MOST} parameters vary") for reason in found.left_out.values())


value = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.lists(st.integers(0, 2), max_size=2)
)
few = st.lists(value, min_size=1, max_size=4).flatmap(st.sampled_from)


@st.composite
def experiments(draw: Callable[..., Any]) -> tuple[dict[str, list[Any]], FloatArray]:
    n = draw(st.integers(0, 14))
    column = st.one_of(st.lists(value, min_size=n, max_size=n), st.lists(few, min_size=n, max_size=n))
    parameters = draw(st.dictionaries(st.sampled_from("abcdes"), column, max_size=5))
    return parameters, np.array(draw(st.lists(st.floats(), min_size=n, max_size=n)), np.float64)


@given(experiments())
@settings(max_examples=150, deadline=None)
def test_any_input_has_an_answer(experiment: tuple[dict[str, list[Any]], FloatArray]) -> None:
    parameters, y = experiment
    found = contrasts(parameters, y, ["s"])
    told = {c.parameter for c in found.contrasts} | set(found.left_out) | {n for group in found.aliased for n in group}
    assert told == set(parameters)
    for c in found.contrasts:
        assert 0 < c.p <= 1
        assert math.isfinite(c.effect)
        assert c.interval[0] <= c.effect <= c.interval[1]
        assert c.matched >= 0
        assert c.runs <= y.size


@given(st.integers(0, 50), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_order_does_not_matter(seed: int, random: Any) -> None:
    rng = np.random.default_rng(seed)
    parameters, y = grid(seed)
    parameters["decay"] = np.round(np.exp(rng.standard_normal(18)), 1).tolist()
    y[rng.integers(18)] = math.inf
    order, names = list(range(18)), list(parameters)
    random.shuffle(order)
    random.shuffle(names)
    shuffled = contrasts({n: [parameters[n][i] for i in order] for n in names}, y[order], ["seed"])
    assert shuffled == contrasts(parameters, y, ["seed"])


@given(st.floats(1e-6, 1e6), st.floats(-100, 100))
@settings(max_examples=30, deadline=None)
def test_the_unit_of_the_outcome_does_not_matter(scale: float, shift: float) -> None:
    parameters, y = grid()
    one = contrasts(parameters, y, ["seed"])
    other = contrasts(parameters, scale * (y + shift), ["seed"])
    assert [c.p for c in other.contrasts] == [c.p for c in one.contrasts]
    assert [c.effect for c in other.contrasts] == pytest.approx([scale * c.effect for c in one.contrasts], rel=1e-6)


def test_null_experiments_are_flagged_at_most_at_the_level() -> None:
    """300 grids and 300 searches; more than 24 flagged of 300 has a chance of 1 % at a level of 5 %."""
    flagged = {"grid": 0, "search": 0}
    missed = 0
    for k in range(300):
        rng = np.random.default_rng(k)
        parameters, y = grid(k)
        found = contrasts(parameters, rng.permutation(np.where(y > 2, np.inf, y)), ["seed"])
        flagged["grid"] += bool(found.flagged)
        missed += any(not c.interval[0] <= 0 <= c.interval[1] for c in found.contrasts)
        search = {name: np.exp(rng.standard_normal(20)).tolist() for name in "abc"}
        flagged["search"] += bool(contrasts(search, rng.standard_t(2, 20)).flagged)
    assert flagged["grid"] <= 24
    assert flagged["search"] <= 24
    assert missed <= 24
