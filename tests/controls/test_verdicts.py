"""What the controls say of networks that are trained for real, and of metrics that a function makes up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.controls.networks import blobs, train
from tracker_diag.controls import learning_rate_range, random_input, tiny_subset

CONFIG = {"lr": 0.3, "epochs": 15, "batch_size": 32}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("shuffled", "ignores", "expected"),
    [
        (False, False, ("input-used", "learned", "found")),
        (True, False, ("input-ignored", "learned", "nothing-learned")),
        (False, True, ("input-ignored", "not-learned", "nothing-learned")),
    ],
    ids=["sound", "shuffled labels", "ignores its input"],
)
def test_each_network_is_told_for_what_it_is(
    seed: int, shuffled: bool, ignores: bool, expected: tuple[str, ...]
) -> None:
    data, config = blobs(seed, shuffled=shuffled), {**CONFIG, "seed": seed, "ignores": ignores}
    answers = (
        random_input(train, config, data, seed=seed),
        tiny_subset(train, config, data, seed=seed),
        learning_rate_range(train, config, data),
    )
    assert tuple(answer.verdict for answer in answers) == expected, [str(answer) for answer in answers]
    assert all(answer.runs == () and str(answer) == answer.says for answer in answers)


def test_a_seed_gives_the_same_answer_again() -> None:
    first, again = (random_input(train, {**CONFIG, "seed": 0}, blobs(), seed=5) for _ in range(2))
    assert first == again
    assert first != random_input(train, {**CONFIG, "seed": 0}, blobs(), seed=6)


def test_what_ran_before_is_not_trained_again() -> None:
    seen = []

    def counted(config: Any, data: Any) -> Any:
        seen.append(data)
        return train(config, data)

    config = {**CONFIG, "seed": 0}
    answer = random_input(counted, config, blobs(), real=list(train(config, blobs())))
    assert answer.verdict == "input-used"
    assert len(seen) == 3
    real = blobs()
    for (x, y), (x_val, y_val) in seen:
        assert not np.isclose(x, real[0][0]).any(axis=1).any()
        assert not np.isclose(x_val, real[1][0]).any(axis=1).any()
        np.testing.assert_array_equal(y, real[0][1])
        np.testing.assert_array_equal(y_val, real[1][1])


def test_the_level_of_chance_is_kept_where_input_says_nothing() -> None:
    """One real result among exchangeable ones is taken for better in no more than the stated 1 of 100 cases."""
    rng = np.random.default_rng(0)
    data = (np.zeros((10, 1)), np.zeros(10))
    verdicts = [random_input(lambda c, d: {"val_loss": rng.normal(5, 1)}, {}, data).verdict for _ in range(1000)]
    # 99.9 % of counts under a rate of 0.01 are at most 21.
    assert verdicts.count("input-used") <= 21
    assert verdicts.count("input-ignored") >= 900


def test_an_accuracy_is_better_only_beyond_its_sampling_error() -> None:
    def scored(real: float, held_out: int) -> str:
        values = iter([real, 0.5, 0.5, 0.5])
        data = ((np.zeros((10, 1)), np.zeros(10)), (np.zeros((held_out, 1)), np.zeros(held_out)))
        return random_input(lambda c, d: {"val_accuracy": next(values)}, {}, data).verdict

    assert scored(0.55, 50) == "input-ignored"
    assert scored(0.55, 100_000) == "input-used"


@pytest.mark.parametrize(
    ("real", "random", "verdict"),
    [
        ({"train_loss": [2.0, 0.1]}, {"train_loss": [2.0, 0.1]}, "inconclusive"),
        ({"train_loss": [2.0, 1.9]}, {"train_loss": [2.0, 1.9]}, "input-ignored"),
        ({"val_loss": [2.0, math.nan]}, {"val_loss": [math.nan, math.nan]}, "inconclusive"),
        ({"val_loss": [2.0, 0.1]}, {"val_loss": [2.0, 1.9]}, "input-used"),
        ({"val_loss": [20.0, 1.0]}, {"val_loss": [20.0, 1.1]}, "input-ignored"),  # 99 % comes without the input
        ({"val_r2": [0.0, 0.9]}, {"val_r2": [0.0, 0.05]}, "input-used"),
    ],
)
def test_of_one_draw_only_what_is_plain_is_said(real: Any, random: Any, verdict: str) -> None:
    answer = random_input(lambda c, d: random, {}, (np.zeros((4, 1)), np.zeros(4)), real=real, draws=1)
    assert answer.verdict == verdict, answer.says


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_random_input_does_not_depend_on_the_unit_of_the_loss(scale: float) -> None:
    def scaled(config: Any, data: Any) -> Any:
        return {"val_loss": [scale * row["val_loss"] for row in train(config, data)]}

    answer = random_input(scaled, {**CONFIG, "seed": 0}, blobs())
    assert answer.verdict == "input-used"
    assert answer.real / scale == pytest.approx(random_input(scaled, {**CONFIG, "seed": 0}, blobs()).real / scale)


@pytest.mark.parametrize(
    ("metrics", "verdict"),
    [
        ({"train_loss": [1.1, 0.5, 0.01]}, "learned"),
        ({"train_loss": [1.1, 1.0, 1.0, 1.0]}, "not-learned"),
        ({"train_loss": [50.0, 1.1, 1.1, 1.1]}, "not-learned"),  # it only came down to guessing
        ({"train_loss": [1.1, 0.9, 0.7, 0.5, 0.4, 0.3, 0.25, 0.2]}, "inconclusive"),  # still falling
        ({"train_loss": [1.1, 0.5, 0.5, 0.5, 0.4, 0.4, 0.4, 0.4]}, "inconclusive"),  # learned in part
        ({"train_loss": [math.nan, math.nan]}, "not-learned"),
        ({"train_loss": [1.1, 0.9, 0.9, 0.9], "val_accuracy": [0.3, 1.0, 1.0, 1.0]}, "learned"),  # label smoothing
        ({"train_accuracy": [30.0, 100.0]}, "learned"),
        ({"train_accuracy": [0.3, 0.9]}, "not-learned"),
        ({"nll": [1.0, -3.0]}, "inconclusive"),
    ],
)
def test_a_tiny_subset_is_judged_by_what_is_returned(metrics: Any, verdict: str) -> None:
    data = (np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 3)
    answer = tiny_subset(lambda config, data: metrics, {}, data)
    assert answer.verdict == verdict, answer.says


def test_a_loss_that_comes_down_to_the_variance_of_the_targets_is_not_learned() -> None:
    y = 100 + np.random.default_rng(0).normal(size=60)
    in_part = tiny_subset(lambda c, data: {"train_mse": [10.0] + 3 * [0.4 * data[1].var()]}, {}, (np.zeros((60, 2)), y))
    assert in_part.verdict == "inconclusive"
    standing = tiny_subset(lambda c, data: {"train_mse": [10_000.0, 5.0, data[1].var()]}, {}, (np.zeros((60, 2)), y))
    learned = tiny_subset(lambda c, data: {"train_mse": [10_000.0, 5.0, 0.01]}, {}, (np.zeros((60, 2)), y))
    assert (standing.verdict, learned.verdict) == ("not-learned", "learned")


def test_a_tiny_subset_holds_every_class_and_is_its_own_validation() -> None:
    x = np.arange(1000.0)[:, None]
    y = np.where(np.arange(1000) < 990, 0, np.arange(1000) - 990)
    seen = []
    answer = tiny_subset(
        lambda c, d: seen.append(d) or {"loss": [1.0, 0.0]}, {}, {"train": (x, y), "val": (x, y)}, n=12
    )
    (given,) = seen
    assert (answer.n, answer.classes) == (12, 10)
    assert set(given["train"][1]) == set(range(10))
    for side in (0, 1):
        np.testing.assert_array_equal(given["train"][side], given["val"][side])
    assert (y[given["train"][0].ravel().astype(int)] == given["train"][1]).all()


def test_a_tiny_subset_gets_as_many_updates_as_all_of_the_data() -> None:
    seen = []
    data = (np.zeros((640, 1)), np.arange(640) % 2)
    for config in (
        {"epochs": 30, "batch_size": 32},
        {"epochs": 5, "batch_size": 32},
        {"trainer": {"max_epochs": 200}},
        {"epochs": 5000},
        {"lr": 1},
    ):
        tiny_subset(lambda c, d: seen.append(c) or {"loss": [1.0, 0.0]}, config, data)
    assert seen == [
        {"epochs": 600, "batch_size": 32},
        {"epochs": 300, "batch_size": 32},
        {"trainer": {"max_epochs": 1000}},
        {"epochs": 5000},
        {"lr": 1},
    ]


def test_what_may_forbid_learning_by_heart_is_named() -> None:
    data = (np.zeros((60, 2)), np.arange(60) % 3)
    answer = tiny_subset(lambda c, d: {"loss": [1.0, 1.0]}, {"dropout": 0.5, "weight_decay": 0.0}, data)
    assert "dropout 0.5" in answer.says
    assert "weight decay" not in answer.says


def parabola(config: dict[str, Any], data: Any) -> Any:
    w = 1.0
    for _ in range(config["epochs"]):
        yield {"train_loss": w * w}
        w -= config["optimizer"]["lr"] * 2 * w


def test_the_ladder_stops_after_two_explosions_and_trains_briefly() -> None:
    seen = []

    def counted(config: dict[str, Any], data: Any) -> Any:
        seen.append((config["optimizer"]["lr"], config["epochs"]))
        return parabola(config, data)

    config = {"optimizer": {"lr": 0.1}, "epochs": 200}
    answer = learning_rate_range(counted, config, None, rates=[3, 0.01, 0.1, 0.9, 2, 30])
    assert [rate for rate, _ in seen] == [0.01, 0.1, 0.9, 2, 3]
    assert {epochs for _, epochs in seen} == {20}
    assert [rung.state for rung in answer.rungs] == ["fine", "fine", "fine", "exploded", "exploded"]
    assert (answer.verdict, answer.highest, answer.proposed) == ("found", 0.9, 0.09)
    assert config == {"optimizer": {"lr": 0.1}, "epochs": 200}


def test_a_rate_that_breaks_training_has_exploded_but_a_broken_training_is_no_rate() -> None:
    def train(config: dict[str, Any], data: Any) -> Any:
        if config["lr"] > broken:
            raise ValueError("non-finite parameter weights")
        return {"train_loss": [1.0, 0.5]}

    broken = 0.5
    answer = learning_rate_range(train, {"lr": 1}, None)
    assert (answer.highest, answer.rungs[-1].state, len(answer.rungs)) == (0.32, "exploded", 12)
    broken = 0.0
    with pytest.raises(ValueError, match="non-finite"):
        learning_rate_range(train, {"lr": 1}, None)


@pytest.mark.parametrize(
    ("loss", "verdict"),
    [
        (lambda rate: [1.0, 1.0 - min(rate, 0.9)], "none-exploded"),
        (lambda rate: [math.inf, math.nan], "all-exploded"),
        (lambda rate: [1.0, 1.0], "nothing-learned"),
        (lambda rate: [1.0, 0.2 if rate < 0.01 else 0.999], "found"),  # collapsed: dead units, no explosion
    ],
)
def test_ladders_without_an_explosion_inside(loss: Any, verdict: str) -> None:
    answer = learning_rate_range(lambda config, data: {"train_loss": loss(config["lr"])}, {"lr": 1}, None)
    assert answer.verdict == verdict, answer.says
    assert answer.passed == (verdict in ("found", "none-exploded"))


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ({1e-5: 9000.0, 0.01: 900.0, 0.1: 1.0}, "nothing-learned"),  # down to the variance of the targets, no further
        ({1e-5: 9000.0, 0.01: 900.0, 0.1: 0.1, 1.0: 1.0}, "found"),  # and back to it
    ],
)
def test_a_ladder_of_a_regression_is_held_against_the_variance_of_its_targets(ends: Any, verdict: str) -> None:
    y = 100 + np.random.default_rng(0).normal(size=400)
    metrics = {rate: {"train_mse": [10_000.0, end]} for rate, end in ends.items()}
    answer = learning_rate_range(lambda c, d: metrics[c["lr"]], {"lr": 1}, (np.zeros((400, 1)), y), rates=list(ends))
    assert answer.verdict == verdict, answer.says


def test_clipped_gradients_are_told() -> None:
    answer = learning_rate_range(lambda c, d: {"loss": [1.0, 0.1]}, {"lr": 1, "grad_clip_norm": 0.5}, None)
    assert "clipped at 0.5" in answer.says


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: learning_rate_range(train, {"epochs": 3}, None), ValueError, "name="),
        (lambda: learning_rate_range(train, {"lr": 1}, None, name="optimizer.lr"), ValueError, "no entry"),
        (lambda: learning_rate_range(train, {"lr": 1}, None, rates=[0.0]), ValueError, "positive"),
        (lambda: learning_rate_range(lambda c, d: {"acc": 1.0}, {"lr": 1}, None), ValueError, "no loss"),
        (lambda: tiny_subset(train, {}, blobs(), n=301), ValueError, "n=301: give a number from 2 to 300"),
        (lambda: tiny_subset(lambda c, d: {"lr": 1.0}, {}, blobs()), ValueError, "neither a loss"),
        (lambda: tiny_subset(lambda c, d: None, {}, blobs()), TypeError, "without metrics"),
        (lambda: random_input(lambda c, d: {}, {}, blobs()), TypeError, "without metrics"),
        (lambda: random_input(train, {}, blobs(), draws=0), ValueError, "draws"),
        (lambda: random_input(train, {}, blobs(), real={"loss": 1}, of="x"), ValueError, "not both"),
        (lambda: random_input("os.system", {}, blobs()), TypeError, "package.module:function"),
        (lambda: random_input(3, {}, blobs()), TypeError, "give a function"),  # type: ignore[arg-type]
        (lambda: random_input(train, 3, blobs()), TypeError, "mapping"),  # type: ignore[arg-type]
        (lambda: random_input(train, {}, (np.zeros((0, 1)), np.zeros(0))), ValueError, "one of the data sets is empty"),
    ],
)
def test_what_cannot_be_done_is_said(call: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        call()


def test_a_function_may_be_named() -> None:
    answer = tiny_subset("tests.controls.networks:train", {**CONFIG, "seed": 0}, blobs())
    assert answer.verdict == "learned"


def test_a_transform_of_the_users_own_is_taken() -> None:
    data = object()
    answer = random_input(
        lambda c, d: {"val_loss": 1.0 if d is data else d}, {}, data, transform=lambda d, rng: rng.normal(9)
    )
    assert answer.verdict == "input-used"
    assert tiny_subset(lambda c, d: {"loss": d}, {}, data, transform=lambda d, rng: [1.0, 0.0]).verdict == "learned"
