"""What an accuracy costs that a constant prediction has, in nats or in bits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.evidence.test_inputs import seen
from tracker_diag.evidence.guess import costs_as_much_as_guessing, costs_less_than_guessing, entropy_of_share


@pytest.mark.parametrize(("name", "unit"), [("train_loss", 1.0), ("train_bpc", math.log(2))])
@pytest.mark.parametrize(("times", "guesses"), [(1.0, True), (0.8, False)])
def test_guesses_cost_in_the_unit_of_the_loss(name: str, unit: float, times: float, guesses: bool) -> None:
    accuracy = 0.7
    level = times * entropy_of_share(accuracy) / unit
    found = seen({name: np.full(20, level), "train_accuracy": np.full(20, accuracy)}, {"num_classes": None})
    loss, score = found.train_loss, found.train_score
    assert (loss.metric.unit == "bits") == (unit != 1)
    assert costs_as_much_as_guessing(loss, score) == guesses
    if loss.metric.of_classes:
        assert costs_less_than_guessing(loss, score) == (not guesses)
