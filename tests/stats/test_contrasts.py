"""Effects of parameters: what is known of small experiments, null experiments, and what must not matter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, rankdata, t
from scipy.stats import f as f_distribution

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
    assert found.left_out == {"seed": "only numbers repeated runs"}


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
    assert found.left_out["name"] == "never changes without batch and width"
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
    with pytest.raises(ValueError, match="'lr': give one value per run, 2 in all, not 1"):
        contrasts({"lr": [1]}, np.zeros(2))


def test_ten_thousand_parameters_are_bounded() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal(300)
    found = contrasts({f"p{k}": (rng.random(300) < 0.5).tolist() for k in range(10_000)}, y)
    assert 0 < len({c.parameter for c in found.contrasts}) <= MOST
    assert len(found.left_out) == 10_000 - len({c.parameter for c in found.contrasts})
    assert any(
        reason == f"beyond the {MOST} parameters that split the runs most evenly" for reason in found.left_out.values()
    )


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


# ---- the same by hand


def fence(y: FloatArray) -> FloatArray:
    """What lies beyond the ninth decile by three times the way from the first one counts as there; so do the lost."""
    low, high = np.quantile(y[np.isfinite(y)], (0.1, 0.9))
    return np.minimum(np.where(np.isfinite(y), y, np.inf), high + 3 * (high - low))


def ranked(y: FloatArray) -> FloatArray:
    return rankdata(np.where(np.isfinite(y), y, np.finfo(float).max))


def fitted(held: FloatArray, level: Any, y: FloatArray, low: int, high: int) -> tuple[float, float, int]:
    """Effect of one level against another by least squares, its larger standard error, and degrees of freedom."""
    levels = sorted(set(level))
    x = np.column_stack([held, *(np.array(level) == k for k in levels)]).astype(float)
    inverse = np.linalg.pinv(x.T @ x)
    beta = inverse @ x.T @ y
    left = y - x @ beta
    degrees = y.size - np.linalg.matrix_rank(x)
    c = np.zeros(x.shape[1])
    c[held.shape[1] + levels.index(low)], c[held.shape[1] + levels.index(high)] = -1, 1
    leverage = np.minimum(np.einsum("ni,ij,nj->n", x, inverse, x), 0.999)
    classical = c @ inverse @ c * (left @ left) / degrees
    unequal = c @ inverse @ (x.T * (left / (1 - leverage)) ** 2) @ x @ inverse @ c
    return float(c @ beta), float(max(classical, unequal)) ** 0.5, int(degrees)


def mean_scores(block: Any, level: Any, rank: FloatArray) -> float:
    """The p-value of Cochran, Mantel and Haenszel for mean scores: sums of ranks against what they are by chance."""
    levels = sorted(set(level))
    sums, covariance = np.zeros(len(levels)), np.zeros((len(levels), len(levels)))
    for b in set(block):
        inside = np.array([v == b for v in block])
        ours, n = rank[inside], int(inside.sum())
        counts = np.array([sum(level[i] == k for i in np.flatnonzero(inside)) for k in levels])
        for k, name in enumerate(levels):
            sums[k] += sum(rank[i] - ours.mean() for i in np.flatnonzero(inside) if level[i] == name)
        covariance += ours.var(ddof=1) * (np.diag(counts) - np.outer(counts, counts) / n)
    return float(chi2.sf(sums @ np.linalg.pinv(covariance) @ sums, np.linalg.matrix_rank(covariance)))


def dummies(values: Any) -> FloatArray:
    return np.column_stack([[v == k for v in values] for k in sorted(set(values), key=repr)]).astype(float)


def large_grid(lost: bool = False) -> tuple[dict[str, list[Any]], FloatArray]:
    """Three rates, the last ten times as noisy, two widths, up to 21 seeds; some runs are missing."""
    rate, width, repeat = crossed(3, 2, 21)
    kept = [i for i in range(len(rate)) if width[i] == 0 or repeat[i] < 18 - 3 * rate[i]]
    rate, width, repeat = ([values[i] for i in kept] for values in (rate, width, repeat))
    rng = np.random.default_rng(5)
    y = np.array([0.1, 0.0, 0.2])[rate] + np.array([0.0, 0.03])[width]
    y = y + np.array([0.1, 0.1, 1.0])[rate] * rng.standard_normal(len(rate))
    if lost:
        y[[3, 50, 90]] = math.nan, math.inf, 1e9
    parameters = {"lr": [[0.001, 0.01, 0.1][r] for r in rate], "width": [[32, 64][w] for w in width], "seed": repeat}
    return parameters, y


@pytest.mark.parametrize("lost", [False, True])
def test_blocks_by_hand(lost: bool) -> None:
    """More than a hundred runs: the statistic has its limiting distribution, and nothing is drawn."""
    parameters, y = large_grid(lost)
    found = contrasts(parameters, y, ["seed"])
    p = {
        name: mean_scores(parameters[other], parameters[name], ranked(y))
        for name, other in (("lr", "width"), ("width", "lr"))
    }
    first, second = sorted(p, key=lambda name: p[name])
    corrected = {first: 2 * p[first], second: max(2 * p[first], p[second])}
    assert 0.001 < p[first] < p[second] < 0.9
    clipped = fence(y)
    for c in found.contrasts:
        assert c.p == pytest.approx(min(1.0, corrected[c.parameter]))
        other = parameters["width" if c.parameter == "lr" else "lr"]
        ours = np.array([v in (c.low, c.high) for v in parameters[c.parameter]])
        level, block = (
            [v for v, o in zip(values, ours, strict=True) if o] for values in (parameters[c.parameter], other)
        )
        effect, error, degrees = fitted(dummies(block), level, clipped[ours], c.low, c.high)
        # Three contrasts are looked at: at 95 % together each interval leaves out .05 / 6 on either side.
        half = t.ppf(1 - 0.025 / 3, degrees) * error
        assert c.effect == pytest.approx(effect)
        assert c.interval == (pytest.approx(effect - half), pytest.approx(effect + half))
        pairs = sum(
            level[i] == c.low and level[j] == c.high and block[i] == block[j]
            for i, j in np.ndindex(len(level), len(level))
        )
        assert (c.matched, c.runs) == (pairs, len(y))
    # Against the value that most of the runs have.
    assert {(c.low, c.high) for c in by_name(found, "lr")} == {(0.001, 0.01), (0.001, 0.1)}


def held_curve(values: Any, degree: int) -> FloatArray:
    place = 2 * rankdata(values) / len(values) - 1
    return np.vander(place, degree + 1)


def thirds(values: Any) -> list[int]:
    order = sorted(values)
    n = len(order)
    cuts = order[(n - 1) // 3], order[2 * (n - 1) // 3]
    return [int(v > cuts[0]) + int(v > cuts[1]) for v in values]


@pytest.mark.parametrize(("n", "names", "degree"), [(130, "ab", 6), (120, "abcdef", 6), (101, "abcdef", 4)])
def test_a_regression_by_hand(n: int, names: str, degree: int) -> None:
    """Others are held by curves of the highest degree for which all columns are at most a third of the runs."""
    rng = np.random.default_rng(n)
    parameters: dict[str, list[Any]] = {name: rng.uniform(size=n).tolist() for name in names}
    kind = ["x" if v < 0.6 else "y" for v in rng.uniform(size=n)]
    y = np.array(parameters["a"]) + 0.4 * np.array([k == "y" for k in kind]) + 0.7 * rng.standard_normal(n)
    y[3] = math.inf
    y[7] = 90.0
    found = contrasts({**parameters, "kind": kind}, y)
    assert (degree * len(names) + 1) * 3 <= n
    assert degree == 6 or ((degree + 2) * len(names) + 1) * 3 > n
    raw = {}
    for name in (*names, "kind"):
        held = [held_curve(parameters[o], degree) for o in names if o != name]
        held += [dummies(kind)] if name != "kind" else []
        fixed = np.column_stack([np.ones(n), *held])
        level = thirds(parameters[name]) if name != "kind" else [int(k == "y") for k in kind]
        full = np.column_stack([fixed, dummies(level)])
        left = [
            float(((ranked(y) - m @ np.linalg.lstsq(m, ranked(y), rcond=None)[0]) ** 2).sum()) for m in (fixed, full)
        ]
        degrees = n - np.linalg.matrix_rank(full)
        more = np.linalg.matrix_rank(full) - np.linalg.matrix_rank(fixed)
        raw[name] = float(f_distribution.sf((left[0] - left[1]) / more / (left[1] / degrees), more, degrees))
        for c in by_name(found, name):
            low, high = ((level[(parameters | {"kind": kind})[name].index(v)]) for v in (c.low, c.high))
            effect, error, degrees = fitted(fixed, level, fence(y), low, high)
            half = t.ppf(1 - 0.025 / (2 * len(names) + 1), degrees) * error
            assert c.effect == pytest.approx(effect)
            assert c.interval == (pytest.approx(effect - half), pytest.approx(effect + half))
            assert (c.matched, c.runs) == (0, n)
    # Holm: the smallest of k is multiplied by k, the next by k - 1, and none is less than the one before.
    least, corrected = 0.0, {}
    for k, name in enumerate(sorted(raw, key=lambda name: raw[name])):
        least = max(least, min(1.0, raw[name] * (len(raw) - k)))
        corrected[name] = least
    assert {c.parameter: c.p for c in found.contrasts} == pytest.approx(corrected)
    for name in names:
        # Each third stands for its median, the lower one of two.
        inside = [
            sorted(v for v, g in zip(parameters[name], thirds(parameters[name]), strict=True) if g == k)
            for k in range(3)
        ]
        shown = {v for c in by_name(found, name) for v in (c.low, c.high)}
        assert shown == {values[(len(values) - 1) // 2] for values in inside}


def test_drawn_permutations_are_counted_with_the_one_that_was_observed() -> None:
    """Ten runs against ten that all lie above them: none of 1999 orders is as extreme."""
    y = np.arange(20.0)
    (found,) = contrasts({"lr": [0.1] * 10 + [0.2] * 10}, y).contrasts
    assert found.p == 1 / 2000
    # Three against three: two of twenty orders are.
    (few,) = contrasts({"lr": [0.1] * 3 + [0.2] * 3}, np.arange(6.0)).contrasts
    assert few.p == pytest.approx(0.1, abs=0.025)


def test_drawn_permutations_of_a_regression() -> None:
    """Forty runs of a random search: about what Fisher's distribution says, which holds for more of them."""
    rng = np.random.default_rng(1)
    a, b = rng.uniform(size=(2, 40))
    for strength in (0.0, 0.5, 5.0):
        y = strength * a + rng.standard_normal(40)
        found = contrasts({"a": a.tolist(), "b": b.tolist()}, y)
        rank = ranked(y)
        p = {}
        for name, ours, other in (("a", a, b), ("b", b, a)):
            fixed = held_curve(other, 6)
            full = np.column_stack([fixed, dummies(thirds(ours))])
            left = [float(((rank - m @ np.linalg.lstsq(m, rank, rcond=None)[0]) ** 2).sum()) for m in (fixed, full)]
            p[name] = float(f_distribution.sf((left[0] - left[1]) / 2 / (left[1] / 31), 2, 31))
        first, second = sorted(p, key=lambda name: p[name])
        corrected = {first: min(1.0, 2 * p[first]), second: max(min(1.0, 2 * p[first]), p[second])}
        for c in found.contrasts:
            assert c.p == pytest.approx(corrected[c.parameter], abs=0.05)
            assert c.p >= 1 / 2000


@pytest.mark.parametrize(
    "runs",
    [
        # Of each rate at each width. Two are compared without the third where that leaves six degrees of freedom.
        [[3], [3], [3]],
        [[4], [4], [4]],
        # At the second width a rate is missing, or all but one are.
        [[5, 4], [5, 4], [5, 0]],
        [[6, 5], [6, 0], [6, 0]],
        [[4, 1], [4, 3], [1, 4]],
        [[4, 1], [4, 0], [1, 4]],
    ],
)
def test_two_values_are_compared_where_both_are_and_alone_where_that_is_enough(runs: list[list[int]]) -> None:
    rng = np.random.default_rng(3)
    rows = [(r, w) for r, widths in enumerate(runs) for w, count in enumerate(widths) for _ in range(count)]
    rate, width = (list(values) for values in zip(*rows, strict=True))
    y = fence(np.array(rate) + 0.3 * np.array(width) + np.array([0.1, 0.2, 0.4])[rate] * rng.standard_normal(len(rows)))
    parameters = {"lr": [10.0**r for r in rate], "width": [32 + w for w in width]}
    found = contrasts({name: values for name, values in parameters.items() if len(set(values)) > 1}, y)
    assert by_name(found, "lr")
    for c in by_name(found, "lr"):
        low, high = int(np.log10(c.low)), int(np.log10(c.high))
        blocks = [{r for r, v in rows if v == w} for w in range(2)]
        direct = [i for i, (r, w) in enumerate(rows) if blocks[w] >= {low, high} and r in (low, high)]
        mixed = [i for i, (_, w) in enumerate(rows) if len(blocks[w]) > 1]
        free = len(direct) - len({width[i] for i in direct}) - 1
        taken = direct if free >= 6 else mixed
        held = dummies([width[i] for i in taken])
        effect, error, degrees = fitted(held, [rate[i] for i in taken], y[taken], low, high)
        half = t.ppf(1 - 0.025 / len(found.contrasts), degrees) * error
        assert c.effect == pytest.approx(effect)
        assert c.interval == (pytest.approx(effect - half), pytest.approx(effect + half))
        pairs = sum(a == (low, w) and b == (high, w) for a in rows for b in rows for w in range(2))
        assert (c.matched, c.runs) == (pairs, len(mixed))


@pytest.mark.parametrize(
    ("ones", "twos", "others", "held"),
    [
        # Two parameters: 80 ways to lie are needed for p = .05 after the correction. There are 70, 84, 126.
        (4, 4, 10, False),
        (3, 6, 10, True),
        (4, 5, 10, True),
        # And a third of all runs: nine of 27, and of 28.
        (4, 5, 18, True),
        (4, 5, 19, False),
    ],
)
def test_enough_runs_that_differ_in_one_parameter_alone_are_compared_among_themselves(
    ones: int, twos: int, others: int, held: bool
) -> None:
    """The others have a rate of their own, so that nothing is to be compared with them but by regression."""
    a = [1] * ones + [2] * twos + [1 + k % 2 for k in range(others)]
    rate = [0.5] * (ones + twos) + [2.0**k for k in range(others)]
    found = contrasts({"a": a, "rate": rate}, np.random.default_rng(0).standard_normal(len(a)))
    (c,) = by_name(found, "a")
    assert (c.matched > 0) == held
    assert c.runs == (ones + twos if held else ones + twos + others)


def test_a_regression_of_configurations_by_hand() -> None:
    """Some have several seeds, and are one value, their mean; some have a word for a number, or nothing."""
    rng = np.random.default_rng(9)
    n = 140
    rate, momentum = rng.uniform(size=(2, n)).tolist()
    # Mostly numbers, two words, and a tenth that was not logged.
    decay = [[*(2.0**power for power in range(8)), "auto", "off", None][int(rng.integers(11))] for _ in range(n)]
    kind = [["x", "y", None][int(rng.integers(3))] if k % 2 else "x" for k in range(n)]
    seeds = [1 + k % 3 for k in range(n)]
    y = np.array(rate) + 0.5 * np.array([k == "y" for k in kind]) + 0.5 * rng.standard_normal(n)
    at = np.repeat(np.arange(n), seeds)
    each = y[at] + 0.2 * rng.standard_normal(at.size)
    parameters = {"rate": rate, "momentum": momentum, "decay": decay, "kind": kind}
    repeat = np.concatenate([np.arange(k) for k in seeds]).tolist()
    runs = {name: [values[i] for i in at] for name, values in parameters.items()} | {"seed": repeat}
    found = contrasts(runs, each, ["seed"])

    def mean(values: FloatArray) -> FloatArray:
        return np.array([values[at == k].mean() for k in range(n)])

    numbers = np.array([isinstance(v, float) for v in decay])
    curved = np.zeros((n, 7))
    curved[numbers] = held_curve([v for v in decay if isinstance(v, float)], 6)
    held = {
        "rate": held_curve(rate, 6),
        "momentum": held_curve(momentum, 6),
        "decay": np.column_stack([curved, *([v == word for v in decay] for word in ("auto", "off"))]),
        "kind": np.column_stack([[v == word for v in kind] for word in ("x", "y")]),
    }
    # Into thirds of the runs, not of the configurations.
    every = [v for v in runs["decay"] if isinstance(v, float)]
    third = dict(zip(every, thirds(every), strict=True)) | {"auto": 3, "off": 4, None: -1}
    levels: dict[str, list[int]] = {
        **{
            name: [dict(zip(runs[name], thirds(runs[name]), strict=True))[v] for v in parameters[name]]
            for name in ("rate", "momentum")
        },
        "decay": [third[v] for v in decay],
        "kind": [{"x": 0, "y": 1, None: -1}[v] for v in kind],
    }
    least, corrected, raw = 0.0, {}, {}
    clipped, rank = mean(fence(each)), mean(ranked(each))
    for name, level in levels.items():
        known = np.array(level) >= 0
        fixed = np.column_stack([np.ones(n), *(columns for other, columns in held.items() if other != name)])[known]
        ours = [v for v in level if v >= 0]
        full = np.column_stack([fixed, dummies(ours)])
        left = [rank[known] - m @ np.linalg.lstsq(m, rank[known], rcond=None)[0] for m in (fixed, full)]
        without, with_it = (float(v @ v) for v in left)
        more = np.linalg.matrix_rank(full) - np.linalg.matrix_rank(fixed)
        free = len(ours) - np.linalg.matrix_rank(full)
        raw[name] = float(f_distribution.sf((without - with_it) / more / (with_it / free), more, free))
        for c in by_name(found, name):
            low, high = (level[parameters[name].index(v)] for v in (c.low, c.high))
            effect, error, degrees = fitted(fixed, ours, clipped[known], low, high)
            half = t.ppf(1 - 0.025 / 9, degrees) * error
            assert c.effect == pytest.approx(effect)
            assert c.interval == (pytest.approx(effect - half), pytest.approx(effect + half))
            assert (c.matched, c.runs) == (0, sum(seeds[k] for k in np.flatnonzero(known)))
    for k, name in enumerate(sorted(raw, key=lambda name: raw[name])):
        least = max(least, min(1.0, raw[name] * (4 - k)))
        corrected[name] = least
    assert {c.parameter: c.p for c in found.contrasts} == pytest.approx(corrected)
    assert len(found.contrasts) == 2 + 2 + 4 + 1


def test_two_thirds_of_the_runs_at_the_largest_value_are_held_against_the_others() -> None:
    values = [*(0.1 * k for k in range(8)), *[9.0] * 20]
    found = contrasts({"a": values}, np.random.default_rng(0).standard_normal(28))
    assert [(c.low, c.high, c.matched) for c in found.contrasts] == [(pytest.approx(0.3), 9.0, 160)]


@pytest.mark.parametrize(
    "varied", [lambda seed, _: seed // 2, lambda seed, k: f"{seed} {k // 8}"], ids=["coarser", "finer"]
)
def test_what_follows_from_a_seed_or_decides_it_is_left_out(varied: Callable[[int, int], Any]) -> None:
    seeds = [k % 4 for k in range(16)]
    parameters = {"split": [varied(seed, k) for k, seed in enumerate(seeds)], "seed": seeds}
    found = contrasts(parameters, np.random.default_rng(0).standard_normal(16), ["seed"])
    assert found.left_out["split"] == "always varied together with seed"


def test_two_seeds_are_enough_to_be_taken_for_them_and_one_is_none() -> None:
    y = np.random.default_rng(0).standard_normal(16)
    split = [k % 2 for k in range(16)]
    assert "split" in contrasts({"split": split, "seed": split}, y, ["seed"]).left_out
    assert "split" not in contrasts({"split": split, "seed": [0] * 16}, y, ["seed"]).left_out


# ---- from values to levels


def reason(values: list[Any]) -> str | None:
    parameters, y = grid()
    return contrasts({**parameters, "odd": values}, y, ["seed"]).left_out.get("odd")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        # Numbers of runs, one after another, and times of ten digits; numbers with gaps are a search.
        (list(range(18)), "differs in every run"),
        ([k + 0.5 for k in range(18)], None),
        ([2 * k for k in range(18)], None),
        ([10**9 + 7 * k for k in range(18)], "differs in every run"),
        ([10**9 - 1 + 7 * k for k in range(18)], None),
        ([None] * 3 + list(range(15)), "differs in every run where it is logged"),
        ([None] * 3 + [2 * k for k in range(15)], None),
        # Logged in more than half of the runs.
        ([None] * 8 + [1, 2] * 5, None),
        ([None] * 9 + [1, 2, 1] * 3, "missing in half of the runs"),
        # Twelve words, and thirteen; of numbers there may be more.
        ([f"w{min(k, 11)}" for k in range(18)], None),
        ([f"w{min(k, 12)}" for k in range(18)], "13 different words"),
        ([f"w{min(k, 12)}/" for k in range(18)], "13 different lists or paths"),
        ([f"[{min(k, 12)}]" for k in range(18)], "13 different lists or paths"),
        ([f"w\\{min(k, 12)}" for k in range(18)], "13 different lists or paths"),
        ([[min(k, 12)] for k in range(18)], "13 different lists or paths"),
        ([math.nan] * 3 + [1] * 15, "only one value where it is logged"),
        ([math.nan] * 18, "only one value"),
    ],
)
def test_what_is_looked_at(values: list[Any], said: str | None) -> None:
    found = reason(values)
    told = ("decides", "18 configurations", "does not vary")
    assert found == said or (said is None and found is not None and found.startswith(told))


@pytest.mark.parametrize(("count", "levels"), [(6, 6), (7, 3)])
def test_numbers_of_more_than_six_values_are_cut_into_thirds(count: int, levels: int) -> None:
    values = [2.0 ** (k % count) for k in range(84)]
    found = contrasts({"a": values}, np.random.default_rng(0).standard_normal(84))
    shown = {v for c in found.contrasts for v in (c.low, c.high)}
    assert len(shown) == levels
    if levels == 3:
        # Twelve of each: the 28th is the third value, the 56th the fifth, which are the last of their thirds.
        assert shown == {2.0, 8.0, 32.0}


def test_words_beside_numbers_are_levels_of_their_own() -> None:
    values = [[*(float(2**k) for k in range(8)), "auto", "off"][k % 10] for k in range(100)]
    found = contrasts({"a": values}, np.arange(100.0) % 10)
    shown = [c.low for c in found.contrasts] + [c.high for c in found.contrasts]
    assert {v for v in shown if isinstance(v, str)} == {"auto", "off"}
    assert len({v for v in shown if not isinstance(v, str)}) == 3


def test_true_is_not_one_and_one_is_one_however_it_is_written() -> None:
    (found,) = contrasts(
        {"a": [1, 1.0, "1", "1.0", 2, "2", 2.0, "2.0"]}, np.array([0.0, 1, 2, 3, 10, 11, 12, 13])
    ).contrasts
    assert (float(found.low), float(found.high), found.matched) == (1.0, 2.0, 16)
    two = contrasts({"a": [True, True, 1, 1]}, np.array([0.0, 1, 5, 6])).contrasts
    assert [(c.low, c.high) for c in two] == [(1, True)]


def test_most_of_the_runs_at_the_largest_value_leave_two_levels() -> None:
    values = [*(0.1 * k for k in range(8)), *[9.0] * 16]
    found = contrasts({"a": values}, np.random.default_rng(0).standard_normal(24))
    assert [(c.low, c.high) for c in found.contrasts] == [(pytest.approx(0.3), 9.0)]


# ---- what cannot be told apart


def test_the_seed_decides_only_where_many_runs_share_it() -> None:
    y = np.random.default_rng(0).standard_normal(16)
    split = [f"fold {k % 8}" for k in range(16)]
    assert contrasts({"split": split, "seed": [k % 8 for k in range(16)]}, y, ["seed"]).left_out["split"] == (
        "always varied together with seed"
    )
    # Nine seeds of sixteen runs: more than one for every two.
    nine = [k % 8 if k else 8 for k in range(16)]
    assert (
        contrasts({"split": split, "seed": nine}, y, ["seed"]).left_out.get("split")
        != "always varied together with seed"
    )


def test_what_follows_from_one_other_is_looked_at_with_it_and_from_two_with_neither() -> None:
    a, b, repeat = crossed(3, 3, 4)
    y = np.random.default_rng(0).standard_normal(36)
    found = contrasts({"a": a, "b": b, "zero": [x == 0 for x in a], "seed": repeat}, y, ["seed"])
    assert found.aliased == (("a", "zero"),)
    kept = [i for i in range(36) if (a[i] == 0) == (b[i] == 0)]
    parameters = {"a": a, "b": b, "zero": [x == 0 for x in a]}
    two = contrasts({name: [values[i] for i in kept] for name, values in parameters.items()}, y[kept])
    assert two.left_out["zero"] == "is determined by a and by b"
    assert {c.parameter for c in two.contrasts} == {"a", "b"}
    assert two.aliased == ()


def test_the_parameters_that_split_the_runs_most_evenly_are_looked_at() -> None:
    rng = np.random.default_rng(0)
    n = 240
    shares = {f"p{k:02d}": 0.5 - 0.007 * k for k in range(60)}
    parameters = {name: (rng.permutation(n) < share * n).tolist() for name, share in shares.items()}
    found = contrasts(parameters, rng.standard_normal(n))
    assert {name for name in shares if found.left_out.get(name, "").startswith("beyond the 50")} == {
        f"p{k:02d}" for k in range(50, 60)
    }


def test_so_many_configurations_do_not_tell_so_many_parameters_apart() -> None:
    """A quarter of the configurations, three at least, is left to tell the error."""
    rng = np.random.default_rng(0)
    for n, most in ((12, 8), (40, 29)):
        parameters = {f"p{k:02d}": rng.permutation(np.arange(n) < n / 2).tolist() for k in range(35)}
        found = contrasts(parameters, rng.standard_normal(n))
        crowded = [
            name
            for name, why in found.left_out.items()
            if why == f"{n} configurations are too few to separate so many parameters"
        ]
        assert len(parameters) - len(crowded) == most
