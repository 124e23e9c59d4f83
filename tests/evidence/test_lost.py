import math

import numpy as np
import pytest

from tests.evidence.test_inputs import seen
from tests.rules.runs import healthy


@pytest.mark.parametrize(
    ("values", "first", "share"),
    [([math.nan], 0, 1.0), ([1.0, math.nan], 1, 0.5), ([math.nan, 1.0, math.inf, math.nan], 2, 0.5)],
)
def test_since_when_no_value_is_finite(values, first, share):
    found = seen({"train_loss": np.array(values)}).lost
    assert (found.first_step, found.last_step, found.share) == (first, len(values) - 1, share)
    assert found.values == len(values) - first


@pytest.mark.parametrize("values", [[1.0], [math.nan, 1.0], [1.0, math.inf, 2.0]])
def test_a_loss_that_ends_finite_is_not_lost(values):
    assert seen({"train_loss": np.array(values)}).lost is None


def test_training_comes_first_and_scores_only_where_there_is_no_loss():
    gone = np.array([1.0, math.nan])
    assert seen({"val_loss": gone, "train_loss": gone}).lost.said == "training loss"
    assert seen({"val_accuracy": gone, "train_loss": np.ones(2)}).lost is None
    assert seen({"val_accuracy": gone}).lost.said == "validation score"


def test_an_infinite_gradient_norm_is_no_loss():
    assert seen(healthy() | {"grad_norm": np.array([1.0, math.inf])}).lost is None
