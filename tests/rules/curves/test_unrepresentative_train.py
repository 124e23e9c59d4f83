"""LC105 unrepresentative-train."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, falling, found, gap, healthy, judge, noise


def test_both_settle_with_a_large_gap() -> None:
    report = judge(gap())
    finding = found(report, "LC105")
    assert report.verdict == "unrepresentative-train"
    assert finding is not None
    assert finding.severity == "warning"
    assert finding.evidence["gap"] == pytest.approx(0.7 / (np.log(10) - 0.2), abs=0.03)
    assert finding.evidence["gap_low"] < finding.evidence["gap"] < finding.evidence["gap_high"]


def test_a_gap_that_the_scores_do_not_share() -> None:
    accuracy = 0.95 - 0.85 * np.exp(-np.arange(EPOCHS) / 4)
    curves = gap() | {"train_accuracy": accuracy, "val_accuracy": accuracy - 0.02}
    assert found(judge(curves), "LC105") is None


def test_a_small_gap_is_none() -> None:
    curves = healthy()
    curves["val_loss"] = curves["val_loss"] + 0.2
    assert found(judge(curves), "LC105") is None


def test_a_gap_that_noise_could_make_is_none() -> None:
    curves = gap()
    rng = np.random.default_rng(0)
    curves["val_loss"] = 0.8 + 0.8 * rng.standard_normal(EPOCHS)
    curves["val_loss"][:3] = 2.3
    assert found(judge(curves, {"n_val": 5000}), "LC105") is None


def test_a_gap_that_is_small_beside_the_loss_itself_is_none_where_the_start_says_little() -> None:
    level = np.exp(-np.arange(EPOCHS) / 4)
    curves = {"train_loss": 0.3 + 0.05 * level, "val_loss": 0.33 + 0.05 * level}
    report = judge(curves, {"num_classes": None})
    assert found(report, "LC105") is None
    assert report.verdict == "good-fit"


def test_trees_learn_their_training_set_by_heart() -> None:
    rounds = np.arange(EPOCHS)
    curves = {"train-logloss": 0.18 + 0.51 * np.exp(-rounds / 20), "eval-logloss": 0.38 + 0.31 * np.exp(-rounds / 12)}
    params = {"num_classes": None, "max_depth": 6, "tree_method": "hist", "num_boost_round": EPOCHS}
    assert judge(curves, params).verdict == "good-fit"
    plain = {"train_loss": curves["train-logloss"], "val_loss": curves["eval-logloss"]}
    assert judge(plain, {"num_classes": None}).verdict == "unrepresentative-train"


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC105") is None


def test_an_accuracy_near_a_perfect_one_leaves_no_room_for_a_gap() -> None:
    """Training goes to nothing and validation rests at .25, with 93 % right."""
    curves = {"train_loss": falling(0.02, 6, start=0.4), "val_loss": 0.25 + falling(0.0, 5, start=0.04)}
    unknown = {"num_classes": None}
    assert found(judge(curves, unknown), "LC105") is not None
    for accuracy, silent in ((0.93, True), (0.7, False)):
        report = judge({**curves, "val_accuracy": np.full(EPOCHS, accuracy) + noise(0.003, 3)}, unknown)
        assert (found(report, "LC105") is None) == silent


@pytest.mark.parametrize("whole", [1.0, 100.0])
def test_a_rate_of_errors_leaves_no_room_either(whole: float) -> None:
    curves = {"train_loss": falling(0.02, 6, start=0.4), "val_loss": 0.25 + falling(0.0, 5, start=0.04)}
    errors = {"val_error_rate": whole * (np.full(EPOCHS, 0.155) + noise(0.003, 3))}
    assert found(judge({**curves, **errors}, {"num_classes": None}), "LC105") is None


@pytest.mark.parametrize(
    ("train_end", "score_end", "params", "seen"),
    [
        (0.05, 0.25, {}, True),
        (0.5, 0.25, {}, False),
        (0.05, 0.27, {}, False),
        (0.05, 0.25, {"num_classes": 4}, True),
        # Of a hundred classes that is 25 times guessing.
        (0.05, 0.25, {"num_classes": 100}, False),
    ],
)
def test_an_accuracy_alone_that_stays_that_of_guesses_while_training_learned_by_heart(
    train_end: float, score_end: float, params: dict[str, Any], seen: bool
) -> None:
    at = np.arange(EPOCHS)
    train = train_end + (1.3 - train_end) * np.exp(-at / 12)
    score = np.where(at < 1, score_end, score_end - 0.01) if score_end < 0.26 else 0.22 + 0.05 * at / EPOCHS
    curves = {"train_loss": train, "val_accuracy": score + noise(0.002, 1)}
    finding = found(judge(curves, {"num_classes": None, **params}), "LC105")
    assert (finding is not None and "the model memorises the training set" in finding.message) == seen
