"""The most that a calibrated model loses, and the least that a softmax of probabilities leaves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.evidence.calibrated import least_of_softmax_twice, most_of_calibrated


def cross_entropy(logits: np.ndarray, right: int) -> float:
    return float(np.log(np.exp(logits).sum()) - logits[right])


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_a_softmax_of_certain_and_right_answers_costs_the_least(classes: int) -> None:
    certain = np.eye(classes)[0]
    assert least_of_softmax_twice(classes) == pytest.approx(cross_entropy(certain, 0))
    unsure = np.full(classes, 0.1 / classes) + 0.9 * certain
    assert cross_entropy(unsure, 0) > least_of_softmax_twice(classes)


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=12))
def test_no_calibrated_answer_costs_more(weights: list[float]) -> None:
    answer = np.array(weights) / sum(weights)
    entropy = float(-(answer * np.log(answer)).sum())
    assert entropy <= most_of_calibrated(float(answer.max()), len(weights)) + 1e-9


def test_spread_labels_allow_more_and_certainty_nothing() -> None:
    assert most_of_calibrated(1.0, 10) == 0
    assert 0 < most_of_calibrated(0.9, 10) < most_of_calibrated(0.9, 10, smoothing=0.1) < math.log(10)
