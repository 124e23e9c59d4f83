"""What the sentence on a first loss says: the level that it names, and the numbers."""

import math

import numpy as np
import pytest

from tests.evidence.test_inputs import seen
from tests.rules.runs import judge
from tracker_diag.evidence.features import FIRST_LOSS


@pytest.mark.parametrize(
    ("curves", "params", "said"),
    [
        ({"loss": [8.1, 2.0, 1.5, 1.4]}, {"num_classes": 10}, "first loss 8.1 is 3.5 times the loss of random guessing "
         "(2.303)"),
        ({"loss": [0.14, 0.04, 0.03, 0.02]}, {"num_classes": None},
         "first loss 0.14 is 3.5 times the second value (0.04)"),
        ({"loss": [0.139, 0.04, 0.03, 0.02], "val_loss": [0.1, 0.05, 0.04, 0.04]}, {"num_classes": None},
         "first loss 0.139 is 1.4 times the first validation loss (0.1)"),
        ({"loss": [69.0, 2.0, 1.5, 1.4], "accuracy": [0.1, 0.3, 0.4, 0.5]}, {"num_classes": None},
         f"first loss 69 is {69 / math.log(1000):.2g} times the loss of random guessing between 1,000 classes "
         f"({math.log(1000):.4g})"),
    ],
)  # fmt: skip
def test_the_sentence_names_what_the_first_loss_is_set_against(curves, params, said):
    features = seen({name: np.asarray(values) for name, values in curves.items()}, params).features
    assert FIRST_LOSS.format(**features.first.seen) == said


def test_a_tenth_of_the_level_is_not_called_three_times_it():
    """A loss of .139 of ten classes lies below what knowing nothing costs."""
    features = seen({"loss": np.array([0.139, 0.04, 0.03, 0.02])}, {"num_classes": 10}).features
    assert features.first.times < 0.1


def test_one_record_that_is_not_finite_is_not_where_a_run_began_that_learns():
    values = np.r_[np.nan, 2.3 * np.exp(-np.arange(30) / 5) + 0.2]
    report = judge({"train_loss": values}, {"num_classes": None, "lr": 0.1, "optimizer": "sgd"})
    assert not any("nan" in c.why or "inf" in c.why for c in report.causes)


@pytest.mark.parametrize("first", [5e-324, 1e-320])
def test_values_below_the_normal_range_raise_nothing(first):
    judge({"loss": np.r_[first, 400 - np.arange(1, 15.0)]}, {"num_classes": None})
