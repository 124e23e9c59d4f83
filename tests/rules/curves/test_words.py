"""Names, levels, steps and effects as sentences on curves say them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tracker_diag.evidence.curve import Curve
from tracker_diag.roles.metric import LOSS, SCORE, Metric
from tracker_diag.rules.curves._words import at, best, compared, end, level, named, of_fall, undoes, uninformed

ACCURACY = Metric("accuracy", "max", "share", 1.0)
NATS, BITS = Metric("cross-entropy", "min", "nats", 0.0), Metric("cross-entropy", "min", "bits", 0.0)


def curve(metric: Metric = LOSS, role: str = "train_loss") -> Curve:
    return Curve("m", np.arange(2.0), np.zeros(2), metric, role)


def course(values: list[float], metric: Metric = LOSS, role: str = "train_loss") -> Curve:
    return Curve("m", np.arange(float(len(values))), np.array(values), metric, role)


@pytest.mark.parametrize(
    ("metric", "role", "name"),
    [
        (LOSS, "train_loss", "training loss"),
        (NATS, "val_loss", "validation loss"),
        (ACCURACY, "val_score", "validation accuracy"),
        (Metric("overlap", "max"), "val_score", "validation score"),
        (SCORE, "train_score", "training score"),
        (Metric("error rate", "min"), "val_score", "validation error"),
        (Metric("perplexity", "min"), "val_score", "validation perplexity"),
    ],
)
def test_a_curve_has_a_name_that_readers_know(metric: Metric, role: str, name: str) -> None:
    assert named(curve(metric, role)) == name


def test_a_level_has_the_sign_in_which_it_was_logged() -> None:
    assert level(curve(ACCURACY, "val_score"), -0.87654) == "0.8765"
    assert level(curve(), 0.000012345, 3) == "1.23e-5"


@pytest.mark.parametrize(
    ("step", "words"), [(0, "0"), (8, "8"), (0.5, "0.5"), (9999, "9999"), (12000, "12,000"), (1234567, "1,234,567")]
)
def test_a_step_keeps_all_its_digits(step: float, words: str) -> None:
    assert at(step) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0.8, "40% of the way from 2.5 to the best training loss, 0.5"),
        (0.003, "less than 1% of the way from 2.5 to the best training loss, 0.5"),
        (2.0, "100% of the way from 2.5 to the best training loss, 0.5"),
        (2.2, "1.1 times the way from 2.5 to the best training loss, 0.5"),
        (34.4, "17 times the way from 2.5 to the best training loss, 0.5"),
        (8e6, "over 1,000 times the way from 2.5 to the best training loss, 0.5"),
    ],
)
def test_a_share_or_a_multiple_says_of_what(size: float, words: str) -> None:
    assert of_fall(size, 2.0, course([2.0, 1.0, 0.9, 0.9]), course([2.5, 0.6, 0.5, 0.6])) == words


def test_a_score_rises() -> None:
    score = course([-0.1, -0.5, -0.9, -0.8], ACCURACY, "val_score")
    assert of_fall(0.4, 0.8, score) == "50% of the way from 0.1 to the best validation accuracy, 0.9"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([2.3, 0.3, 0.5, 0.92], "undoing 31% of its fall from 2.3"),
        ([2.3, 0.3, 0.5, 2.3], "higher than where it started (2.3)"),
        ([2.3, 0.3, 0.5, 9.0], "higher than where it started (2.3)"),
        ([0.3, 0.4, 0.5, 0.9], "and was never better than at the start"),
    ],
)
def test_no_more_than_all_can_be_undone(values: list[float], words: str) -> None:
    assert undoes(course(values)) == words


@pytest.mark.parametrize(
    ("last", "words"), [(-0.7, "undoing 25% of its rise from 0.1"), (-0.05, "lower than where it started (0.1)")]
)
def test_a_score_undoes_its_rise(last: float, words: str) -> None:
    assert undoes(course([-0.1, -0.9, -0.8, last], ACCURACY, "val_score")) == words


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ([1.0, 1.0, 1.0, 1.0], "1"),
        ([0.52, 0.5, 0.48, 0.5], "0.5"),
        ([0.52, 0.51, 0.5, 0.49], "about 0.505"),
        ([0.9, 0.7, 0.6, 0.4], "about 0.65 on average over the last 4 values"),
    ],
)
def test_an_end_that_is_a_mean_says_so_where_the_last_value_is_another(last: list[float], words: str) -> None:
    assert end(course([1.0] * 36 + last)) == words


def test_the_best_value_is_a_logged_one_or_about() -> None:
    assert best(course([2.0, 1.0, 0.51234, 0.6])) == "0.5123"
    assert best(course([2.0] * 20 + [0.5, 0.52, 0.54] + [2.0] * 17)).startswith("about ")


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        (NATS, math.log(10), "random guessing"),
        (LOSS, math.log(2), "random guessing"),
        (BITS, math.log2(10), "random guessing"),
        (NATS, 0.61, "a model that ignores its input"),
        (NATS, 0.0, "a model that ignores its input"),
        (LOSS, 50.0, "a model that ignores its input"),
        (ACCURACY, 0.1, "random guessing"),
        (Metric("ROC AUC", "max", "share", 1.0, 0.5), 0.5, "random guessing"),
        (Metric("squared error", "min", "target squared", 0.0), 2.3, "always predicting the mean"),
        (Metric("explained variance", "max", "share", 1.0, 0.0), 0.0, "always predicting the mean"),
    ],
)
def test_a_level_without_learning_has_a_name(metric: Metric, value: float, words: str) -> None:
    assert uninformed(curve(metric), value) == words


@pytest.mark.parametrize(
    ("part", "words"),
    [(-0.03, "worse than"), (-0.01, "no better than"), (0.0, "no better than"), (0.02, "hardly better than")],
)
def test_a_value_is_compared_with_that_level(part: float, words: str) -> None:
    assert compared(part) == words
