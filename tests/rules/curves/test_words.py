"""Names, levels, steps and effects as sentences on curves say them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tracker_diag.evidence.curve import Curve
from tracker_diag.roles.metric import LOSS, SCORE, Metric
from tracker_diag.rules.curves._words import at, bare, compared, level, loses, named, of_improvement, uninformed

ACCURACY = Metric("accuracy", "max", "share", 1.0)
NATS, BITS = Metric("cross-entropy", "min", "nats", 0.0), Metric("cross-entropy", "min", "bits", 0.0)


def curve(metric: Metric = LOSS, role: str = "train_loss") -> Curve:
    return Curve("m", np.arange(2.0), np.zeros(2), metric, role)


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
    ("part", "words"),
    [
        (0.8, "80% of the total improvement"),
        (0.003, "less than 1% of the total improvement"),
        (1.49, "149% of the total improvement"),
        (1.5, "1.5 times the total improvement"),
        (9.9, "9.9 times the total improvement"),
        (17.2, "17 times the total improvement"),
        (4e6, "over 1,000 times the total improvement"),
    ],
)
def test_a_share_or_a_multiple(part: float, words: str) -> None:
    assert of_improvement(part) == words


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (0.71, "losing 71% of the total improvement"),
        (1.0, "losing 100% of the total improvement"),
        (1.01, "101% of the total improvement"),
        (3.2, "3.2 times the total improvement"),
    ],
)
def test_no_more_than_all_can_be_lost(part: float, words: str) -> None:
    assert loses(part) == words


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
    [(-0.03, "worse than"), (-0.01, "no better than"), (0.02, "no better than"), (0.04, "hardly better than")],
)
def test_a_value_is_compared_with_that_level(part: float, words: str) -> None:
    assert compared(part) == words


def test_a_clause_begins_without_its_article() -> None:
    assert bare("the best loss is 1") == bare("best loss is 1") == "best loss is 1"
