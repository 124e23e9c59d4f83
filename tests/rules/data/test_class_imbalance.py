import numpy as np
import pytest

from tests.rules.datasets import accuracy, finding, learned, skipped
from tests.rules.runs import cause, judge, ranked
from tracker_diag import Severity, profile_data


def uneven(most: int, least: int):
    X = np.random.default_rng(0).normal(size=(most + least, 3))
    return profile_data(X, np.repeat([0, 1], [most, least]))


def test_a_thousand_to_one_is_a_warning_with_the_counts():
    found = finding("DS206", uneven(6000, 6))
    assert found.severity is Severity.WARNING
    assert "6,000 examples in the largest class, 6 in the smallest: 1,000 to 1" in found.message


def test_the_accuracy_of_always_the_same_answer_speaks_for_it():
    stuck = finding("DS206", uneven(2000, 20), accuracy(2000 / 2020))
    assert stuck.severity is Severity.WARNING
    assert any("no better than always predicting" in s for s in stuck.evidence["for"])


@pytest.mark.parametrize("unit", [1, 100])
def test_an_accuracy_far_above_it_speaks_against_it_in_either_unit(unit):
    curves = {k: [[i, v * unit] for i, v in p] for k, p in accuracy(0.998).items()}
    found = finding("DS206", uneven(2000, 20), curves)
    assert any("far better than always predicting" in s for s in found.evidence["against"])


def test_a_sound_run_on_twenty_to_one_stays_green():
    found = finding("DS206", uneven(2000, 100), learned())
    assert found.severity is Severity.INFO


@pytest.mark.parametrize(
    "params",
    [{"class_weight": "balanced"}, {"loss": "focal"}, {"sampler": "WeightedRandomSampler"}, {"resampling": "SMOTE"}],
)
def test_silent_where_something_balances(params):
    assert finding("DS206", uneven(6000, 6), params=params) is None


@pytest.mark.parametrize("params", [{"class_weight": "None"}, {"class_weight": 1}, {"sampler": "RandomSampler"}])
def test_not_silent_where_nothing_does(params):
    assert finding("DS206", uneven(6000, 6), params=params) is not None


def test_vocabularies_and_several_labels_an_example_are_uneven_by_nature():
    words = {"target": {"kind": "classification", "n_classes": 30000, "largest_class": 10**6, "smallest_class": 1}}
    assert "vocabulary" in skipped("DS206", words)
    y = (np.random.default_rng(0).random((500, 3)) < [0.5, 0.5, 0.004]).astype(int)
    assert "multilabel" in skipped("DS206", profile_data(np.zeros((500, 2)), y))


def test_prescribes_the_weight_in_the_run_s_own_name():
    from tests.rules.datasets import report

    cause = report("DS206", uneven(6000, 6), params={"loss.class_weights": "none"}).causes[0]
    assert [(c.param, c.after) for c in cause.prescription.changes] == [("loss.class_weights", "balanced")]


def one_class_for_all(accuracy=0.4767, begins=0.5, epochs=12):
    """Training holds next to one class: its loss is low from the first value on, and validation gets that class."""
    t = np.arange(epochs)
    return {
        "loss": begins * np.exp(-t / 2) + 0.03,
        "val_loss": 1.0 + 1.4 * (1 - np.exp(-t / 3)),
        "val_accuracy": np.full(epochs, accuracy),
    }


def test_one_class_for_all_of_validation_while_training_is_easy():
    result = judge(one_class_for_all(), {"num_classes": 2})
    assert ranked(result)[0] == "class-imbalance"
    why = cause(result, "class-imbalance").why
    assert "is exactly 47.7% at each of the last 11 evaluations, as if one class were always predicted" in why
    assert "starts below validation loss (0.53 against 1) and falls to 0.032" in why


@pytest.mark.parametrize("times", [0.001, 1000])
def test_one_class_for_all_in_any_unit_of_the_loss(times):
    curves = one_class_for_all()
    curves = {name: values if "accuracy" in name else values * times for name, values in curves.items()}
    assert cause(judge(curves, {"num_classes": None}), "class-imbalance") is not None


@pytest.mark.parametrize(
    "curves",
    [
        one_class_for_all(accuracy=0.0),
        one_class_for_all(accuracy=1.0),
        one_class_for_all(begins=0.9),
        one_class_for_all(epochs=5),
        one_class_for_all() | {"val_accuracy": np.linspace(0.4, 0.5, 12)},
        one_class_for_all() | {"loss": np.linspace(0.5, 0.4, 12)},
    ],
    ids=["none right", "all right", "training begins as high", "four values", "it moves", "training does not learn"],
)
def test_silent_where_it_is_not_one_class_for_all(curves):
    assert cause(judge(curves, {"num_classes": 2}), "class-imbalance") is None


def test_silent_where_the_classes_are_weighted():
    assert cause(judge(one_class_for_all(), {"num_classes": 2, "class_weight": "balanced"}), "class-imbalance") is None
