import numpy as np
import pytest

from tests.evidence.test_inputs import seen

NOT_TOLD = {"num_classes": None}


def of(**curves):
    return seen({name: np.array(values, float) for name, values in curves.items()}, NOT_TOLD).identical


@pytest.mark.parametrize(
    ("value", "decades"), [(8.1, 0), (2.30, 0), (2.303, 4), (2.3026, 6), (0.00023026, 6), (2.302585093, 10), (7.0, 0)]
)
def test_how_unlikely_three_equal_values_are(value, decades):
    assert of(train_loss=[value] * 3).decades == decades


def test_each_loss_adds_to_it_and_scores_do_not():
    both = of(train_loss=[2.3026] * 3, val_loss=[2.3051] * 3, train_accuracy=[0.1] * 3)
    assert both.decades == 12
    assert both.metrics == 3
    assert both.loss.role == "train_loss"
    assert both.values == 3


@pytest.mark.parametrize(
    "curves",
    [
        {"train_loss": [2.3, 2.3, 2.30001]},
        {"train_loss": [2.3, 2.3], "val_loss": [2.3, 2.2]},
        {"train_loss": [2.3, 2.3], "val_accuracy": [0.1, 0.2]},
        {"train_loss": [0, 0, 0]},
        {"train_accuracy": [0.5, 0.5]},
        {},
    ],
)
def test_there_is_none(curves):
    assert of(**curves) is None


def test_what_is_at_its_best_adds_nothing():
    found = of(train_loss=[0, 0, 0], val_loss=[14.538, 14.538, 14.538], val_accuracy=[1, 1, 1])
    assert found.metrics == 1
    assert found.loss.role == "val_loss"
